"""The client over real sockets: what each failure means, what is asked again, and where the keys are not."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
import structlog
from msgspec.structs import replace
from pydantic import SecretStr

from bot.domain.errors import (
    AccessError,
    NeverSentError,
    NotFoundError,
    OutcomeUnknownError,
    ProviderError,
    RateLimitedError,
    RefusedError,
    SecondFactorError,
    SelectionRefusedError,
)
from bot.domain.ids import ServiceId
from bot.domain.usage import Network
from bot.ports import Answered, Pacer, Urgency
from bot.providers.byteful.client import BytefulClient, open_client
from bot.providers.byteful.exchange import Exchange, Timing
from bot.providers.byteful.sender import Sender
from bot.providers.byteful.shapes import Ask
from tests.providers.sockets import (
    Act,
    answer,
    close,
    closed_port,
    drip,
    error,
    full_port,
    garbage,
    half,
    ok,
    reset,
    scripted,
    silence,
)

PUBLIC, PRIVATE = "pk_test_public_0001", "sk_test_never_show_this_0002"
QUICK = Timing(read_s=5, change_read_s=5, read_deadline_s=15, attempts=3)
"""Few attempts, but time enough for a busy machine to answer."""
IMPATIENT = replace(QUICK, read_s=0.1, change_read_s=0.1, change_deadline_s=0.3, read_deadline_s=2)
"""For servers that never answer."""
ASK = Ask(product_code="isp_us", quantity=5, cycle_interval="month", cycle_interval_count=1)
PAGE = "<!DOCTYPE html><html><body>Bad Gateway</body></html>"
REQUEST_ID = "00000000-0000-4000-a000-00000000beef"


class Pace:
    """Counts the turns given, and to whom."""

    def __init__(self) -> None:
        self.turns: list[Urgency] = []

    async def __call__(self, urgency: Urgency) -> Answered:
        self.turns.append(urgency)
        return lambda: None


@contextlib.asynccontextmanager
async def client_for(url: str, timing: Timing = QUICK, pace: Pacer | None = None) -> AsyncIterator[BytefulClient]:
    async with open_client(
        base_url=url,
        public_key=SecretStr(PUBLIC),
        private_key=SecretStr(PRIVATE),
        pace=pace or Pace(),
        timing=timing,
    ) as client:
        yield client


CALLS: dict[str, Callable[[BytefulClient], Awaitable[object]]] = {
    "read": lambda client: client.customer(),
    "quote": lambda client: client.quote(ASK),
    "create": lambda client: client.create(ASK),
    "edit": lambda client: client.edit_service(ServiceId("API-1"), {"service_metadata": {}}),
    "cancel": lambda client: client.cancel_service(ServiceId("API-1")),
}


async def fail(client: BytefulClient, call: str) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        await CALLS[call](client)
    return raised.value


# Never sent


@pytest.mark.parametrize("call", CALLS)
async def test_a_refused_connection_was_never_sent(call: str) -> None:
    async with client_for(f"http://127.0.0.1:{closed_port()}/1.0") as client:
        assert type(await fail(client, call)) is NeverSentError


async def test_a_connection_that_is_not_made_in_time_was_never_sent() -> None:
    with full_port() as port:
        async with client_for(f"http://127.0.0.1:{port}/1.0", replace(QUICK, connect_s=0.1)) as client:
            assert type(await fail(client, "create")) is NeverSentError


TLS = replace(QUICK, connect_s=0.2)


async def test_a_failed_tls_handshake_was_never_sent() -> None:
    async with scripted(close) as vendor, client_for(vendor.url.replace("http:", "https:"), TLS) as client:
        assert type(await fail(client, "create")) is NeverSentError
        assert vendor.seen == []


async def test_no_free_connection_in_time_was_never_sent() -> None:
    async with scripted(silence) as vendor, httpx2.AsyncHTTPTransport(limits=httpx2.Limits(max_connections=1)) as http:
        exchange = Exchange(
            http,
            base_url=vendor.url,
            public_key=SecretStr(PUBLIC),
            private_key=SecretStr(PRIVATE),
            timing=replace(QUICK, change_read_s=30, pool_s=0.1),
        )
        client = BytefulClient(Sender(exchange, Pace()))
        first = asyncio.create_task(client.create(ASK))
        await vendor.arrived.wait()
        assert type(await fail(client, "create")) is NeverSentError
        assert len(vendor.seen) == 1
        first.cancel()
        await asyncio.wait([first])


async def test_a_pace_that_cannot_be_kept_sends_nothing() -> None:
    async def broken(urgency: Urgency) -> Answered:
        raise ConnectionError("no store")

    async with scripted(ok({})) as vendor, client_for(vendor.url, pace=broken) as client:
        assert type(await fail(client, "create")) is NeverSentError
        assert vendor.seen == []


@pytest.mark.parametrize("comes_first", ["the look", "the turn"])
async def test_t116_what_the_last_look_finds_keeps_the_checkout_back_and_gives_its_turn_to_others(
    comes_first: str,
) -> None:
    """The turn is waited for while the caller looks, so either may be there first."""
    other, given_back = asyncio.Event(), list[Urgency]()

    async def pace(urgency: Urgency) -> Answered:
        if comes_first == "the look":
            await other.wait()
        else:
            other.set()
        return lambda: given_back.append(urgency)

    async def look() -> None:
        if comes_first == "the turn":
            await other.wait()
        else:
            other.set()
        raise NeverSentError("It is not our turn any more.")

    async with scripted(ok({})) as vendor, client_for(vendor.url, pace=pace) as client:
        with pytest.raises(NeverSentError, match="not our turn"):
            await client.create(ASK, look)
        assert vendor.seen == []
    assert given_back == [Urgency.CHECKOUT]


async def test_t116_nothing_is_sent_before_the_last_look_is_over() -> None:
    has_turn, seen = asyncio.Event(), list[int]()

    async def pace(urgency: Urgency) -> Answered:
        has_turn.set()
        return lambda: None

    async def look() -> None:
        await has_turn.wait()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(vendor.arrived.wait(), 0.05)
        seen.append(len(vendor.seen))

    async with scripted(ok({"data": {"service_id": "S1"}})) as vendor, client_for(vendor.url, pace=pace) as client:
        await client.create(ASK, look)
        seen.append(len(vendor.seen))
    assert seen == [0, 1]


async def test_text_that_cannot_be_written_is_never_sent() -> None:
    async with scripted(ok({})) as vendor, client_for(vendor.url) as client:
        with pytest.raises(NeverSentError):
            await client.create(ASK.model_copy(update={"promotional_code": "\ud800"}))
        assert vendor.seen == []


# Perhaps sent

UNCLEAR: dict[str, Act] = {
    "reset": reset,
    "closed without a word": close,
    "half an answer": half,
    "not HTTP": garbage,
    "silence": silence,
    "drips for ever": drip,
    "500 JSON": error(500),
    "500 empty": answer(500, ""),
    "502 HTML": answer(502, PAGE, {"Content-Type": "text/html"}),
    "503 with Retry-After": error(503, headers={"Retry-After": "1"}),
    "200 HTML": answer(200, PAGE),
    "200 empty": answer(200, ""),
    "200 a list": answer(200, []),
    "204": answer(204, ""),
    "301 elsewhere": answer(301, "", {"Location": "http://127.0.0.1:9/"}),
    "307 elsewhere": answer(307, "", {"Location": "http://127.0.0.1:9/"}),
    "400 HTML": answer(400, PAGE),
    "404 HTML": answer(404, PAGE),
    "408": answer(408, ""),
    "409 JSON of another shape": answer(409, {"detail": "no"}),
    "418 in the vendor's shape": error(418),
    "422 a JSON text": answer(422, '"no"'),
    "broken compression": answer(200, b"no gzip", {"Content-Encoding": "gzip"}),
}


def timing_for(act: Act) -> Timing:
    return IMPATIENT if act in {silence, drip} else QUICK


@pytest.mark.parametrize("call", ["create", "edit", "cancel"])
@pytest.mark.parametrize("act", UNCLEAR.values(), ids=UNCLEAR.keys())
async def test_t60_t63_what_may_have_been_carried_out_is_unknown_and_asked_once(act: Act, call: str) -> None:
    async with scripted(act) as vendor, client_for(vendor.url, timing_for(act)) as client:
        assert type(await fail(client, call)) is OutcomeUnknownError
        await vendor.arrived.wait()
        assert len(vendor.seen) == 1


@pytest.mark.parametrize("act", [answer(401, PAGE), answer(403, PAGE), answer(403, {"detail": "blocked"})])
async def test_a_gateway_that_blocks_a_checkout_proves_nothing(act: Act) -> None:
    async with scripted(act) as vendor, client_for(vendor.url) as client:
        assert type(await fail(client, "create")) is OutcomeUnknownError


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "1"}])
async def test_t64_a_rate_limit_on_create_proves_nothing(headers: dict[str, str]) -> None:
    async with scripted(error(429, headers=headers)) as vendor, client_for(vendor.url) as client:
        assert type(await fail(client, "create")) is OutcomeUnknownError
        assert len(vendor.seen) == 1


@pytest.mark.parametrize("name", sorted(UNCLEAR.keys() - {"drips for ever"}))
async def test_a_read_is_asked_again_until_it_is_answered(name: str) -> None:
    act = UNCLEAR[name]
    async with scripted(act, ok({"credit_balance": 7})) as vendor, client_for(vendor.url, timing_for(act)) as client:
        assert (await client.customer()).credit_balance == 7
        assert len(vendor.seen) == 2


async def test_a_quote_is_asked_again() -> None:
    async with scripted(reset, error(500), ok({"is_valid": True})) as vendor, client_for(vendor.url) as client:
        assert await client.quote(ASK) == {"is_valid": True}
        assert [seen.method for seen in vendor.seen] == ["POST"] * 3


async def test_a_read_is_given_up_after_its_attempts_with_the_last_error() -> None:
    async with scripted(reset, reset, error(503)) as vendor, client_for(vendor.url) as client:
        raised = await fail(client, "read")
        assert (type(raised), raised.status, raised.request_id) == (OutcomeUnknownError, 503, REQUEST_ID)
        assert len(vendor.seen) == QUICK.attempts


async def test_a_read_ends_at_its_deadline_even_when_the_answer_drips() -> None:
    timing = replace(IMPATIENT, read_deadline_s=0.2)
    async with scripted(drip) as vendor, client_for(vendor.url, timing) as client:
        assert type(await fail(client, "read")) is OutcomeUnknownError


async def test_a_checkout_cut_off_by_its_caller_is_not_called_a_failure() -> None:
    async with scripted(silence) as vendor, client_for(vendor.url, replace(QUICK, change_read_s=30)) as client:
        task = asyncio.create_task(client.create(ASK))
        await vendor.arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


# Refused

REFUSED: dict[int, tuple[type[ProviderError], type[ProviderError]]] = {
    # status: what it means for a selection, and for anything else
    400: (SelectionRefusedError, RefusedError),
    401: (AccessError, AccessError),
    403: (AccessError, AccessError),
    404: (NotFoundError, NotFoundError),
    405: (RefusedError, RefusedError),
    409: (SelectionRefusedError, RefusedError),
    422: (SelectionRefusedError, RefusedError),
}


@pytest.mark.parametrize("status", REFUSED)
@pytest.mark.parametrize("call", ["read", "quote", "create", "edit"])
async def test_t65_a_clear_no_is_a_refusal_and_not_asked_again(status: int, call: str) -> None:
    of_selection, of_other = REFUSED[status]
    async with scripted(error(status, "Not like this.")) as vendor, client_for(vendor.url) as client:
        raised = await fail(client, call)
        assert type(raised) is (of_selection if call in {"quote", "create"} else of_other)
        assert (raised.status, raised.request_id) == (status, REQUEST_ID)
        assert "Not like this." in str(raised)
        assert len(vendor.seen) == 1


@pytest.mark.parametrize("call", ["read", "create"])
async def test_t65_a_second_factor_is_told_apart_although_it_may_lack_the_usual_fields(call: str) -> None:
    body = {"two_factor_authentication_public_key": "k", "two_factor_authentication_service": "email"}
    async with scripted(answer(403, body)) as vendor, client_for(vendor.url) as client:
        assert type(await fail(client, call)) is SecondFactorError


@pytest.mark.parametrize("status", [401, 403])
async def test_a_read_that_a_gateway_blocks_is_a_matter_of_access(status: int) -> None:
    async with scripted(answer(status, PAGE)) as vendor, client_for(vendor.url) as client:
        assert type(await fail(client, "read")) is AccessError


# Rate limit of reads


@pytest.mark.parametrize(
    ("act", "wait_s"),
    [
        (error(429, headers={"Retry-After": "33"}), 33),
        (error(429, "Please try again in 45 seconds.", headers={"Retry-After": "33"}), 33),
        (error(429, "Please try again in 45 seconds."), 45),
        (answer(429, PAGE, {"Retry-After": "20"}), 20),
    ],
)
async def test_t64_a_longer_wait_than_a_read_has_time_for_is_told(act: Act, wait_s: float) -> None:
    async with scripted(act) as vendor, client_for(vendor.url) as client:
        raised = await fail(client, "quote")
        assert isinstance(raised, RateLimitedError)
        assert raised.wait_s == wait_s
        assert len(vendor.seen) == 1


@pytest.mark.parametrize("act", [error(429), error(429, headers={"Retry-After": "1"}), error(429, "try in 1 second")])
async def test_t64_a_short_rate_limit_is_waited_out(act: Act) -> None:
    async with scripted(act, ok({"credit_balance": 1})) as vendor, client_for(vendor.url) as client:
        assert (await client.customer()).credit_balance == 1


# What is sent


async def test_both_keys_and_json_go_to_the_right_place_whatever_the_slash() -> None:
    async with scripted(ok({"a": 1})) as vendor:
        for url in (vendor.url, f"{vendor.url}/"):
            async with client_for(url) as client:
                await client.create(ASK)
        for seen in vendor.seen:
            assert (seen.method, seen.path) == ("POST", "/1.0/public/user/checkout/create")
            assert (seen.headers["x-api-public-key"], seen.headers["x-api-private-key"]) == (PUBLIC, PRIVATE)
            assert seen.headers["content-type"] == "application/json"
            assert seen.json == {
                "product_code": "isp_us",
                "quantity": 5,
                "cycle_interval": "month",
                "cycle_interval_count": 1,
            }


async def test_every_request_takes_a_turn_and_only_the_checkout_spends() -> None:
    pace = Pace()
    async with scripted(reset, ok({"credit_balance": 1})) as vendor, client_for(vendor.url, pace=pace) as client:
        await client.customer()
        await client.quote(ASK)
        await client.create(ASK)
        await client.edit_service(ServiceId("API-1"), {})
    assert pace.turns == [*[Urgency.PERSON] * 3, Urgency.CHECKOUT, Urgency.PERSON]


async def test_an_id_from_outside_stays_one_part_of_the_path() -> None:
    async with scripted(error(404)) as vendor, client_for(vendor.url) as client:
        with pytest.raises(NotFoundError):
            await client.service(ServiceId("../customer/retrieve?x=1"))
        assert vendor.seen[0].path == "/1.0/public/user/service/retrieve/..%2Fcustomer%2Fretrieve%3Fx%3D1"


async def test_cancelling_sends_a_body_and_reads_either_list_of_ids() -> None:
    async with scripted(
        answer(200, {"edited": ["API-1"], "proxy_edited": []}), answer(200, {"deleted": ["API-1"]})
    ) as vendor:
        async with client_for(vendor.url) as client:
            said = await client.cancel_service(ServiceId("API-1"), comment="x" * 400, feedback="unused")
            assert said == ["API-1"]
            assert await client.cancel_service(ServiceId("API-1")) == ["API-1"]
        assert vendor.seen[0].json == {"cancel_comment": "x" * 300, "cancel_feedback": "unused"}
        assert vendor.seen[1].json == {}


async def test_proxies_and_certificates_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{closed_port()}")
    async with scripted(ok({"credit_balance": 1})) as vendor, client_for(vendor.url) as client:
        assert (await client.customer()).credit_balance == 1


@pytest.mark.parametrize("url", ["", "api.byteful.com/1.0", "ftp://api.byteful.com", "https://"])
async def test_a_base_url_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="not the address of an API"):
        async with client_for(url):
            pass


# Paging


def page(rows: list[object], total: int = -1, per_page: int = 100) -> Act:
    return answer(200, {"data": rows, "page": 1, "per_page": per_page, "item_count": len(rows), "total_count": total})


def country(number: int) -> dict[str, str]:
    return {"country_id": f"c{number}", "country_name": f"Country {number}"}


async def test_pages_end_with_a_short_one_whatever_the_total_says() -> None:
    pages = [page([country(n) for n in range(start, start + 100)]) for start in (0, 100)]
    async with scripted(*pages, page([country(200)])) as vendor, client_for(vendor.url) as client:
        assert len(await client.countries()) == 201
        assert [seen.path.split("page=")[1].split("&")[0] for seen in vendor.seen] == ["1", "2", "3"]


async def test_pages_smaller_than_asked_for_are_no_short_pages() -> None:
    pages = [page([country(n) for n in range(start, start + 50)], per_page=50) for start in (0, 50)]
    async with scripted(*pages, page([], per_page=50)) as vendor, client_for(vendor.url) as client:
        assert len(await client.countries()) == 100


async def test_a_page_that_comes_again_ends_the_search() -> None:
    same = page([country(n) for n in range(100)])
    async with scripted(same) as vendor, client_for(vendor.url) as client:
        assert len(await client.countries()) == 100
        assert len(vendor.seen) == 2


async def test_pages_have_a_bound() -> None:
    rows = [page([{**SERVICE, "service_id": f"API-{n}-{m}"} for m in range(100)]) for n in range(5)]
    async with scripted(*rows) as vendor, client_for(vendor.url) as client:
        assert len(await client.services(max_pages=3)) == 300


SERVICE = {"service_id": "API-1", "service_total": 100, "service_quantity": 1}


async def test_unreadable_rows_are_left_out_of_lookups_and_stop_a_search_for_services() -> None:
    async with scripted(page([country(1), {"country_id": 5}, "x", None])) as vendor, client_for(vendor.url) as client:
        assert [row.country_id for row in await client.countries()] == ["c1"]
    async with scripted(page([SERVICE, {"service_id": "API-2"}])) as vendor, client_for(vendor.url) as client:
        with pytest.raises(ProviderError, match="service_total"):
            await client.services()


async def test_a_search_without_rows_is_an_error_and_no_empty_list() -> None:
    async with scripted(answer(200, {"message": "odd"})) as vendor, client_for(vendor.url) as client:
        with pytest.raises(ProviderError, match="no list"):
            await client.services()


# The remaining endpoints


async def test_filters_are_written_as_the_vendor_reads_them() -> None:
    async with scripted(page([])) as vendor, client_for(vendor.url) as client:
        await client.ledger(Network.MOBILE, since=datetime(2026, 3, 1, 12, tzinfo=UTC), service_id="1-2")
        await client.log_summaries(since=datetime(2026, 3, 1, tzinfo=UTC))
        await client.products(product_is_active=True, country_id="us")
    assert "mobile_ledger/search?service_id=1-2&min_mobile_ledger_creation_datetime=2026-03-01" in vendor.seen[0].path
    assert "log_summary/search?min_log_summary_period=2026-03-01" in vendor.seen[1].path
    assert "product/search?product_is_active=true&country_id=us" in vendor.seen[2].path


@pytest.mark.parametrize(
    ("data", "count"),
    [({"count": 5}, 5), ({"residential_availability_node_count": 0, "x": "y"}, 0), (7, 7), ({}, None)],
)
async def test_availability_is_the_one_number_in_the_answer(data: object, count: int | None) -> None:
    async with scripted(ok(data)) as vendor, client_for(vendor.url) as client:
        assert await client.availability(Network.RESIDENTIAL, country_id="us") == count


# Keys

LEAKY: dict[str, Act] = {
    **UNCLEAR,
    "401 that quotes the key": error(401, f"The key {PRIVATE} is not known."),
    "422 that quotes the key": error(422, f"The key {PRIVATE} may not buy this."),
    "429": error(429, f"{PRIVATE}: wait 99 seconds"),
    "200 that quotes the key": ok(PRIVATE),
}


@pytest.mark.parametrize("call", ["read", "create"])
@pytest.mark.parametrize("act", LEAKY.values(), ids=LEAKY.keys())
async def test_no_failure_shows_a_key(act: Act, call: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    timing = replace(timing_for(act), attempts=2)
    with structlog.testing.capture_logs() as ours:
        async with scripted(act) as vendor, client_for(vendor.url, timing) as client:
            raised = await fail(client, call)
            await vendor.arrived.wait()
            assert vendor.seen[0].headers["x-api-private-key"] == PRIVATE
            for part in (client, client._sender, client._sender._exchange):
                assert PRIVATE not in repr(part)
                assert PRIVATE not in repr(vars(part))
    told = "".join(traceback.TracebackException.from_exception(raised, capture_locals=True).format())
    assert PRIVATE not in f"{told}{raised!r}{vars(raised)}{ours}{caplog.text}"
    assert raised.__context__ is None
    assert raised.__cause__ is None


@pytest.mark.parametrize("key", ["", "  ", "sk_with space", "sk_line\nbreak", "sk_ümlaut"])
async def test_a_key_that_fits_in_no_header_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(ValueError, match="private API key") as raised:
        async with open_client(public_key=SecretStr(PUBLIC), private_key=SecretStr(key), pace=Pace()):
            pass
    assert not key.strip() or key not in str(raised.value)


async def test_certificates_that_cannot_be_read_send_nothing_and_are_read_again_later(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (broken := tmp_path / "certificates.pem").write_text("half a certificate")
    paths = ssl.get_default_verify_paths()._replace(openssl_cafile=str(broken))
    async with scripted(ok({"service_id": "S1"})) as vendor, client_for(vendor.url) as client:
        with monkeypatch.context() as patched:
            patched.setattr("ssl.get_default_verify_paths", lambda: paths)
            with pytest.raises(NeverSentError):
                await client.create(ASK)
        assert vendor.seen == []
        assert await client.create(ASK) == {"service_id": "S1"}
