"""Slack's Web API as the bot needs it: forms, private answers, and who people are. Messages that stay: slack_notifier.

Refusals come out as ChatError with Slack's own error word. Nothing here retries: the outbox decides
when to speak again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import aiohttp
import msgspec
from msgspec import Struct
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks.kit import Message, View
from bot.blocks.tables import without_rich_blocks
from bot.domain.errors import ChatError, Trouble
from bot.domain.ids import ChannelId, GroupId, UserId
from bot.domain.policy import Person, Role

CALL_TIMEOUT_S = 10
_CALL_TIMEOUT = aiohttp.ClientTimeout(total=CALL_TIMEOUT_S)
_JSON = {"Content-Type": "application/json"}
DIRECTORY_AGE_S = 60.0
"""How old an answer about people and groups may be when somebody is judged by it."""
DIRECTORY_TIMEOUT_S = 2.0
"""A person's click waits for it, and the click has three seconds."""
MOST_CHANNELS = 999
"""Asked for at once (Slack docs, users.conversations); those beyond stay without a name."""
_WORDS: dict[Trouble, str] = {
    Trouble.UNCLEAR: "internal_error fatal_error service_unavailable request_timeout timeout unreadable_answer",
    Trouble.WAIT: "ratelimited rate_limited",
    Trouble.CLOSED: (
        "not_in_channel channel_not_found is_archived restricted_action restricted_action_read_only_channel "
        "restricted_action_thread_only_channel restricted_action_non_threadable_channel "
        "restricted_action_thread_locked cannot_reply_to_message no_permission"
    ),
    Trouble.PERSON: (
        "user_not_in_channel user_not_found user_disabled user_not_visible cannot_dm_bot messages_tab_disabled"
    ),
    Trouble.LOST: "message_not_found cant_update_message edit_window_closed thread_not_found",
    Trouble.BLOCKS: "invalid_blocks invalid_blocks_format block_mismatch",
    Trouble.LONG: "msg_too_long msg_blocks_too_long",
    Trouble.KEYS: (
        "token_revoked token_expired invalid_auth account_inactive not_authed not_allowed_token_type access_denied "
        "org_login_required team_access_not_granted two_factor_setup_required ekm_access_denied"
    ),
    Trouble.SCOPE: "missing_scope",
}
TROUBLES = {word: trouble for trouble, words in _WORDS.items() for word in words.split()}
"""Slack's error words by what may be done next. Slack says of its own server errors that the call may have worked."""

T = TypeVar("T")


async def calling(call: Awaitable[T]) -> T:
    """The answer, or Slack's refusal as ChatError."""
    try:
        return await call
    except SlackApiError as error:
        raise _refusal(error) from None
    except TimeoutError:
        raise ChatError("timeout", trouble=Trouble.UNCLEAR) from None
    except aiohttp.ClientConnectorError:
        raise ChatError("connection: not made", trouble=Trouble.NEVER_SENT) from None
    except (SlackClientError, aiohttp.ClientError, OSError) as error:
        raise ChatError(f"connection: {type(error).__name__}", trouble=Trouble.UNCLEAR) from None
    except AttributeError:  # what slack_sdk makes of a page of text that comes with a 200
        raise ChatError("unreadable_answer", trouble=Trouble.UNCLEAR) from None


async def _within(seconds: float, call: Awaitable[T]) -> T:
    async with asyncio.timeout(seconds):
        return await call


def _refusal(error: SlackApiError) -> ChatError:
    response = error.response
    data = getattr(response, "data", None)  # a page of text when Slack's own servers are in trouble
    code = data.get("error") if isinstance(data, dict) else None
    headers = getattr(response, "headers", None) or {}
    wait = headers.get("Retry-After")
    if code is None and getattr(response, "status_code", None) == 429:
        code = "ratelimited"
    code = str(code or "unreadable_answer")
    trouble = TROUBLES.get(code, Trouble.OTHER)
    return ChatError(code, retry_after_s=_seconds(wait) if wait else None, trouble=trouble)


def _seconds(wait: str) -> float | None:
    try:
        return max(0.0, float(wait))
    except ValueError:
        return None


