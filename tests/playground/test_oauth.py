"""Installing the app into another workspace: the screen, the code, the token, its rotation, and who it belongs to."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from playground.slack_driver import SlackDriver
from playground.slack_server import running_workspace
from playground.workspace import Workspace
from playground.workspace_cast import NEIGHBOUR
from playground.workspace_teams import CODE_LIVES_S, TOKEN_LIVES_S

pytestmark = pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")  # slack_sdk still uses it
REDIRECT = "http://127.0.0.1:3000/slack/oauth_redirect"
SCOPES = "commands,chat:write"


@dataclass
class World:
    home: Workspace
    other: Workspace
    base: str
    http: aiohttp.ClientSession

    def client(self, token: str | None = None) -> AsyncWebClient:
        return AsyncWebClient(token=token, base_url=f"{self.base}/api/", session=self.http)

    def asked(self, **changes: str) -> dict[str, str]:
        wanted = {"client_id": self.home.app.client_id, "scope": SCOPES, "redirect_uri": REDIRECT, "state": "s=1&2"}
        return {key: value for key, value in (wanted | changes).items() if value}

    async def screen(self, **changes: str) -> tuple[int, str]:
        async with self.http.get(f"{self.base}/oauth/v2/authorize", params=self.asked(**changes)) as response:
            return response.status, await response.text()

    async def answers(self, answer: str = "allow", person: str = "ada", **form: str) -> tuple[int, dict[str, str]]:
        """Press a button on the install screen; the status and the query the browser is sent on with."""
        _, page = await self.screen()
        seal = re.search(r'name="seal" value="(\w+)"', page)
        assert seal is not None
        sent = {"seal": seal[1], "team": NEIGHBOUR.id, "person": person, "answer": answer, **form}
        url = f"{self.base}/oauth/v2/authorize"
        async with self.http.post(url, params=self.asked(), data=sent, allow_redirects=False) as response:
            there = urlsplit(response.headers.get("Location", ""))
            return response.status, {key: values[0] for key, values in parse_qs(there.query).items()}

    async def code(self) -> str:
        status, query = await self.answers()
        assert (status, query["state"]) == (302, "s=1&2")
        return query["code"]

    async def access(self, **changes: str) -> Any:
        app = self.home.app
        wanted = {"client_id": app.client_id, "client_secret": app.client_secret, "redirect_uri": REDIRECT}
        return await self.client().oauth_v2_access(**(wanted | changes))

    async def refusal(self, **changes: str) -> str:
        with pytest.raises(SlackApiError) as caught:
            await self.access(**changes)
        return str(caught.value.response["error"])


@pytest.fixture
async def world() -> AsyncIterator[World]:
    home = Workspace(rate_limits=False)
    home.app.redirect_urls = ("http://127.0.0.1:3000/slack",)
    other = home.neighbour()
    async with running_workspace(home) as base, aiohttp.ClientSession() as http:
        yield World(home, other, base, http)


async def test_a_workspace_without_the_app_has_no_bot_and_no_command(world: World) -> None:
    assert world.other.app.bot_user not in world.other.people
    async with SlackDriver(world.base, team=NEIGHBOUR.id) as slack:
        outcome = await slack.person("rita").types("/proxy", channel="proxies")
    assert not outcome.delivered
    assert "not a valid command" in str(outcome.error)


async def test_from_the_screen_to_a_token_of_its_own(world: World) -> None:
    status, page = await world.screen()
    assert status == 200
    assert all(word in page for word in ("chat:write", "Neighbour Inc", "Ada Admin", "Allow", "Cancel"))
    answer = await world.access(code=await world.code())
    assert answer["team"] == {"id": NEIGHBOUR.id, "name": NEIGHBOUR.name}
    assert (answer["token_type"], answer["scope"], answer["is_enterprise_install"]) == (
        "bot",
        "chat:write,commands",
        False,
    )
    assert answer["authed_user"] == {"id": world.other.person("ada").id}
    assert "refresh_token" not in answer
    there, here = world.client(answer["access_token"]), world.client(world.home.app.bot_token)
    assert (await there.auth_test())["team_id"] == NEIGHBOUR.id
    assert (await here.auth_test())["team_id"] == world.home.team_id
    channel = world.other.channel_named("proxies").id
    world.other.channels[channel].members.append(world.other.app.bot_user)
    await there.chat_postMessage(channel=channel, text="Here too")
    with pytest.raises(SlackApiError, match="channel_not_found"):
        await here.chat_postMessage(channel=channel, text="Not from there")
    async with SlackDriver(world.base, team=NEIGHBOUR.id) as slack:
        assert [one.text for one in await slack.person("mona").messages("proxies")] == ["Here too"]


async def test_a_code_works_once_for_ten_minutes_and_for_its_own_address(world: World) -> None:
    code = await world.code()
    assert await world.refusal(code=code, redirect_uri=f"{REDIRECT}/other") == "bad_redirect_uri"
    assert await world.refusal(code=code, client_secret="wrong") == "bad_client_secret"
    assert await world.refusal(code=code, client_id="wrong") == "invalid_client_id"
    await world.access(code=code)
    assert await world.refusal(code=code) == "code_already_used"
    assert await world.refusal(code="oauth-never") == "invalid_code"
    late = await world.code()
    world.home.advance(CODE_LIVES_S + 1)
    assert await world.refusal(code=late) == "invalid_code"


async def test_the_client_may_name_itself_in_the_header(world: World) -> None:
    app, code = world.home.app, await world.code()
    named = base64.b64encode(f"{app.client_id}:{app.client_secret}".encode()).decode()
    data, headers = {"code": code, "redirect_uri": REDIRECT}, {"Authorization": f"Basic {named}"}
    async with world.http.post(f"{world.base}/api/oauth.v2.access", data=data, headers=headers) as response:
        assert (await response.json())["ok"] is True


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"client_id": "9.9"}, "invalid_client_id"),
        ({"scope": "commands,admin"}, "invalid_scope"),
        ({"scope": ""}, "no_scopes"),
        ({"redirect_uri": "https://evil.example/"}, "bad_redirect_uri"),
        ({"redirect_uri": "http://127.0.0.1:3000/slackers"}, "bad_redirect_uri"),
    ],
)
async def test_what_the_screen_refuses(world: World, changes: dict[str, str], word: str) -> None:
    status, page = await world.screen(**changes)
    assert (status, word in page, "<form" in page) == (400, True, False)


async def test_cancel_and_those_who_may_not_install(world: World) -> None:
    assert await world.answers("cancel") == (302, {"error": "access_denied", "state": "s=1&2"})
    for person in ("gus", "dee", "sid"):
        status, _ = await world.answers(person=person)
        assert status == 400
    status, _ = await world.answers(seal="forged")
    assert status == 403
    assert world.other.app.bot_token == ""


async def test_text_of_the_request_never_becomes_markup(world: World) -> None:
    _, page = await world.screen(state='"><script>alert(1)</script>')
    assert "<script" not in page


async def test_rotation_gives_a_pair_that_is_renewed_once(world: World) -> None:
    world.home.set_clock(1_800_000_000.0)
    world.other.app.token_rotation = True
    first = await world.access(code=await world.code())
    assert first["access_token"].startswith("xoxe.xoxb-playground-")
    assert first["expires_in"] == TOKEN_LIVES_S
    renewal = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = await world.access(**renewal)
    assert await world.refusal(**renewal) == "invalid_refresh_token"
    for answer in (first, second):
        assert (await world.client(answer["access_token"]).auth_test())["ok"]
    world.home.advance(TOKEN_LIVES_S + 1)
    with pytest.raises(SlackApiError, match="token_expired"):
        await world.client(first["access_token"]).auth_test()


async def test_an_uninstalled_app_is_told_and_can_come_back(world: World) -> None:
    token = (await world.access(code=await world.code()))["access_token"]
    app = world.home.app
    await world.client(token).apps_uninstall(client_id=app.client_id, client_secret=app.client_secret)
    with pytest.raises(SlackApiError, match="account_inactive"):
        await world.client(token).auth_test()
    again = (await world.access(code=await world.code()))["access_token"]
    assert again != token
    assert (await world.client(again).auth_test())["ok"]


async def test_workspaces_are_listed_with_who_may_install(world: World) -> None:
    async with world.http.get(f"{world.base}/control/teams") as response:
        home, other = (await response.json())["teams"]
    assert (home["is_installed"], other["is_installed"]) == (True, False)
    assert "ada" in other["people"]
    assert not {"gus", "dee", "sid", "proxydesk"} & {*other["people"]}
