"""Files for Slack: announced, uploaded to the address Slack names, and completed (Slack docs, "Working with files").

A picture is completed without a channel, so that only the message that shows it has it. A file for a person goes into
the conversation with them.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.errors import ChatError, Trouble
from bot.domain.ids import UserId
from bot.slack import calling

UPLOAD_TIMEOUT_S = 15
SETTLES_S = 1.0
"""A picture can be shown once Slack has looked at it; before, the message that shows it is refused."""


@dataclass(frozen=True, slots=True)
class SlackFiles:
    """Every call may raise ChatError."""

    client: AsyncWebClient
    session: aiohttp.ClientSession
    settles_s: float = SETTLES_S

    async def picture(self, png: bytes, *, title: str, alt: str) -> str:
        """The id under which blocks show it."""
        file = await self._upload("chart.png", png, alt_txt=alt)
        await calling(self.client.files_completeUploadExternal(files=[{"id": file, "title": title}]))
        await asyncio.sleep(self.settles_s)
        return file

    async def to_person(self, user: UserId, name: str, content: bytes, words: str) -> None:
        """Put a file into the conversation with one person, with a few words."""
        opened = await calling(self.client.conversations_open(users=user))
        file = await self._upload(name, content)
        await calling(
            self.client.files_completeUploadExternal(
                files=[{"id": file, "title": name}], channel_id=opened["channel"]["id"], initial_comment=words
            )
        )

    async def _upload(self, name: str, content: bytes, **more: Any) -> str:
        place = await calling(self.client.files_getUploadURLExternal(filename=name, length=len(content), **more))
        await calling(self._send(place["upload_url"], content))
        return str(place["file_id"])

    async def _send(self, url: str, content: bytes) -> None:
        timeout = aiohttp.ClientTimeout(total=UPLOAD_TIMEOUT_S)
        async with self.session.post(url, data=content, timeout=timeout) as answer:
            if answer.status != 200:
                raise ChatError(f"upload: {answer.status}", trouble=Trouble.OTHER)
