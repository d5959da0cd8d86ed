"""Whatever is logged, by whomever and in whatever shape, no secret reaches the output."""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import structlog
from pydantic import SecretBytes, SecretStr

from bot import log
from bot.slack_app import SlackApp
from bot.slack_http import SlackRequest

KEY = "pk/live+key value\"9'é"
"""A registered secret whose spelling differs in URLs, in JSON and in a repr."""
TOKEN = "xoxb-1234-5678-AbCdEf"
INVOICE = "https://invoice.stripe.com/i/acct_1A/test_YWNjdA"
RESPONSE_URL = "https://hooks.slack.com/actions/T012/345/abcDEF"
SECRETS = (KEY, "pk%2Flive%2Bkey", TOKEN, "AbCdEf", INVOICE, "test_YWNjdA", RESPONSE_URL, "abcDEF", "sesame")

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """Configured logging; calling it gives what was written since, after looking for secrets in the raw text."""
    root, excepthook = logging.getLogger(), sys.excepthook
    handlers, level = root.handlers, root.level
    monkeypatch.setattr(log, "_hidden", set())
    monkeypatch.setattr(log, "_hidden_pattern", None)
    log.hide(KEY)
    log.configure("debug")

    def written() -> list[dict[str, Any]]:
        out, err = capsys.readouterr()
        assert err == ""
        for secret in (*SECRETS, json.dumps(KEY)[1:-1]):
            assert secret not in out
        return [json.loads(line) for line in out.splitlines()]

    yield written
    root.handlers, sys.excepthook = handlers, excepthook
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@dataclass
class Holder:
    inner: str


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError(TOKEN)


@pytest.mark.parametrize(
    "value",
    [
        KEY,
        f"before {KEY} after",
        json.dumps({"k": KEY}),
        "https://x.test/?key=pk%2Flive%2Bkey%20value%229%27%C3%A9",
        TOKEN,
        "xapp-1-A012-345-abcDEF",
        "xoxe.xoxb-1-abcDEF",
        f"pay at {INVOICE}.",
        "https://billing.example.test/invoice/abcDEF",
        RESPONSE_URL,
        "http://127.0.0.1:8001/commands/T012/345/abcDEF",
        "wss://wss-primary.slack.com/link/?ticket=abcDEF&app_id=1",
        "redis://user:sesame@db:6379/0",
        "authorization: Bearer sesame-sesame",
        "{'X-Api-Private-Key': 'sesame'}",
        '{"signing_secret": "sesame"}',
        "[('x-api-private-key', 'sesame'), (b'Cookie', b'd=sesame')]",
        "grant_type=x&refresh_token=sesame&y=1",
        b"token=sesame",
        SecretStr("sesame"),
        SecretBytes(b"sesame"),
        Holder(KEY),
        Holder(TOKEN),
        Exception(KEY),
        Unprintable(),
        {KEY: 1},
        {"deep": [{"deeper": ({KEY}, frozenset({TOKEN}))}]},
        {"authorization": "sesame", "X-API-Private-Key": "sesame", b"cookie": b"sesame"},
        {"response_url": "http://127.0.0.1:1/r/sesame", "accessToken": TOKEN, "passwords": ["sesame"]},
        {"token": SecretStr("sesame"), "nested": {"token": {"value": "sesame"}}},
    ],
    ids=lambda value: type(value).__name__,
)
def test_z4_a_secret_in_any_shape_is_masked(value: object, lines: Lines) -> None:
    log.logger("bot.x").info("said", value=value)
    (line,) = lines()
    assert line["event"] == "said"


def test_z4_a_secret_in_the_message_is_masked_and_the_rest_is_kept(lines: Lines) -> None:
    log.logger("bot.x").warning(f"refused {KEY} for #1042")
    (line,) = lines()
    assert (line["event"], line["level"], line["logger"]) == ("refused *** for #1042", "warning", "bot.x")


def test_ordinary_words_and_ids_stay_readable(lines: Lines) -> None:
    said = "the token, which expired; #1042 in C012ABCDEF at https://api.byteful.com/1.0/public/user/checkout/quote"
    log.logger("bot.x").info(said, service_id="API-2041-7730", due=4250, reference="K7M2QX9R", none=None, token=None)
    (line,) = lines()
    assert line["event"] == said
    assert (line["service_id"], line["due"], line["reference"]) == ("API-2041-7730", 4250, "K7M2QX9R")
    assert line["none"] is None
    assert line["token"] is None


def raise_chained() -> None:
    try:
        raise ValueError(f"answered 401 to {KEY}")
    except ValueError as error:
        raise RuntimeError(f"gave up with {TOKEN}, {{'x-api-private-key': 'sesame'}}") from error


def test_z4_a_chained_exception_is_masked_all_the_way(lines: Lines) -> None:
    try:
        raise_chained()
    except RuntimeError:
        log.logger("bot.x").exception("failed", reference="K7M2QX9R")
    (line,) = lines()
    assert "answered 401 to ***" in line["exception"]
    assert "raise_chained" in line["exception"]


def test_z4_an_exception_group_is_masked(lines: Lines) -> None:
    group = ExceptionGroup("several", [ValueError(KEY), ExceptionGroup("inner", [OSError(TOKEN)])])
    logging.getLogger("asyncio").error("task died", exc_info=group)
    (line,) = lines()
    assert "ValueError: ***" in line["exception"]


