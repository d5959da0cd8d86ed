"""The Web API as slack_sdk speaks it: every way of sending arguments, every refusal with its own word."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from playground.slack_server import introduction, running_workspace, serve
from playground.workspace import Workspace
from playground.workspace_cast import APPROVERS, GUS, MAX, MONA, OLD_PROXIES, OPS_SECRET, PROXIES, RANDOM, RITA, SID
from playground.workspace_methods import METHODS
from playground.workspace_model import RealTokenError, refuse_real_tokens

Json = dict[str, Any]
PIXEL = b"\x89PNG\r\n\x1a\n" + bytes(40)


@dataclass
class Api:
    ws: Workspace
    client: AsyncWebClient
    http: aiohttp.ClientSession

    async def error(self, method: str, **args: Any) -> str:
        """The error this call is answered with; `` when it is answered well."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            try:
                await self.client.api_call(method, json=args)
            except SlackApiError as error:
                return str(error.response["error"])
        return ""

    async def raw(self, verb: str, method: str, **request: Any) -> Json:
        async with self.http.request(verb, f"{self.client.base_url}{method}", **request) as response:
            answer: Json = await response.json()
            return answer


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[Api]:
    ws = Workspace()
    async with running_workspace(ws) as base, aiohttp.ClientSession() as http:
        yield Api(ws, AsyncWebClient(token=ws.app.bot_token, base_url=f"{base}/api/", session=http), http)


@pytest.fixture
async def api(running: Api) -> Api:
    running.ws.reset()
    running.ws.app.messages_tab = True
    return running


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


SECTION = {"type": "section", "block_id": "s", "text": plain("x")}


# --- how arguments and tokens arrive


async def test_arguments_arrive_in_every_way_slack_takes_them(api: Api) -> None:
    token = api.ws.app.bot_token
    bearer = {"Authorization": f"Bearer {token}"}
    form = aiohttp.FormData({"channel": PROXIES, "text": "multipart", "token": token}, default_to_multipart=True)
    ways: list[tuple[str, Json]] = [
        ("GET", {"params": {"channel": PROXIES, "text": "query", "token": token}}),
        ("POST", {"params": {"channel": PROXIES, "text": "query of a post"}, "headers": bearer}),
        ("POST", {"data": {"channel": PROXIES, "text": "form", "token": token, "blocks": json.dumps([SECTION])}}),
        ("POST", {"data": form}),
        ("POST", {"json": {"channel": PROXIES, "text": "json", "blocks": [SECTION]}, "headers": bearer}),
    ]
    for verb, request in ways:
        assert (await api.raw(verb, "chat.postMessage", **request))["ok"], request
    texts = [message.text for message in api.ws.channels[PROXIES].messages.values()]
    assert texts == ["query", "query of a post", "form", "multipart", "json"]


async def test_tokens(api: Api) -> None:
    for token, code in (
        (None, "not_authed"),
        ("xoxb-other", "invalid_auth"),
        (api.ws.app.app_token, "not_allowed_token_type"),
    ):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        assert (await api.raw("POST", "auth.test", headers=headers))["error"] == code
    api.ws.app.is_inactive = True
    assert await api.error("auth.test") == "account_inactive"


async def test_what_is_not_an_api_call(api: Api) -> None:
    bearer = {"Authorization": f"Bearer {api.ws.app.bot_token}", "Content-Type": "application/json"}
    assert (await api.raw("POST", "auth.test", data="{", headers=bearer))["error"] == "invalid_json"
    assert (await api.raw("POST", "auth.test", data="[]", headers=bearer))["error"] == "json_not_object"
    assert await api.error("chat.frobnicate") == "unknown_method"
    assert [problem["where"] for problem in api.ws.problems] == ["chat.frobnicate"]
    missing = await api.raw("POST", "chat.postMessage", data="{}", headers=bearer)
    assert missing["response_metadata"]["messages"] == [
        "[ERROR] missing required field: channel [json-pointer:/channel]"
    ]


