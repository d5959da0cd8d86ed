"""Slack's Web API as the bot needs it: forms, private answers, who people are, and the messages that stay.

Refusals come out as ChatError with Slack's own error word. Nothing here retries: the outbox decides
when to speak again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks import notices, request_card
from bot.blocks.kit import Message, View
from bot.domain.errors import ChatError
from bot.domain.ids import ChannelId, GroupId, UserId
from bot.domain.policy import Person, Policy, Role
from bot.domain.request import PurchaseRequest
from bot.ports import MessageRef

CALL_TIMEOUT_S = 10
DIRECTORY_AGE_S = 60.0
"""How old an answer about people and groups may be when somebody is judged by it."""
DIRECTORY_TIMEOUT_S = 2.0
"""A person's click waits for it, and the click has three seconds."""
UPDATE_TEXT = 4_000
"""`chat.update` refuses more text than this (Slack docs)."""

UNREACHABLE = frozenset({"not_in_channel", "channel_not_found", "is_archived", "restricted_action"})
"""The channel cannot take the card; the requester hears of it in person."""
LOST = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
"""The card cannot be changed any more; a new one is posted."""

T = TypeVar("T")


async def calling(call: Awaitable[T]) -> T:
    """The answer, or Slack's refusal as ChatError."""
    try:
        return await call
    except SlackApiError as error:
        raise _refusal(error) from None
    except TimeoutError:
        raise ChatError("timeout") from None
    except (SlackClientError, aiohttp.ClientError, OSError) as error:
        raise ChatError(f"connection: {type(error).__name__}") from None


def _refusal(error: SlackApiError) -> ChatError:
    response = error.response
    code = response.get("error") if hasattr(response, "get") else None
    headers = getattr(response, "headers", None) or {}
    wait = headers.get("Retry-After")
    return ChatError(str(code or "unreadable_answer"), retry_after_s=float(wait) if wait else None)


@dataclass(frozen=True, slots=True)
class OpenView:
    """A view on somebody's screen, and the hash that says which version of it we know."""

    id: str
    hash: str


class Chat:
    """Forms and private answers: everything that is about one person now."""

    def __init__(self, client: AsyncWebClient, session: aiohttp.ClientSession) -> None:
        self._client = client
        self._session = session

    async def open_view(self, trigger_id: str, view: View) -> OpenView:
        return _open_view(await calling(self._client.views_open(trigger_id=trigger_id, view=view)))

    async def push_view(self, trigger_id: str, view: View) -> OpenView:
        return _open_view(await calling(self._client.views_push(trigger_id=trigger_id, view=view)))

    async def update_view(self, view_id: str, view: View, known: str | None = None) -> OpenView:
        """With `known` the update is refused (`hash_conflict`) when the view has changed since."""
        extra = {"hash": known} if known else {}
        return _open_view(await calling(self._client.views_update(view_id=view_id, view=view, **extra)))

    async def publish_home(self, user: UserId, view: View) -> None:
        await calling(self._client.views_publish(user_id=user, view=view))

    async def whisper(
        self,
        message: Message,
        *,
        user: UserId,
        channel: ChannelId | None,
        response_url: str | None,
        replace: bool = False,
    ) -> None:
        """Tell one person privately: by the answer address of their click, else in the channel, else by DM."""
        if response_url and await self._respond(response_url, message, replace=replace):
            return
        if channel is not None:
            try:
                await calling(
                    self._client.chat_postEphemeral(
                        channel=channel, user=user, text=message.text, blocks=message.blocks
                    )
                )
            except ChatError:
                pass
            else:
                return
        await calling(
            self._client.chat_postMessage(
                channel=user, text=message.text, blocks=message.blocks, unfurl_links=False, unfurl_media=False
            )
        )

    async def _respond(self, response_url: str, message: Message, *, replace: bool) -> bool:
        body = {
            "response_type": "ephemeral",
            "replace_original": replace,
            "text": message.text,
            "blocks": message.blocks,
        }
        try:
            async with self._session.post(
                response_url, json=body, timeout=aiohttp.ClientTimeout(total=CALL_TIMEOUT_S)
            ) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False


def _open_view(answer: Any) -> OpenView:
    view = answer["view"]
    return OpenView(view["id"], view["hash"])


