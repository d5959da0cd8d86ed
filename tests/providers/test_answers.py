"""Byteful's shapes, without a socket: values, texts and what becomes of malformed answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.catalog import Cycle, Filter, Selection, top_up
from bot.domain.errors import AccessError, OutcomeUnknownError, ProviderError, RateLimitedError, SelectionRefusedError
from bot.domain.ids import ProductCode
from bot.domain.usage import Network
from bot.providers.byteful import answers, shapes
from bot.providers.byteful.answers import Answer, Call
from bot.providers.byteful.translate import ask_of, filter_of, link_of, pool_of, product_of, quote_of, service_of
from bot.providers.byteful.values import format_utc, parse_utc

NOW = datetime(2026, 3, 1, tzinfo=UTC)
QUOTE: dict[str, Any] = {
    "before_discount_total": 1750,
    "credit_balance": 500,
    "credit_only_checkout": False,
    "customer_credit_balance_applied": True,
    "customer_credit_balance_applied_amount": 500,
    "discount": 175,
    "discounted": True,
    "is_valid": True,
    "line_items": [
        {
            "item_country_id": "us",
            "item_name": "Static Residential ISP Proxies [US]",
            "item_per_unit_amount": 350,
            "item_price_type": "recurring",
            "item_quantity": 5,
            "item_total": 1750,
            "item_type": "isp",
            "service_fulfillment_filter": {},
        }
    ],
    "promotional_code": "WELCOME10",
    "total": 1575,
    "total_after_applied_credit": 1075,
}
SUMS = [
    "before_discount_total",
    "credit_balance",
    "customer_credit_balance_applied_amount",
    "discount",
    "total",
    "total_after_applied_credit",
]


def refusal(
    status: int, message: object, call: Call = Call.READ, headers: dict[str, str] | None = None
) -> ProviderError:
    body = json.dumps({"error": "Name", "message": message}).encode()
    with pytest.raises(ProviderError) as raised:
        answers.read(Answer(status, headers or {}, body), call)
    return raised.value


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-03-25 14:25:36", datetime(2025, 3, 25, 14, 25, 36, tzinfo=UTC)),
        ("2025-03-25T14:25:36Z", datetime(2025, 3, 25, 14, 25, 36, tzinfo=UTC)),
        ("2025-03-25T14:25:36.250Z", datetime(2025, 3, 25, 14, 25, 36, 250_000, tzinfo=UTC)),
        ("2025-03-25T16:25:36+02:00", datetime(2025, 3, 25, 14, 25, 36, tzinfo=UTC)),
        ("2025-03-25", datetime(2025, 3, 25, tzinfo=UTC)),
        ("2025-03-30 02:30:00", datetime(2025, 3, 30, 2, 30, tzinfo=UTC)),
        ("null", None),
        ("", None),
        ("0000-00-00 00:00:00", None),
        ("1743000000", None),
    ],
)
def test_t50_times_without_a_zone_are_utc(text: str, moment: datetime | None) -> None:
    assert parse_utc(text) == moment


def test_times_are_written_for_filters_in_utc() -> None:
    east = timezone(timedelta(hours=14))
    assert format_utc(datetime(2025, 3, 26, 4, 25, 36, 999, tzinfo=east)) == "2025-03-25 14:25:36"


# Money


def read_quote(data: dict[str, Any]) -> Any:
    return quote_of(answers.parse(shapes.QuoteData, data, "quote"), NOW)


def test_the_documented_quote_is_read_as_it_is() -> None:
    quote = read_quote(QUOTE)
    assert (quote.before_discount, quote.discount, quote.total, quote.credit_applied, quote.due) == (
        1750,
        175,
        1575,
        500,
        1075,
    )
    assert (quote.promo_code, quote.credit_balance, quote.quoted_at) == ("WELCOME10", 500, NOW)


@pytest.mark.parametrize("field", SUMS)
@pytest.mark.parametrize("value", [None, "1575", 1575.0, True, [], 10**13, float("nan")])
def test_t67_a_sum_that_is_no_whole_number_stops(field: str, value: object) -> None:
    with pytest.raises(ProviderError, match=field) as raised:
        read_quote(QUOTE | {field: value})
    assert type(raised.value) is ProviderError
    assert raised.value.__context__ is None


@pytest.mark.parametrize("field", SUMS)
def test_t67_a_sum_that_is_missing_stops(field: str) -> None:
    with pytest.raises(ProviderError, match=field):
        read_quote({name: value for name, value in QUOTE.items() if name != field})


@pytest.mark.parametrize("field", ["item_total", "item_per_unit_amount", "item_quantity"])
@pytest.mark.parametrize("value", [None, "350", 350.0, False])
def test_t67_so_does_one_in_a_line(field: str, value: object) -> None:
    with pytest.raises(ProviderError, match=field):
        read_quote(QUOTE | {"line_items": [QUOTE["line_items"][0] | {field: value}]})


@pytest.mark.parametrize("field", [field for field in SUMS if field != "credit_balance"])
def test_t48_sums_that_differ_stop(field: str) -> None:
    with pytest.raises(ProviderError, match="sums"):
        read_quote(QUOTE | {field: QUOTE[field] + 1})


@pytest.mark.parametrize("value", [None, 1, "true"])
def test_a_verdict_that_is_neither_yes_nor_no_stops(value: object) -> None:
    with pytest.raises(ProviderError, match="is_valid"):
        answers.parse(shapes.QuoteVerdict, {"is_valid": value}, "quote")


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists)
    | st.dictionaries(
        st.sampled_from([*SUMS, "line_items", "promotional_code", "x"]), st.integers() | st.text() | st.none()
    )
)
def test_whatever_a_quote_holds_it_is_read_or_refused(data: object) -> None:
    try:
        quote = quote_of(answers.parse(shapes.QuoteData, data, "quote"), NOW)
    except ProviderError:
        return
    assert quote.sums_agree()


# Answers


@given(st.integers(100, 599), st.binary(max_size=200), st.sampled_from(Call))
def test_bytes_are_an_object_or_an_error_and_to_a_change_they_prove_nothing(
    status: int, body: bytes, call: Call
) -> None:
    try:
        kind: type = type(answers.read(Answer(status, {}, body), call))
    except ProviderError as error:
        kind = type(error)
    if call.changes_something:
        assert kind in {dict, OutcomeUnknownError}
    else:
        assert kind in {dict, OutcomeUnknownError, AccessError, RateLimitedError}


def test_the_vendors_text_is_cut_and_cleaned() -> None:
    shown = str(refusal(422, "Bad\n\n\u202evalue\x00 \x1b[31m" + "x" * 1_000, Call.QUOTE))
    assert len(shown) < 360
    assert shown.isprintable()
    assert "Bad value" in shown
    assert shown.endswith("…")


@pytest.mark.parametrize("message", ["<!DOCTYPE html><p>x", "<html><body>x</body></html>", None, 5, {"a": 1}])
def test_pages_and_things_that_are_no_text_are_not_shown(message: object) -> None:
    shown = str(refusal(422, message, Call.QUOTE))
    assert "<" not in shown
    assert "None" not in shown


@pytest.mark.parametrize("call", [Call.READ, Call.QUOTE])
def test_a_selection_is_refused_only_where_there_is_one(call: Call) -> None:
    assert isinstance(refusal(422, "no", call), SelectionRefusedError) is (call is Call.QUOTE)


@pytest.mark.parametrize(
    ("headers", "message", "wait_s"),
    [
        ({"retry-after": "7"}, "", 7),
        ({"retry-after": "0.5"}, "in 45 seconds", 0.5),
        ({"retry-after": "soon"}, "try again in 45 seconds.", 45),
        ({}, "try again in 1.5s", 1.5),
        ({}, "limit of 10 requests", answers.DEFAULT_RATE_WAIT_S),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, "", 0),
    ],
)
def test_t64_how_long_to_stay_away(headers: dict[str, str], message: str, wait_s: float) -> None:
    error = refusal(429, message, headers=headers)
    assert isinstance(error, RateLimitedError)
    assert error.wait_s == wait_s


def test_a_moment_to_wait_for_becomes_seconds() -> None:
    later = datetime.now(UTC) + timedelta(seconds=60)
    error = refusal(429, "", headers={"retry-after": format_datetime(later, usegmt=True)})
    assert isinstance(error, RateLimitedError)
    assert 50 < error.wait_s <= 60


# Catalog

ENTRY: dict[str, Any] = {
    "country_id": "US",
    "product_cycle_options": ["1:month", "5:moons", "1:year"],
    "product_is_available": True,
    "product_is_per_ip": True,
    "product_name": "ISP [US]",
    "product_protocol": "ipv4",
    "product_stock": 10,
    "product_type": "isp",
}


def test_an_entry_that_cannot_be_read_does_not_hide_the_others() -> None:
    broken = {
        "no_type": {name: value for name, value in ENTRY.items() if name != "product_type"},
        "text_stock": ENTRY | {"product_stock": "10"},
        "not_an_object": 5,
    }
    assert list(answers.parse_catalog({**broken, "isp_us": ENTRY})) == ["isp_us"]


@pytest.mark.parametrize("data", [None, [], "x"])
def test_a_catalog_that_is_no_object_is_an_error(data: object) -> None:
    with pytest.raises(ProviderError):
        answers.parse_catalog(data)


@pytest.mark.parametrize(("given_stock", "stock"), [(None, None), (-1, None), (0, 0), (10, 10), (-7, 0)])
def test_t44_stock(given_stock: int | None, stock: int | None) -> None:
    product = product_of("isp_us", shapes.CatalogEntry.model_validate(ENTRY | {"product_stock": given_stock}))
    assert product is not None
    assert product.stock == stock


def test_cycles_we_do_not_understand_are_not_offered() -> None:
    product = product_of("isp_us", shapes.CatalogEntry.model_validate(ENTRY))
    assert product is not None
    assert (product.cycles, product.country_id) == ((Cycle(1, "month"), Cycle(1, "year")), "us")
    assert product_of("isp_us", shapes.CatalogEntry.model_validate(ENTRY | {"product_cycle_options": ["x"]})) is None


# Requests


def test_a_request_holds_what_was_chosen_and_nothing_else() -> None:
    plain = Selection(ProductCode("isp_us"), 5, Cycle(3, "month"), None, Filter(), None)
    assert ask_of(plain).body() == {
        "product_code": "isp_us",
        "quantity": 5,
        "cycle_interval": "month",
        "cycle_interval_count": 3,
    }
    assert ask_of(top_up(5_000)).body() == {
        "product_code": "credit",
        "quantity": 1,
        "cycle_interval": "month",
        "cycle_interval_count": 1,
        "top_up_amount": 5_000,
    }


@given(st.builds(Filter, st.none() | st.integers(0), st.none() | st.text(min_size=1), st.none() | st.integers(0)))
def test_a_filter_comes_back_as_it_went(chosen: Filter) -> None:
    asked = ask_of(Selection(ProductCode("x"), 1, Cycle(1, "month"), None, chosen, None))
    assert filter_of(asked.service_fulfillment_filter or {}) == chosen


def test_a_filter_of_unknown_kinds_is_no_filter() -> None:
    assert filter_of({"asn_id": "7018", "city_id": True, "subdivision_id": 5, "zip_code_id": 1}) == Filter()


# Services and pools


def test_t67_a_service_with_the_fewest_fields_is_still_a_service() -> None:
    row = answers.parse(shapes.ServiceRow, {"service_id": "1-2", "service_total": 0, "service_quantity": 0}, "service")
    service = service_of(row)
    assert (service.id, service.name, service.status, service.cycle) == ("1-2", "1-2", "unknown", None)
    assert (service.created_at, service.metadata, service.is_cancellable) == (None, {}, False)


@pytest.mark.parametrize("data", [{}, {"proxies": None}, {"proxies": {}}, {"proxies": ["x"]}, None])
def test_t67_a_delivery_without_its_list_is_not_an_empty_delivery(data: object) -> None:
    with pytest.raises(ProviderError, match="delivery cannot be read"):
        answers.parse(shapes.DeliveredData, data, "delivery")


def test_n21_of_a_delivered_proxy_only_its_place_is_read() -> None:
    row = {"asn_id": 7018, "country_id": "US", "subdivision_id": "US-TX", "city_id": 75202, "proxy_password": "hush"}
    read = answers.parse(
        shapes.DeliveredData, {"proxies": [row, {"asn_id": "AS1", "proxy_ip_address": "hush"}]}, "delivery"
    )
    assert "hush" not in repr(read)
    assert [one.model_dump() for one in read.proxies] == [
        {"asn_id": 7018, "country_id": "us", "subdivision_id": "us-tx", "city_id": 75202},
        {"asn_id": None, "country_id": None, "subdivision_id": None, "city_id": None},
    ]


def test_metadata_keeps_simple_values_only() -> None:
    row = {"service_id": "1", "service_total": 1, "service_quantity": 1, "service_cycle": "x:y"}
    values = {"a": "x", "b": 1, "c": 1.5, "d": True, "e": None, "f": [1], "g": {}}
    assert service_of(answers.parse(shapes.ServiceRow, row | {"service_metadata": values}, "service")).metadata == {
        "a": "x",
        "b": 1,
        "c": 1.5,
        "d": True,
    }


@pytest.mark.parametrize(
    ("text", "is_link"),
    [
        ("https://invoice.stripe.com/i/acct_1/test_2", True),
        ("http://127.0.0.1:8000/invoice/in_1", True),
        ("javascript:alert(1)", False),
        ("https://", False),
        ("//invoice.example.com", False),
        ("https://a.example|Approve", False),
        ("https://a.example/<x>", False),
        ("https://a.example/\n", False),
        ("http://[", False),
        ("", False),
        (None, False),
    ],
)
def test_only_web_addresses_become_links(text: str | None, is_link: bool) -> None:
    assert link_of(text) == (text if is_link else None)


def test_a_pool_is_read_under_either_prefix() -> None:
    for network in Network:
        data = {f"{network}_bytes": 30, f"{network}_bytes_used": 10, f"{network}_bytes_left": 20, "service_id": "1-2"}
        summary = answers.parse(shapes.SummaryData, answers.without_prefix(data, f"{network}_"), "summary")
        pool = pool_of(network, summary)
        assert pool is not None
        assert (pool.total_bytes, pool.used_bytes, pool.left_bytes, pool.service_id) == (30, 10, 20, "1-2")


def test_no_numbers_are_no_pool_and_half_of_them_are_an_error() -> None:
    assert pool_of(Network.MOBILE, shapes.SummaryData()) is None
    with pytest.raises(ProviderError):
        pool_of(Network.MOBILE, shapes.SummaryData(bytes=5))
