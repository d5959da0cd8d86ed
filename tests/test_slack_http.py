"""Slack's requests over HTTP: what is read of them, and what is refused."""

from urllib.parse import parse_qsl, urlencode

import msgspec
import pytest
from slack_bolt.response import BoltResponse
from structlog.testing import capture_logs

from bot.slack_http import MAX_BODY, SkewWatch, SlackDoor, parse_body

UGLY = 'a+b & c=d %25 "quoted" äöü 🧑‍🚀 \\ / <@U1|x>'


def test_the_text_of_a_command_is_read_as_it_was_typed() -> None:
    fields = {"command": "/proxy", "text": UGLY, "response_url": "http://127.0.0.1/x?a=1&b=2", "empty": ""}
    assert parse_body(urlencode(fields)) == fields


def test_a_command_that_speaks_of_a_payload_is_not_taken_for_one() -> None:
    """Bolt's own reader gives an empty body here, and the person gets no answer."""
    body = urlencode({"command": "/proxy", "text": "buy isp_us 5 for payload checks"})
    assert parse_body(body) == dict(parse_qsl(body))


def test_what_comes_as_a_payload_and_what_comes_as_json_is_read_alike() -> None:
    payload = {"type": "block_actions", "note": UGLY, "list": [1, None, True, 1.5]}
    text = msgspec.json.encode(payload).decode()
    assert parse_body(urlencode({"payload": text})) == parse_body(text) == payload


@pytest.mark.parametrize("body", ["{", "payload=%7B", "payload=%5B%5D", "payload=1"])
def test_a_body_that_is_none_is_an_error(body: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_body(body)


async def _nobody(_request: object) -> BoltResponse:
    raise AssertionError("this should not have come so far")


async def _status(body: bytes, headers: dict[str, str]) -> int:
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    door = SlackDoor(_nobody, SkewWatch("secret"))
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await door({"type": "http", "headers": raw}, receive, send)  # type: ignore[arg-type]
    return int(str(sent[0]["status"]))


async def test_what_cannot_come_from_slack_is_refused_before_bolt_sees_it() -> None:
    with capture_logs() as log:
        assert await _status(b"a=b", {"x-slack-request-timestamp": "soon"}) == 401
    assert [(line["event"], line["bytes"]) for line in log] == [("request_refused", 3)]
    assert await _status(b"\xff\xfe", {}) == 400
    assert await _status(b"{not json", {}) == 400
    assert await _status(b"a" * (MAX_BODY + 1), {}) == 413


@pytest.mark.parametrize("digits", [13, 400, 5_000])
async def test_a_time_that_is_none_is_refused(digits: int) -> None:
    assert await _status(b"a=b", {"x-slack-request-timestamp": "9" * digits}) == 401


@pytest.mark.parametrize(
    "body",
    [b'{"a":' + b"[" * 100_000, b"payload=" + b"{%22a%22:" * 100_000, b"&".join([b"a=1"] * 101)],
    ids=["nested", "nested in a form", "many fields"],
)
async def test_a_body_made_to_take_long_is_refused(body: bytes) -> None:
    assert await _status(body, {}) == 400