def test_z4_lines_of_libraries_are_masked_too(lines: Lines) -> None:
    library = logging.getLogger("slack_bolt.AsyncApp")
    library.warning("Unhandled request (%s) %r", KEY, {"token": "sesame"})
    library.error("sent", extra={"headers": {"Authorization": "sesame"}, "note": KEY}, stack_info=True)
    try:
        raise_chained()
    except RuntimeError as error:
        library.error(error, exc_info=True)
    assert [line["level"] for line in lines()] == ["warning", "error", "error"]


@pytest.mark.parametrize("name", [*log.QUIET, "httpx2._client", "uvicorn.access"])
def test_chatter_of_libraries_is_off_even_at_debug(name: str, lines: Lines) -> None:
    logging.getLogger(name).info('HTTP Request: POST https://slack.com/api/chat.postMessage "200 OK"')
    assert lines() == []
    logging.getLogger(name).warning("trouble")
    assert [line["event"] for line in lines()] == ["trouble"]


async def test_a_stranger_cannot_write_into_the_log(lines: Lines) -> None:
    """Bolt would note the whole of what it refuses, of whoever finds the address."""
    front: Any = None
    refused = await SlackApp("secret", front).async_dispatch(SlackRequest("text=all+is+well", {}))
    assert refused.status == 401
    assert lines() == []


def test_level_is_kept_for_our_own_lines(lines: Lines) -> None:
    log.configure("warning")
    log.logger("bot.x").info("not wanted")
    log.logger("bot.x").warning("wanted")
    assert [line["event"] for line in lines()] == ["wanted"]


def test_uvicorn_writes_through_the_same_formatter(lines: Lines) -> None:
    logging.getLogger("uvicorn.error").handlers = [logging.StreamHandler(sys.stderr)]
    log.configure("info")
    logging.getLogger("uvicorn.error").info("Started with %s", TOKEN, extra={"color_message": "\x1b[36m%s"})
    (line,) = lines()
    assert line["event"] == "Started with ***"
    assert "color_message" not in line


def test_what_is_bound_is_on_every_line_also_of_libraries_and_only_inside(lines: Lines) -> None:
    with log.bound(request=1042, user="U1", workspace="T1", reference="K7M2QX9R"):
        log.logger("bot.x").info("ours")
        logging.getLogger("library").warning("theirs")
    log.logger("bot.x").info("after")
    ours, theirs, after = lines()
    for line in (ours, theirs):
        assert (line["request"], line["user"], line["workspace"], line["reference"]) == (1042, "U1", "T1", "K7M2QX9R")
    assert "request" not in after


def test_every_line_is_json_with_a_utc_time_whatever_is_in_it(lines: Lines) -> None:
    log.logger("bot.x").info("two\nlines ☃ \ud800", big=2**80, loop=[[[[[[[[[["deep"]]]]]]]]]], nan=float("nan"))
    (line,) = lines()
    assert line["event"].startswith("two\nlines ☃")
    assert line["timestamp"].endswith("Z")


def test_a_value_that_holds_itself_ends(lines: Lines) -> None:
    loop: list[Any] = []
    loop.append(loop)
    log.logger("bot.x").info("loop", loop=loop)
    assert len(lines()) == 1


def test_short_text_is_never_hidden(lines: Lines) -> None:
    log.hide("")
    log.hide("on")
    log.logger("bot.x").info("one of them")
    (line,) = lines()
    assert line["event"] == "one of them"


def output_of(program: str, returncode: int) -> list[dict[str, Any]]:
    """What a process of its own writes; nothing may be on standard error, nothing secret anywhere."""
    start = "import logging, warnings\nfrom bot import log\nlog.configure('info'); log.hide('sesame-sesame')\n"
    ended = subprocess.run(
        [sys.executable, "-c", start + program], capture_output=True, text=True, check=False, timeout=120
    )
    assert ended.stderr == ""
    assert "sesame" not in ended.stdout
    assert ended.returncode == returncode
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_z4_a_crash_is_logged_masked_and_not_printed() -> None:
    (line,) = output_of("raise RuntimeError('sesame-sesame and xoxb-1-2')", 1)
    assert (line["event"], line["level"]) == ("crashed", "critical")
    assert "RuntimeError: *** and ***" in line["exception"]


def test_z4_a_line_with_wrong_arguments_is_reported_without_them() -> None:
    (line,) = output_of("logging.getLogger('anything').warning('%d items', 'sesame-sesame')", 0)
    assert line == {"event": "a log line could not be written", "level": "error", "logger": "anything"}


def test_z4_warnings_of_python_are_masked() -> None:
    (line,) = output_of("warnings.warn('unclosed sesame-sesame')", 0)
    assert line["logger"] == "py.warnings"
    assert "unclosed ***" in line["event"]


def test_references_are_short_readable_and_differ() -> None:
    made = {log.new_reference() for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(reference) == 8 for reference in made)
    assert not set("".join(made)) & set("01ILOU")


def test_lines_of_many_threads_do_not_mix(lines: Lines) -> None:
    def write() -> None:
        for _ in range(50):
            log.logger("bot.x").info("line", text="x" * 40)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lines()) == 200