class OpenView(Struct, frozen=True):
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
        plainer = without_rich_blocks(message)
        forms = [message, *([plainer] if plainer else [])]
        for form in forms if response_url else ():
            if response_url and await self._respond(response_url, form, replace=replace):
                return
        for form in forms:
            if await self._is_taken(form, user, channel):
                return
        await self._tell(Message(message.text, []), user, channel)

    async def _is_taken(self, message: Message, user: UserId, channel: ChannelId | None) -> bool:
        """False when Slack refuses its layout."""
        try:
            await self._tell(message, user, channel)
        except ChatError as error:
            if error.trouble not in (Trouble.BLOCKS, Trouble.LONG):
                raise
            return False
        return True

    async def _tell(self, message: Message, user: UserId, channel: ChannelId | None) -> None:
        said: dict[str, Any] = {"text": message.text, "blocks": message.blocks or None}
        if channel is not None:
            try:
                await calling(self._client.chat_postEphemeral(channel=channel, user=user, **said))
            except ChatError as error:
                if error.trouble in (Trouble.BLOCKS, Trouble.LONG):
                    raise
            else:
                return
        await calling(self._client.chat_postMessage(channel=user, unfurl_links=False, unfurl_media=False, **said))

    async def _respond(self, response_url: str, message: Message, *, replace: bool) -> bool:
        """Whether it was taken: an address lives thirty minutes and five answers, and its refusals raise nothing."""
        body = {
            "response_type": "ephemeral",
            "replace_original": replace,
            "text": message.text,
            "blocks": message.blocks,
        }
        try:
            async with self._session.post(
                response_url, data=msgspec.json.encode(body), headers=_JSON, timeout=_CALL_TIMEOUT
            ) as answer:
                said = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
        return answer.status == 200 and b'"ok":false' not in said.replace(b" ", b"")


def _open_view(answer: Any) -> OpenView:
    view = answer["view"]
    return OpenView(view["id"], view["hash"])


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """What Slack was asked, and when, by the directory's clock."""

    at: float
    answer: asyncio.Future[T]

    @property
    def has_failed(self) -> bool:
        return self.answer.done() and (self.answer.cancelled() or self.answer.exception() is not None)


class Company(Struct, frozen=True):
    """The workspace that has the app, and the organization it belongs to, if any."""

    team: str
    enterprise: str | None

    def employs(self, about: Mapping[str, Any]) -> bool:
        """Whether this is one of our own. `is_stranger` says so only of people with whom we share no channel, and so of
        nobody who could click (Slack docs, user object).
        """
        at = (about.get("enterprise_user") or {}).get("enterprise_id")
        return about.get("team_id") == self.team or (at is not None and at == self.enterprise)


class SlackDirectory:
    """Implements `bot.ports.Directory` with answers that are at most DIRECTORY_AGE_S old."""

    def __init__(self, client: AsyncWebClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._people: dict[UserId, Asked[Person]] = {}
        self._groups: dict[GroupId, Asked[frozenset[UserId]]] = {}
        self._channels: dict[None, Asked[Mapping[ChannelId, str]]] = {}
        self._company: dict[None, Asked[Company]] = {}

    async def person(self, user: UserId) -> Person:
        return await self._recent(self._people, user, self._ask_person)

    async def holders(self, role: Role) -> frozenset[UserId]:
        members = await asyncio.gather(*(self._members(group) for group in role.groups))
        return frozenset(role.users).union(*members)

    async def public_channels(self) -> Mapping[ChannelId, str]:
        return await self._recent(self._channels, None, self._ask_channels)

    async def _members(self, group: GroupId) -> frozenset[UserId]:
        return await self._recent(self._groups, group, self._ask_group)

    async def _recent(self, kept: dict[Any, Asked[T]], key: Any, ask: Callable[[Any], Awaitable[T]]) -> T:
        """Those who want to know the same meanwhile wait for one call: of some, Slack takes twenty a minute."""
        asked = kept.get(key)
        if asked is None or asked.has_failed or self._clock() - asked.at >= DIRECTORY_AGE_S:
            call = asyncio.ensure_future(calling(_within(DIRECTORY_TIMEOUT_S, ask(key))))
            asked = kept[key] = Asked(self._clock(), call)
        return await asyncio.shield(asked.answer)  # whoever goes away leaves it to the others

    async def _ask_person(self, user: UserId) -> Person:
        answer, ours = await asyncio.gather(
            calling(self._client.users_info(user=user)), self._recent(self._company, None, self._ask_company)
        )
        about = answer["user"]
        return Person(
            id=user,
            name=about.get("real_name") or about.get("name") or user,
            is_bot=bool(about.get("is_bot")),
            is_deleted=bool(about.get("deleted")),
            is_guest=bool(about.get("is_restricted") or about.get("is_ultra_restricted")),
            is_external=not ours.employs(about),
        )

    async def _ask_company(self, _: None) -> Company:
        answer = await calling(self._client.auth_test())
        return Company(answer["team_id"], answer.get("enterprise_id"))

    async def _ask_group(self, group: GroupId) -> frozenset[UserId]:
        answer = await calling(self._client.usergroups_users_list(usergroup=group))
        return frozenset(UserId(user) for user in answer["users"])

    async def _ask_channels(self, _: None) -> Mapping[ChannelId, str]:
        try:
            answer = await calling(self._client.users_conversations(types="public_channel", limit=MOST_CHANNELS))
        except ChatError as error:
            if error.trouble is Trouble.SCOPE:
                return {}
            raise
        return {ChannelId(one["id"]): f"#{one['name']}" for one in answer["channels"]}
