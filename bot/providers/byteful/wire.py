"""Byteful's shapes: what its answers look like, and what each of them means for the bot.

`read` turns an answer into a value or raises from the tree in `bot.domain.errors`; nothing else decides which error a
status means. Models ignore fields they do not know and miss none they can do without. Money is strict: anything but a
whole number stops. Times carry no zone and are read as UTC here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Annotated, Any, TypeVar

import msgspec
import structlog
from msgspec import Struct
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictStr, ValidationError

from bot.domain.errors import (
    AccessError,
    NotFoundError,
    OutcomeUnknownError,
    ProviderError,
    RateLimitedError,
    RefusedError,
    SecondFactorError,
    SelectionRefusedError,
)

MAX_TEXT = 300
"""Characters of the provider's own words that are shown or logged."""
DEFAULT_RATE_WAIT_S = 1.0
"""The limit is documented per second; no header is (Byteful docs, "Rate limits")."""
MAX_CENTS = 10**12
REFUSAL = "Byteful does not sell this as it stands"

Json = dict[str, Any]
_log = structlog.get_logger()


class Call(Enum):
    """What a request may do: that decides what its failure means."""

    READ = "read"
    QUOTE = "quote"
    CREATE = "create"
    CHANGE = "change"

    @property
    def changes_something(self) -> bool:
        return self in {Call.CREATE, Call.CHANGE}

    @property
    def is_about_a_selection(self) -> bool:
        return self in {Call.QUOTE, Call.CREATE}


class Answer(Struct, frozen=True):
    """An HTTP answer read to its end. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


# Answers and errors


def read(answer: Answer, call: Call) -> Json:
    """The JSON object of a good answer. Raises a ProviderError for every other."""
    found = _object(answer.body)
    if 200 <= answer.status < 300 and found is not None:
        return found
    raise _failure(answer, found, call)


def _object(body: bytes) -> Json | None:
    try:
        found = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _failure(answer: Answer, found: Json | None, call: Call) -> ProviderError:
    """The error an answer means. A request that changes something is refused only by the documented shape."""
    error = _Error.of(found)
    match answer.status:
        case 429 if not call.changes_something:
            wait_s = _wait_s(answer.headers, error.message)
            text = "Byteful takes no more requests from this account for the moment."
            return RateLimitedError(text, wait_s=wait_s, request_id=error.request_id)
        case 401 | 403 if error.is_documented or not call.changes_something:
            return error.access(answer.status)
        case 404 if error.is_documented:
            return NotFoundError(error.words("Byteful finds no such thing"), status=404, request_id=error.request_id)
        case 400 | 409 | 422 if error.is_documented and call.is_about_a_selection:
            text = error.words(REFUSAL)
            return SelectionRefusedError(text, status=answer.status, request_id=error.request_id)
        case 400 | 405 | 409 | 422 if error.is_documented:
            text = error.words("Byteful refuses this")
            return RefusedError(text, status=answer.status, request_id=error.request_id)
    text = f"Byteful gave no usable answer (HTTP {answer.status})."
    return OutcomeUnknownError(text, status=answer.status, request_id=error.request_id)


class _Error(Struct, frozen=True):
    """The documented error body: `error`, `message`, `api_request_id`, and the second-factor fields of a 403."""

    is_documented: bool
    wants_second_factor: bool
    message: str
    request_id: str | None

    @classmethod
    def of(cls, found: Json | None) -> _Error:
        body = found or {}
        factor = any(name.startswith("two_factor_authentication_") for name in body)
        shape = isinstance(body.get("error"), str) and isinstance(body.get("message"), str)
        request_id = clean(body.get("api_request_id"), 64) or None
        return cls(shape or factor, factor, clean(body.get("message")), request_id)

    def words(self, what: str) -> str:
        return f"{what}: {self.message}" if self.message else f"{what}."

    def access(self, status: int) -> AccessError:
        if status == 403 and self.wants_second_factor:
            text = "Byteful asks for a second factor. An admin has to confirm in the Byteful dashboard, then try again."
            return SecondFactorError(text, status=status, request_id=self.request_id)
        text = self.words("Byteful does not accept our API keys for this. An admin has to check them")
        return AccessError(text, status=status, request_id=self.request_id)


_SECONDS = re.compile(r"(\d+(?:\.\d+)?)\s*(?:s|secs?|seconds?)\b", re.IGNORECASE)


def _wait_s(headers: Mapping[str, str], message: str) -> float:
    """Seconds to stay away: the Retry-After header, else a number of seconds in the text, else one second."""
    asked = _retry_after_s(headers.get("retry-after", ""))
    if asked is None and (match := _SECONDS.search(message)):
        asked = float(match.group(1))
    return DEFAULT_RATE_WAIT_S if asked is None else asked


def _retry_after_s(text: str) -> float | None:
    if re.fullmatch(r"\d+(\.\d+)?", text.strip()):
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
_MARKUP = re.compile(r"<\s*(?:!doctype|html|head|body)\b", re.IGNORECASE)


def clean(text: object, limit: int = MAX_TEXT) -> str:
    """Text of the provider, fit to show: one line, no control or direction characters, no markup pages, cut."""
    if not isinstance(text, str):
        return ""
    line = " ".join(_CONTROL.sub(" ", text).split())
    return "" if _MARKUP.search(line) else cut(line, limit)


def cut(line: str, limit: int) -> str:
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


# Values


def parse_utc(text: str) -> datetime | None:
    """A time as `2025-03-25 14:25:36` or ISO 8601. Without a zone it is UTC: Byteful names none."""
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def format_utc(at: datetime) -> str:
    """A time the way Byteful's filters take it."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _datetime(value: object) -> datetime | None:
    return parse_utc(value) if isinstance(value, str) else None