async def test_auth_test_and_scopes_header(api: Api) -> None:
    answer = await api.client.auth_test()
    assert (answer["user_id"], answer["bot_id"]) == ("U00000BOT", "B0PROXYDESK")
    assert "chat:write" in answer.headers["x-oauth-scopes"]


async def test_a_missing_scope_is_named(api: Api) -> None:
    api.ws.app.scopes = frozenset({"users:read"})
    with pytest.raises(SlackApiError) as refused:
        await api.client.chat_postMessage(channel=PROXIES, text="x")
    answer = refused.value.response
    assert (answer["error"], answer["needed"], answer["provided"]) == ("missing_scope", "chat:write", "users:read")
    assert "email" not in (await api.client.users_info(user=RITA))["user"]["profile"]


def test_every_method_that_writes_or_reads_needs_a_scope_or_none_at_slack() -> None:
    free = {name for name, method in METHODS.items() if not method.scopes}
    assert free == {
        "api.test",
        "apps.connections.open",
        "apps.uninstall",
        "auth.revoke",
        "auth.test",
        "blocks.validate",
        "chat.getPermalink",
        "chat.scheduledMessages.list",
        "conversations.history",
        "conversations.info",
        "conversations.list",
        "conversations.members",
        "conversations.open",
        "conversations.replies",
        "oauth.v2.access",
        "users.conversations",
        "views.open",
        "views.publish",
        "views.push",
        "views.update",
    }


# --- posting


