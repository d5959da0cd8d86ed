"""Pictures as messages show them: drawn and uploaded, and left out where that does not work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from bot.blocks.charts import Picture
from bot.domain.errors import ChatError, Trouble
from bot.pictures import Painter, PictureError
from bot.slack_files import SlackFiles

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Gallery:
    painter: Painter
    files: SlackFiles

    async def hang(self, pictures: Sequence[Picture]) -> list[tuple[str, Picture]]:
        """Those that could be drawn and uploaded, each with its Slack file id.

        Raises ChatError when the bot may upload nothing.
        """
        hung: list[tuple[str, Picture]] = []
        for picture in pictures:
            try:
                png = await self.painter.png(picture.spec)
                hung.append((await self.files.picture(png, title=picture.title, alt=picture.alt), picture))
            except PictureError as error:
                _log.error("picture_not_drawn", title=picture.title, error=str(error))
            except ChatError as error:
                _log.warning("picture_not_uploaded", title=picture.title, code=error.code)
                if error.trouble in (Trouble.SCOPE, Trouble.KEYS):
                    raise  # the next one would fare no better
        return hung