def _object_or_empty(value: object) -> object:
    return value if isinstance(value, dict) else {}


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else None


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _int_or_none(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


Cents = Annotated[int, Field(strict=True, ge=-MAX_CENTS, le=MAX_CENTS)]
Count = Annotated[int, Field(strict=True, ge=0)]
Flag = Annotated[bool, BeforeValidator(lambda value: value is True)]
"""True only for JSON true: absent, null and anything else are False."""
Text = Annotated[str | None, BeforeValidator(_text_or_none)]
Whole = Annotated[int | None, BeforeValidator(_int_or_none)]
Lower = Annotated[str | None, BeforeValidator(_lower)]
When = Annotated[datetime | None, BeforeValidator(_datetime)]
Object = Annotated[dict[str, Any], BeforeValidator(_object_or_empty)]
Texts = Annotated[
    list[str],
    BeforeValidator(lambda value: [each for each in value if isinstance(each, str)] if isinstance(value, list) else []),
]


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)  # most processes read few of them


class Ask(Wire):
    """The body of a quote and of a checkout. Metadata is not part of it: no source documents that."""

    product_code: str
    quantity: int
    cycle_interval: str
    cycle_interval_count: int
    promotional_code: str | None = None
    service_fulfillment_filter: dict[str, int | str] | None = None
    top_up_amount: int | None = None

    def body(self) -> Json:
        return self.model_dump(exclude_none=True)


class CatalogEntry(Wire):
    """One product on sale. Stock null and -1 mean that nobody counts it (Byteful docs)."""

    product_type: StrictStr
    product_is_available: StrictBool
    product_is_per_ip: StrictBool
    product_cycle_options: Texts = []
    product_name: Text = None
    product_protocol: Lower = None
    product_stock: Annotated[int, Field(strict=True)] | None = None
    country_id: Lower = None


class ProductRow(Wire):
    """One row of product/search: the long form of a product, without its product code."""

    product_id: StrictStr
    product_name: Text = None
    product_type: Text = None
    product_protocol: Lower = None
    country_id: Lower = None
    product_description: Text = None
    product_stock: Whole = None
    product_is_available: Flag = False
    product_is_per_ip: Flag = False


class LineItemData(Wire):
    item_name: Text = None
    item_type: Text = None
    item_price_type: Text = None
    item_quantity: Count
    item_per_unit_amount: Cents
    item_total: Cents
    service_fulfillment_filter: Object = {}


class QuoteVerdict(Wire):
    """Whether there is a price at all; sums are read only when there is."""

    is_valid: StrictBool
    invalid_reason: Text = None


class QuoteData(Wire):
    line_items: list[LineItemData]
    before_discount_total: Cents
    discount: Cents
    total: Cents
    credit_balance: Cents
    customer_credit_balance_applied_amount: Cents
    total_after_applied_credit: Cents
    discounted: StrictBool | None = None
    promotional_code: Text = None
    is_top_up: Flag = False


class ServiceRow(Wire):
    service_id: Annotated[StrictStr, Field(min_length=1)]
    service_total: Cents
    service_quantity: Count
    service_name: Text = None
    service_type: Text = None
    service_status: Text = None
    service_cycle: Text = None
    country_id: Lower = None
    service_fulfillment_filter: Object = {}
    service_metadata: Object = {}
    service_creation_datetime: When = None
    service_dispatch_datetime: When = None
    service_expiry_datetime: When = None
    open_invoice_id: Text = None
    service_is_pending_cancellation: Flag = False
    service_is_cancellable: Flag = False
    service_is_automatic_collection: Flag = False
    service_promotional_code: Text = None


class DeliveredRow(Wire):
    """A delivered proxy: where it is. Its row holds live credentials, so nothing else of it is read."""

    asn_id: Whole = None
    country_id: Lower = None
    subdivision_id: Lower = None
    city_id: Whole = None


class DeliveredData(Wire):
    """A service asked for with its proxies. Without the list nothing is known, which is not the same as none."""

    proxies: list[DeliveredRow]


class CheckoutData(Wire):
    """What checkout/create gives. The service is read apart, since a top-up has none. Proxies are never read."""

    invoice_is_paid: StrictBool
    invoice_url: Text = None
    created: Texts = []
    service_id: Text = None
    service: Object = {}


class NewServiceData(Wire):
    """What an order takes from the service in a checkout's answer: its price before credit, and its first status."""

    service_total: Cents
    service_status: Text = None


