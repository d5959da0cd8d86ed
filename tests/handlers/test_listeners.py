"""What Bolt has checked comes to the listener for its kind, and to nobody when there is none."""

from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.handlers.listeners import Listeners


class Front:
    """Stands where a front does; nothing here needs one."""


async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token="xoxb-1")


@pytest.fixture
def app() -> AsyncApp:
    made = AsyncApp(authorize=authorize, signing_secret="s", process_before_response=True)
    front: Any = Front()
    made.use(Listeners(front))
    return made


async def dispatched(app: AsyncApp, **body: Any) -> BoltResponse:
    return await app.async_dispatch(AsyncBoltRequest(mode="socket_mode", body={"team_id": "T1", **body}))


async def test_a_command_is_answered_in_the_ack(app: AsyncApp) -> None:
    answer = await dispatched(app, command="/proxy", text="help", user_id="U1", channel_id="C1")
    assert answer.status == 200
    assert '"response_type":"ephemeral"' in answer.body
    assert answer.first_headers()["content-type"].startswith("application/json")


async def test_an_event_we_do_nothing_about_is_taken_all_the_same(app: AsyncApp) -> None:
    """Slack sends one that is refused again and again."""
    answer = await dispatched(app, type="event_callback", event={"type": "team_rename"})
    assert (answer.status, answer.body) == (200, "")


@pytest.mark.parametrize("kind", ["dialog_submission", "view_closed", ""])
async def test_what_is_of_no_kind_we_know_is_refused(app: AsyncApp, kind: str) -> None:
    assert (await dispatched(app, type=kind)).status == 404