POST_ERRORS: list[tuple[str, Json, str]] = [
    ("no such channel", {"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
    ("archived", {"channel": OLD_PROXIES, "text": "x"}, "is_archived"),
    ("not a member", {"channel": RANDOM, "text": "x"}, "not_in_channel"),
    ("a bot", {"channel": "U00000WES", "text": "x"}, "cannot_dm_bot"),
    ("somebody who left", {"channel": "U00000DEE", "text": "x"}, "user_disabled"),
    ("nobody", {"channel": "U0NOBODY", "text": "x"}, "channel_not_found"),
    ("nothing to say", {"channel": PROXIES}, "no_text"),
    ("blank", {"channel": PROXIES, "text": "  "}, "no_text"),
    ("bad blocks", {"channel": PROXIES, "text": "x", "blocks": [{"type": "nope"}]}, "invalid_blocks"),
    ("blocks that are no list", {"channel": PROXIES, "text": "x", "blocks": "{"}, "invalid_blocks_format"),
    ("51 blocks", {"channel": PROXIES, "text": "x", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
    ("no such thread", {"channel": PROXIES, "text": "x", "thread_ts": "1.0"}, "thread_not_found"),
    ("markdown beside text", {"channel": PROXIES, "text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
    ("long markdown", {"channel": PROXIES, "markdown_text": "y" * 12_001}, "msg_too_long"),
    ("metadata without a type", {"channel": PROXIES, "text": "x", "metadata": {"a": 1}}, "invalid_metadata_schema"),
    (
        "nested metadata",
        {"channel": PROXIES, "text": "x", "metadata": {"event_type": "e", "event_payload": {"a": {}}}},
        "invalid_metadata_schema",
    ),
    (
        "huge metadata",
        {"channel": PROXIES, "text": "x", "metadata": {"event_type": "e", "event_payload": {"a": "x" * 20_000}}},
        "metadata_too_large",
    ),
    (
        "a picture never uploaded",
        {"channel": PROXIES, "text": "x", "blocks": [{"type": "image", "alt_text": "a", "slack_file": {"id": "F0"}}]},
        "invalid_blocks",
    ),
]


@pytest.mark.parametrize(("args", "code"), [row[1:] for row in POST_ERRORS], ids=[row[0] for row in POST_ERRORS])
async def test_posts_slack_refuses(api: Api, args: Json, code: str) -> None:
    assert await api.error("chat.postMessage", **args) == code
    assert not any(channel.messages for channel in api.ws.channels.values())


async def test_invalid_blocks_point_to_the_place(api: Api) -> None:
    block = {"type": "section", "text": plain("x" * 3_001)}
    with pytest.raises(SlackApiError) as refused:
        await api.client.chat_postMessage(channel=PROXIES, text="x", blocks=[block])
    (message,) = refused.value.response["response_metadata"]["messages"]
    assert message == "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"


async def test_a_message_is_kept_as_slack_keeps_it(api: Api) -> None:
    metadata = {"event_type": "request", "event_payload": {"id": "r1"}}
    answer = await api.client.chat_postMessage(
        channel=PROXIES, text="x" * 40_001, blocks=[{"type": "section", "text": plain("x")}], metadata=metadata
    )
    message = answer["message"]
    assert len(message["text"]) == 40_000
    assert message["blocks"][0]["block_id"]
    assert message["blocks"][0]["text"]["emoji"] is True
    assert message["metadata"] == metadata
    second = await api.client.chat_postMessage(channel=PROXIES, text="y")
    assert float(second["ts"]) > float(answer["ts"])


async def test_a_person_as_channel_means_the_direct_message(api: Api) -> None:
    first = await api.client.chat_postMessage(channel=RITA, text="x")
    opened = await api.client.conversations_open(users=RITA)
    assert first["channel"] == opened["channel"]["id"]
    assert await api.error("chat.update", channel=RITA, ts=first["ts"], text="y") == "channel_not_found"
    api.ws.app.messages_tab = False
    assert await api.error("chat.postMessage", channel=RITA, text="x") == "messages_tab_disabled"


async def test_public_channels_are_open_with_the_right_scope(api: Api) -> None:
    api.ws.app.scopes |= {"chat:write.public"}
    assert await api.error("chat.postMessage", channel=RANDOM, text="x") == ""


async def test_a_private_channel_does_not_exist_for_outsiders(api: Api) -> None:
    api.ws.channels[OPS_SECRET].members.remove("U00000BOT")
    assert await api.error("chat.postMessage", channel=OPS_SECRET, text="x") == "channel_not_found"
    assert await api.error("conversations.info", channel=OPS_SECRET) == "channel_not_found"


async def test_blocks_without_text_and_names_for_ids_are_problems(api: Api) -> None:
    assert await api.error("chat.postMessage", channel=PROXIES, blocks=[SECTION]) == ""
    assert await api.error("chat.postMessage", channel="#proxies", text="x") == ""
    assert await api.error("chat.postMessage", channel=PROXIES, text="x", colour="red") == ""
    assert len(api.ws.problems) == 3


# --- changing and removing


async def test_update_and_delete_only_what_the_bot_said(api: Api) -> None:
    said = await api.client.chat_postMessage(channel=PROXIES, text="x", blocks=[SECTION])
    updated = await api.client.chat_update(channel=PROXIES, ts=said["ts"], text="y", blocks=[])
    assert (updated["text"], "blocks" in updated["message"], "edited" in updated["message"]) == ("y", False, True)
    for args, code in (
        ({"ts": "1.0", "text": "x"}, "message_not_found"),
        ({"ts": said["ts"], "text": "x" * 4_001}, "msg_too_long"),
        ({"ts": said["ts"]}, "no_text"),
    ):
        assert await api.error("chat.update", channel=PROXIES, **args) == code
    await api.client.chat_delete(channel=PROXIES, ts=said["ts"])
    assert await api.error("chat.delete", channel=PROXIES, ts=said["ts"]) == "message_not_found"


async def test_somebody_elses_message_cannot_be_touched(api: Api) -> None:
    from playground.workspace_model import Message

    api.ws.channels[PROXIES].messages["9.0"] = Message(PROXIES, "9.0", RITA, "mine")
    assert await api.error("chat.update", channel=PROXIES, ts="9.0", text="x") == "cant_update_message"
    assert await api.error("chat.delete", channel=PROXIES, ts="9.0") == "cant_delete_message"


async def test_text_alone_leaves_the_old_blocks_and_warns(api: Api) -> None:
    said = await api.client.chat_postMessage(channel=PROXIES, text="x", blocks=[SECTION])
    updated = await api.client.chat_update(channel=PROXIES, ts=said["ts"], text="y")
    assert updated["message"]["blocks"]
    assert [problem["where"] for problem in api.ws.problems] == ["chat.update"]


async def test_ephemerals_reach_members_only_and_cannot_be_updated(api: Api) -> None:
    answer = await api.client.chat_postEphemeral(channel=PROXIES, user=RITA, text="x")
    assert await api.error("chat.update", channel=PROXIES, ts=answer["message_ts"], text="y") == "message_not_found"
    for user, channel, code in (
        (GUS, "C0SCRAPING", "user_not_in_channel"),
        ("U00000DEE", PROXIES, "user_not_in_channel"),
        (RITA, RANDOM, "not_in_channel"),
        (RITA, OLD_PROXIES, "is_archived"),
    ):
        assert await api.error("chat.postEphemeral", channel=channel, user=user, text="x") == code


async def test_permalinks_and_schedules(api: Api) -> None:
    said = await api.client.chat_postMessage(channel=PROXIES, text="x")
    link = await api.client.chat_getPermalink(channel=PROXIES, message_ts=said["ts"])
    assert link["permalink"].endswith(f"/archives/{PROXIES}/p{said['ts'].replace('.', '')}")
    now = int(api.ws.now())
    for post_at, code in ((now - 1, "time_in_past"), (now + 121 * 86_400, "time_too_far")):
        assert await api.error("chat.scheduleMessage", channel=PROXIES, text="x", post_at=post_at) == code


# --- conversations, people, groups


async def test_lists_come_in_pages(api: Api) -> None:
    names: list[str] = []
    cursor = ""
    while True:
        answer = await api.client.users_list(limit=5, cursor=cursor)
        names += [person["name"] for person in answer["members"]]
        cursor = answer["response_metadata"]["next_cursor"]
        if not cursor:
            break
    assert names == [person.name for person in api.ws.people.values()]
    assert await api.error("users.list", cursor="nonsense!") == "invalid_cursor"
    assert await api.error("users.list", limit=1_001) == "invalid_limit"


async def test_conversations(api: Api) -> None:
    listed = await api.client.conversations_list(types="public_channel,private_channel", exclude_archived=True)
    assert {channel["name"] for channel in listed["channels"]} == {"proxies", "scraping", "ops-secret", "random"}
    mine = await api.client.users_conversations(types="public_channel")
    assert {channel["name"] for channel in mine["channels"]} == {"proxies", "scraping", "old-proxies"}
    assert await api.error("conversations.list", types="everything") == "invalid_types"
    info = (await api.client.conversations_info(channel=RANDOM))["channel"]
    assert (info["is_member"], info["is_private"]) == (False, False)
    assert MONA in (await api.client.conversations_members(channel=PROXIES))["members"]
    assert (await api.client.conversations_join(channel=RANDOM))["channel"]["is_member"] is True
    for users, code in (
        ("U0NOBODY", "user_not_found"),
        ("", "users_list_not_supplied"),
        ("U00000WES", "cannot_dm_bot"),
    ):
        assert await api.error("conversations.open", users=users) == code
    assert await api.error("conversations.open", users=f"{RITA},{MONA}") == "missing_scope"


async def test_history_and_replies(api: Api) -> None:
    root = await api.client.chat_postMessage(
        channel=PROXIES, text="root", metadata={"event_type": "e", "event_payload": {"a": 1}}
    )
    await api.client.chat_postMessage(channel=PROXIES, text="reply", thread_ts=root["ts"])
    await api.client.chat_postMessage(channel=PROXIES, text="shout", thread_ts=root["ts"], reply_broadcast=True)
    await api.client.chat_postMessage(channel=PROXIES, text="later")
    history = (await api.client.conversations_history(channel=PROXIES))["messages"]
    assert [message["text"] for message in history] == ["later", "shout", "root"]
    assert "event_payload" not in history[-1]["metadata"]
    thread = await api.client.conversations_replies(channel=PROXIES, ts=root["ts"], include_all_metadata=True)
    assert [message["text"] for message in thread["messages"]] == ["root", "reply", "shout"]
    assert thread["messages"][0]["metadata"]["event_payload"] == {"a": 1}
    newer = await api.client.conversations_history(channel=PROXIES, oldest=root["ts"], limit=1)
    assert (len(newer["messages"]), newer["has_more"]) == (1, True)
    assert await api.error("conversations.history", channel=RANDOM) == "not_in_channel"


async def test_people_show_what_they_are(api: Api) -> None:
    gus = (await api.client.users_info(user=GUS, include_locale=True))["user"]
    assert (gus["is_restricted"], gus["is_ultra_restricted"], gus["locale"]) == (True, False, "en-US")
    sid = (await api.client.users_info(user=SID))["user"]
    assert (sid.get("is_stranger"), sid["team_id"]) == (None, "T0STRANGERS"), "in a channel the app sees"
    for channel in api.ws.channels.values():
        channel.members = [member for member in channel.members if member != SID]
    assert (await api.client.users_info(user=SID))["user"]["is_stranger"]
    maxs = (await api.client.users_info(user=MAX))["user"]
    assert maxs["tz_offset"] in (12 * 3600, 13 * 3600)
    dee = (await api.client.users_info(user="U00000DEE"))["user"]
    assert (dee["deleted"], "is_admin" in dee) == (True, False)
    found = await api.client.users_lookupByEmail(email="rita@example.com")
    assert found["user"]["id"] == RITA
    assert await api.error("users.lookupByEmail", email="dee@example.com") == "users_not_found"
    assert await api.error("users.info", user="U0NOBODY") == "user_not_found"


async def test_user_groups(api: Api) -> None:
    groups = (await api.client.usergroups_list(include_users=True, include_count=True))["usergroups"]
    assert {group["handle"]: group["users"] for group in groups}["proxy-approvers"] == [MONA, MAX]
    assert (await api.client.usergroups_users_list(usergroup=APPROVERS))["users"] == [MONA, MAX]
    assert await api.error("usergroups.users.list", usergroup="S0NONE") == "no_such_subteam"


# --- reactions, files, checking


async def test_reactions(api: Api) -> None:
    said = await api.client.chat_postMessage(channel=PROXIES, text="x")
    at = {"channel": PROXIES, "timestamp": said["ts"]}
    await api.client.reactions_add(name="eyes", **at)
    assert await api.error("reactions.add", name="eyes", **at) == "already_reacted"
    seen = (await api.client.reactions_get(**at))["message"]["reactions"]
    assert seen == [{"name": "eyes", "users": ["U00000BOT"], "count": 1}]
    await api.client.reactions_remove(name="eyes", **at)
    assert await api.error("reactions.remove", name="eyes", **at) == "no_reaction"
    assert await api.error("reactions.add", name="eyes") == "no_item_specified"


async def test_an_uploaded_file_is_shared_and_may_be_shown(api: Api) -> None:
    answer = await api.client.files_upload_v2(
        channel=PROXIES, content=PIXEL, filename="usage.png", title="Usage", initial_comment="Here"
    )
    file_id = answer["files"][0]["id"]
    (message,) = api.ws.channels[PROXIES].messages.values()
    assert (message.text, message.files[0]["title"]) == ("Here", "Usage")
    assert api.ws.files[file_id].uploaded == PIXEL
    image = {"type": "image", "alt_text": "a", "slack_file": {"id": file_id}}
    await api.client.chat_postMessage(channel=PROXIES, text="x", blocks=[image])
    assert await api.error("files.completeUploadExternal", files=[{"id": file_id}]) == "file_not_found"
    assert api.ws.problems == []


async def test_a_file_must_have_the_announced_length(api: Api) -> None:
    place = await api.client.files_getUploadURLExternal(filename="a.txt", length=3)
    async with api.http.post(place["upload_url"], data=b"four") as response:
        assert response.status == 400
    multipart = aiohttp.FormData()
    multipart.add_field("file", b"one", filename="a.txt")
    async with api.http.post(place["upload_url"], data=multipart) as response:
        assert (response.status, await response.text()) == (200, "OK - 3")


async def test_blocks_validate(api: Api) -> None:
    assert (await api.client.blocks_validate(blocks=[SECTION]))["ok"]
    with pytest.raises(SlackApiError) as refused:
        await api.client.blocks_validate(blocks=[{"type": "header", "text": plain("x" * 151)}])
    assert refused.value.response["error"] == "invalid_blocks"
    assert refused.value.response["errors"][0]["pointer"] == "/blocks/0/text/text"
    assert await api.error("blocks.validate") == "invalid_arguments"


async def test_team_and_bot(api: Api) -> None:
    assert (await api.client.team_info())["team"]["id"] == "T0PLAYGROUND"
    assert (await api.client.bots_info(bot="B0PROXYDESK"))["bot"]["user_id"] == "U00000BOT"
    assert (await api.client.api_test(foo="bar"))["args"] == {"foo": "bar"}


# --- limits


async def test_a_channel_takes_a_burst_and_then_one_message_a_second(api: Api) -> None:
    await _frozen(api)
    for _ in range(10):
        await api.client.chat_postMessage(channel=PROXIES, text="x")
    with pytest.raises(SlackApiError) as limited:
        await api.client.chat_postMessage(channel=PROXIES, text="x")
    assert (limited.value.response.status_code, limited.value.response.headers["Retry-After"]) == (429, "1")
    await api.client.chat_postMessage(channel=RITA, text="elsewhere is free")
    api.ws.advance(1)
    await api.client.chat_postMessage(channel=PROXIES, text="x")
    assert api.ws.problems == []


@pytest.mark.parametrize(("method", "calls"), [("users.list", 20), ("users.lookupByEmail", 50), ("users.info", 100)])
async def test_tiers(api: Api, method: str, calls: int) -> None:
    await _frozen(api)
    args = {"users.lookupByEmail": {"email": "rita@example.com"}, "users.info": {"user": RITA}}.get(method, {})
    answers = [await api.error(method, **args) for _ in range(calls + 1)]
    assert answers == [""] * calls + ["ratelimited"]
    api.ws.limiter.enabled = False
    assert await api.error(method, **args) == ""
    api.ws.limiter.enabled = True


async def _frozen(api: Api) -> None:
    api.ws.set_clock(1_800_000_000)


# --- starting


async def test_real_tokens_keep_the_playground_from_starting() -> None:
    real = "xoxb-" + "1234567890-1234567890-abcdefABCDEF"
    for environ in (
        {"SLACK_BOT_TOKEN": real},
        {"X": "xapp-" + "1-A012345-1234567-abc"},
        {"Y": "xoxe.xoxb-" + "1-1234567"},
    ):
        with pytest.raises(RealTokenError, match=next(iter(environ))):
            refuse_real_tokens(environ)
        with pytest.raises(RealTokenError):
            await serve(0, "http://127.0.0.1:1/", environ=environ)
    ws = Workspace()
    refuse_real_tokens({"SLACK_BOT_TOKEN": "xoxb-playground-1234567890ab", "A": ws.app.app_token, "PATH": "/bin"})


async def test_the_program_says_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    program = asyncio.create_task(serve(0, "http://127.0.0.1:1/slack/events"))
    out = ""
    while not out:
        await asyncio.sleep(0)
        out = capsys.readouterr().out
    told = json.loads(out)
    async with (
        aiohttp.ClientSession() as http,
        http.post(told["base_url"] + "auth.test", data={"token": told["bot_token"]}) as response,
    ):
        assert (await response.json())["team_id"] == told["team_id"]
    program.cancel()
    with pytest.raises(asyncio.CancelledError):
        await program


def test_the_introduction_holds_what_a_bot_needs() -> None:
    assert {"base_url", "bot_token", "signing_secret", "app_token", "team_id"} <= set(introduction(Workspace()))