class CustomerData(Wire):
    """The account. Nearly all of it is personal data, so nearly nothing is read."""

    credit_balance: Cents
    customer_id: Whole = None
    proxy_count: Whole = None


class SummaryData(Wire):
    """Data of one network in bytes; the vendor's `residential_` or `mobile_` prefix is taken off."""

    bytes: Whole = None
    bytes_used: Whole = None
    bytes_left: Whole = None
    requests: Whole = None
    service_id: Text = None
    service_expiry_datetime: When = None


class LedgerRow(Wire):
    """One movement of a data pool, in bytes. The sign of usage is not documented: take its absolute value."""

    id: StrictStr
    bytes: Annotated[int, Field(strict=True)]
    reason: Text = None
    requests: Whole = None
    period_date: When = None
    creation_datetime: When = None
    service_id: Text = None


class LogSummaryRow(Wire):
    """Traffic of one day by proxy user, network and host name."""

    log_summary_id: StrictStr
    proxy_user_id: Text = None
    log_summary_network: Text = None
    log_summary_hostname: Text = None
    log_summary_requests: Count = 0
    log_summary_bytes: Count = 0
    log_summary_period: When = None


class AdjustmentRow(Wire):
    """One line of a service's history at the vendor. `evaluated` maps a field to [before, after]."""

    service_adjustment_id: Annotated[int, Field(strict=True)]
    service_id: Text = None
    invoice_id: Text = None
    service_adjustment_type: Text = None
    service_adjustment_status: Text = None
    service_adjustment_is_customer: Flag = False
    service_adjustment_is_automatic: Flag = False
    service_adjustment_is_administrator: Flag = False
    service_adjustment_creation_datetime: When = None
    evaluated: Object = Field(default={}, alias="service_adjustment_eval")


class ProxyUserRow(Wire):
    """Who may use which services. Its row holds a password, so nothing else of it is read."""

    proxy_user_id: StrictStr
    proxy_user_access_type: Text = None
    proxy_user_is_service_restricted: Flag = False
    restricted_service_ids: Texts = []


class CountryRow(Wire):
    country_id: Annotated[StrictStr, BeforeValidator(_lower)]
    country_name: StrictStr


class SubdivisionRow(Wire):
    subdivision_id: Annotated[StrictStr, BeforeValidator(_lower)]
    subdivision_name: StrictStr
    country_id: Annotated[StrictStr, BeforeValidator(_lower)]


class CityRow(Wire):
    """A city hangs on its subdivision; it names no country (Byteful docs)."""

    city_id: Annotated[int, Field(strict=True)]
    city_name: StrictStr
    subdivision_id: Annotated[StrictStr, BeforeValidator(_lower)]


class AsnRow(Wire):
    asn_id: Annotated[int, Field(strict=True)]
    asn_name: StrictStr
    country_id: Lower = None


# Reading models out of answers

Model = TypeVar("Model", bound=BaseModel)


def parse(model: type[Model], data: object, what: str) -> Model:
    """A model, or a ProviderError that names the fields that cannot be read. Values are not repeated."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        fields = sorted({".".join(str(part) for part in problem["loc"]) or "data" for problem in error.errors()})
    raise ProviderError(f"Byteful's {what} cannot be read: {clean(', '.join(fields[:5]))} is missing or malformed.")


def whole(model: type[Model], what: str, prefix: str = "") -> Callable[[list[Any]], list[Model]]:
    """Reads every row of a page, or stops: for records, where a missing one would be taken for absent."""
    return lambda rows: [parse(model, without_prefix(row, prefix), what) for row in rows]


def readable(model: type[Model], what: str) -> Callable[[list[Any]], list[Model]]:
    """Reads the rows that can be read and counts the others in the log: for lookups, where one does not matter."""

    def read_rows(rows: list[Any]) -> list[Model]:
        kept: list[Model] = []
        for row in rows:
            with suppress(ValidationError):
                kept.append(model.model_validate(row))
        if len(kept) < len(rows):
            _log.warning("byteful_rows_unreadable", what=what, skipped=len(rows) - len(kept), kept=len(kept))
        return kept

    return read_rows


def parse_catalog(data: object) -> dict[str, CatalogEntry]:
    """Every readable entry by product code; an unreadable one must not hide the rest."""
    if not isinstance(data, dict):
        raise ProviderError("Byteful's catalog cannot be read: it is not an object.")
    entries: dict[str, CatalogEntry] = {}
    for code, row in data.items():
        try:
            entries[code] = CatalogEntry.model_validate(row)
        except ValidationError as error:
            fields = [str(problem["loc"][-1]) for problem in error.errors() if problem["loc"]]
            _log.warning("byteful_product_unreadable", product=clean(code, 64), fields=fields)
    return entries


def without_prefix(row: object, prefix: str) -> object:
    """A row with the vendor's `residential_` or `mobile_ledger_` taken off its field names."""
    if not prefix or not isinstance(row, dict):
        return row
    return {str(name).removeprefix(prefix): value for name, value in row.items()}