class SlackDirectory:
    """Implements `bot.ports.Directory` with answers that are at most DIRECTORY_AGE_S old."""

    def __init__(self, client: AsyncWebClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._people: dict[UserId, tuple[float, Person]] = {}
        self._groups: dict[GroupId, tuple[float, frozenset[UserId]]] = {}

    async def person(self, user: UserId) -> Person:
        return await self._recent(self._people, user, self._ask_person)

    async def holders(self, role: Role) -> frozenset[UserId]:
        members = await asyncio.gather(*(self._members(group) for group in role.groups))
        return frozenset(role.users).union(*members)

    async def _members(self, group: GroupId) -> frozenset[UserId]:
        return await self._recent(self._groups, group, self._ask_group)

    async def _recent(self, kept: dict[Any, tuple[float, T]], key: Any, ask: Callable[[Any], Awaitable[T]]) -> T:
        known = kept.get(key)
        if known is not None and self._clock() - known[0] < DIRECTORY_AGE_S:
            return known[1]
        asked_at = self._clock()
        answer = await calling(asyncio.wait_for(ask(key), DIRECTORY_TIMEOUT_S))
        kept[key] = (asked_at, answer)
        return answer

    async def _ask_person(self, user: UserId) -> Person:
        answer = await calling(self._client.users_info(user=user))
        about = answer["user"]
        return Person(
            id=user,
            name=about.get("real_name") or about.get("name") or user,
            is_bot=bool(about.get("is_bot")),
            is_deleted=bool(about.get("deleted")),
            is_guest=bool(about.get("is_restricted") or about.get("is_ultra_restricted")),
            is_external=bool(about.get("is_stranger")),
        )

    async def _ask_group(self, group: GroupId) -> frozenset[UserId]:
        answer = await calling(self._client.usergroups_users_list(usergroup=group))
        return frozenset(UserId(user) for user in answer["users"])


class SlackNotifier:
    """Implements `bot.ports.Notifier`."""

    def __init__(self, client: AsyncWebClient, policy: Callable[[], Policy]) -> None:
        self._client = client
        self._policy = policy

    async def show_card(
        self, request: PurchaseRequest, at: MessageRef | None, approvers: Sequence[UserId]
    ) -> MessageRef:
        approvals = self._policy().approvals
        message = request_card.card(request, approvers=approvers, role=approvals.role, needed=approvals.needed)
        if at is not None:
            try:
                return await self._update(at, message, request.version)
            except ChatError as error:
                if error.code not in LOST:
                    raise
        try:
            return await self._post(request.channel, message, request)
        except ChatError as error:
            if error.code not in UNREACHABLE:
                raise
            return await self._post(request.requester, notices.not_in_channel(request, message), request)

    async def say_in_thread(self, request: PurchaseRequest, version: int, card: MessageRef) -> MessageRef:
        entry = request.at_version(version) or request.history[-1]
        return await self._post(card.channel, notices.thread_notice(request, entry), request, thread=card.ts)

    async def tell_person(self, request: PurchaseRequest, version: int, user: UserId) -> MessageRef:
        entry = request.at_version(version) or request.history[-1]
        return await self._post(user, notices.direct_notice(request, entry), request)

    async def _post(
        self, channel: str, message: Message, request: PurchaseRequest, thread: str | None = None
    ) -> MessageRef:
        answer = await calling(
            self._client.chat_postMessage(
                channel=channel,
                text=message.text,
                blocks=message.blocks,
                thread_ts=thread,
                metadata=_metadata(request),
                unfurl_links=False,
                unfurl_media=False,
            )
        )
        return MessageRef(ChannelId(answer["channel"]), answer["ts"], request.version)

    async def _update(self, at: MessageRef, message: Message, version: int) -> MessageRef:
        await calling(
            self._client.chat_update(
                channel=at.channel, ts=at.ts, text=message.text[:UPDATE_TEXT], blocks=message.blocks
            )
        )
        return MessageRef(at.channel, at.ts, version)


def _metadata(request: PurchaseRequest) -> dict[str, Any]:
    """Every app and member can read it, so it holds what a card shows anyway (Slack docs)."""
    return {"event_type": "proxydesk_request", "event_payload": {"request": request.id, "version": request.version}}
