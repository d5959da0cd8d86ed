"""Byteful as `bot.ports.Provider`: translates between the vendor's shapes and our values, and says who is at fault.

A quote that does not add up, or that quietly left out a promo code, never becomes a `Quote`. A checkout is sent once;
whatever is unclear about its answer is an `OutcomeUnknownError`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from datetime import UTC, date, datetime, time
from time import monotonic

import structlog
from msgspec.structs import replace

from bot.domain.account import ENDED, Adjustment, UsageDay
from bot.domain.catalog import CREDIT, CREDIT_CODE, Catalog, Field, Filter, Selection, problems_with
from bot.domain.errors import (
    InputError,
    NotFoundError,
    OutcomeUnknownError,
    ProviderError,
    RefusedError,
    SelectionRefusedError,
)
from bot.domain.ids import ServiceId
from bot.domain.money import Cents
from bot.domain.quote import LineItem, Quote, Renewal
from bot.domain.request import Order
from bot.domain.usage import DataPool, Delivered, Network, Service
from bot.ports import LastLook, Urgency
from bot.providers.byteful import shapes, usage
from bot.providers.byteful.answers import REFUSAL, parse
from bot.providers.byteful.client import MAX_METADATA_KEYS, MAX_METADATA_TEXT, BytefulClient
from bot.providers.byteful.places import BytefulPlaces
from bot.providers.byteful.shared_catalog import CATALOG_LIFE_S, SharedCatalog
from bot.providers.byteful.translate import (
    adjustment_of,
    ask_of,
    pool_of,
    product_of,
    quote_of,
    service_of,
    service_order,
    top_up_order,
)
from bot.providers.byteful.values import clean

MAX_SERVICE_PAGES = 200
"""20,000 services."""

_log = structlog.get_logger()


class BytefulProvider:
    """Implements `bot.ports.Provider` for one account."""

    def __init__(
        self,
        client: BytefulClient,
        places: BytefulPlaces,
        *,
        clock: Callable[[], float] = monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._background = client.at(Urgency.BACKGROUND)
        self._places = places
        self._now = now
        self._catalog = SharedCatalog(self._load_catalog, CATALOG_LIFE_S, clock)

    @property
    def places(self) -> BytefulPlaces:
        return self._places

    @property
    def urgent(self) -> BytefulProvider:
        other = copy(self)
        other._client = self._client.at(Urgency.PURCHASE)
        return other

    @property
    def is_away(self) -> bool:
        return self._client.is_away

    @property
    def client(self) -> BytefulClient:
        """The vendor's own endpoints, for what the port does not cover."""
        return self._client

    async def aclose(self) -> None:
        """Ends a catalog refresh that nobody waits for any more. The HTTP pool belongs to whoever opened it."""
        await self._catalog.aclose()

    # Catalog

    async def catalog(self, *, fresh: bool = False) -> Catalog:
        return await self._catalog.get(fresh=fresh)

    async def _load_catalog(self) -> Catalog:
        entries = await self._client.catalog()
        products = (product_of(code, entry) for code, entry in entries.items())
        return {product.code: product for product in products if product is not None} | {CREDIT_CODE: CREDIT}

    # Quote

    async def quote(self, selection: Selection) -> Quote:
        if selection.is_top_up:
            return await self._quote_top_up(selection)
        if selection.service is not None:
            return self._renewal_terms(await self.service(selection.service), renews=not selection.stops_renewal)
        try:
            return await self._ask(selection)
        except (SelectionRefusedError, NotFoundError) as refusal:
            if isinstance(refusal, SelectionRefusedError) and refusal.field is not None:
                raise
            found = refusal
        raise await self._blame(selection, found)

    async def _ask(self, selection: Selection) -> Quote:
        """One question. The refusal of an answer that is valid without the promo code names that field itself."""
        data = await self._client.quote(ask_of(selection))
        verdict = parse(shapes.QuoteVerdict, data, "quote")
        if not verdict.is_valid:
            reason = clean(verdict.invalid_reason) or "Byteful gives no reason."
            raise SelectionRefusedError(f"{REFUSAL}: {reason}")
        priced = parse(shapes.QuoteData, data, "quote")
        if selection.promo_code is not None and not _is_discounted(priced):
            text = f"The promo code {selection.promo_code} gives no discount on this. Leave it empty or try another."
            raise SelectionRefusedError(text, field=Field.PROMO)
        return quote_of(priced, self._now())

    async def _blame(self, selection: Selection, refusal: RefusedError) -> SelectionRefusedError:
        """The refusal with the field at fault. Found by asking again with less, since there are no error codes."""
        try:
            field, sentence = await self._find_fault(selection)
        except ProviderError:
            field, sentence = None, None
        text = f"{sentence} {_in_their_words(refusal)}".strip() if sentence else str(refusal)
        return SelectionRefusedError(text, field=field, status=refusal.status, request_id=refusal.request_id)

    async def _find_fault(self, selection: Selection) -> tuple[str | None, str | None]:
        if fault := await self._fault_by_catalog(selection):
            return fault
        plain = replace(selection, promo_code=None)
        if selection.promo_code and await self._can_be_bought(plain):
            advice = "Capitals may count: write it as it was given, or leave it empty."
            return Field.PROMO, f"The promo code {selection.promo_code} is not accepted. {advice}"
        if selection.filter and await self._can_be_bought(replace(plain, filter=Filter())):
            field = await self._fault_in_filter(plain)
            return field, _FILTER_FAULTS[field]
        return None, None

    async def _fault_by_catalog(self, selection: Selection) -> tuple[str, str] | None:
        """What is wrong by the facts of this moment: stock and cycles may have changed since the form was filled."""
        product = (await self._catalog.get(fresh=True)).get(selection.product_code)
        if product is None:
            return Field.PRODUCT, "This product is no longer sold. Choose another product."
        return next(iter(problems_with(selection, product).items()), None)

    async def _fault_in_filter(self, plain: Selection) -> Field:
        """Which part of the filter cannot be met; with several parts, one more question narrows it down."""
        chosen = plain.filter
        given = _given(chosen)
        if len(given) == 1:
            return given[0]
        network_given = chosen.asn_id is not None
        less = replace(chosen, asn_id=None) if network_given else replace(chosen, city_id=None)
        try:
            first_is_at_fault = await self._can_be_bought(replace(plain, filter=less))
        except ProviderError:
            return given[0]
        if network_given:
            return Field.ASN if first_is_at_fault else given[-1]
        return Field.CITY if first_is_at_fault else Field.SUBDIVISION

    async def _can_be_bought(self, selection: Selection) -> bool:
        try:
            await self._ask(selection)
        except (SelectionRefusedError, NotFoundError):
            return False
        return True

    async def _quote_top_up(self, selection: Selection) -> Quote:
        """The vendor's quote for credit where it gives one. Its guide shows top-ups at checkout only."""
        if problems := problems_with(selection, CREDIT):
            field, sentence = next(iter(problems.items()))
            raise SelectionRefusedError(sentence, field=field)
        try:
            data = await self._client.quote(ask_of(selection))
        except (SelectionRefusedError, NotFoundError):
            return await self._computed_top_up(selection)
        if data.get("is_top_up") is not True:
            return await self._computed_top_up(selection)
        verdict = parse(shapes.QuoteVerdict, data, "quote")
        if not verdict.is_valid:
            reason = clean(verdict.invalid_reason) or "Byteful gives no reason."
            field = Field.PROMO if selection.promo_code else Field.AMOUNT
            raise SelectionRefusedError(f"Byteful does not sell this credit: {reason}", field=field)
        return quote_of(parse(shapes.QuoteData, data, "quote"), self._now())

    async def _computed_top_up(self, selection: Selection) -> Quote:
        """A top-up costs what it adds and is never paid from credit."""
        amount = selection.top_up_cents or 0
        item = LineItem(CREDIT.name, CREDIT.type, 1, amount, amount, is_recurring=False, filter=Filter())
        return Quote(
            line_items=(item,),
            before_discount=amount,
            discount=0,
            total=amount,
            credit_balance=await self.credit_balance(),
            credit_applied=0,
            due=amount,
            promo_code=None,
            quoted_at=self._now(),
        )

    def _renewal_terms(self, service: Service, *, renews: bool) -> Quote:
        """Costs nothing now. The price of a period stands in the line, and its end beside it, for whoever decides."""
        if problem := _renewal_problem(service, renews=renews):
            raise SelectionRefusedError(problem)
        name = f"{service.quantity:,} × {service.name}"
        item = LineItem(name, service.type, service.quantity, service.total, 0, is_recurring=False, filter=Filter())
        return Quote(
            line_items=(item,),
            before_discount=0,
            discount=0,
            total=0,
            credit_balance=0,
            credit_applied=0,
            due=0,
            promo_code=None,
            quoted_at=self._now(),
            renews=Renewal(service.cycle, service.expires_at),
        )

    # Checkout

    async def create_checkout(self, selection: Selection, last_look: LastLook | None = None) -> Order:
        data = await self._client.create(ask_of(selection), last_look)
        try:
            return top_up_order(data, selection.top_up_cents) if selection.top_up_cents else service_order(data)
        except OutcomeUnknownError:
            raise
        except ProviderError as unreadable:
            text = f"Byteful took the checkout, but its answer cannot be trusted. {unreadable}"
        raise OutcomeUnknownError(text)

    # Services

    async def service(self, service_id: ServiceId) -> Service:
        return service_of(await self._client.service(service_id))

    async def delivered(self, service_id: ServiceId) -> Sequence[Delivered]:
        return tuple(Delivered(**row.model_dump()) for row in await self._client.delivered(service_id))

    async def services_since(self, since: datetime) -> Sequence[Service]:
        """Newest first. Rows older than `since` are dropped here too, in case the vendor ignores the filter."""
        earliest = since.astimezone(UTC).replace(microsecond=0)
        rows = await self._client.services(
            enough=lambda page: any(_is_before(row, earliest) for row in page),
            min_service_creation_datetime=earliest,
            sort_by="service_creation_datetime_desc",
        )
        wanted = {row.service_id: service_of(row) for row in rows if not _is_before(row, earliest)}
        return tuple(wanted.values())

    async def all_services(self) -> Sequence[Service]:
        rows = await self._background.services(max_pages=MAX_SERVICE_PAGES, sort_by="service_creation_datetime_asc")
        return tuple({row.service_id: service_of(row) for row in rows}.values())

    async def adjustments(self, since: datetime) -> Sequence[Adjustment]:
        earliest = since.astimezone(UTC).replace(microsecond=0)
        rows = await self._background.adjustments(min_service_adjustment_creation_datetime=earliest)
        wanted = [row for row in rows if row.service_id and _at(row) >= earliest]
        return tuple(adjustment_of(row) for row in sorted(wanted, key=lambda row: row.service_adjustment_id))

    async def adjustments_of(self, service_id: ServiceId) -> Sequence[Adjustment]:
        rows = await self._client.adjustments(service_id=service_id)
        wanted = [row for row in rows if row.service_id == service_id]
        return tuple(adjustment_of(row) for row in sorted(wanted, key=lambda row: row.service_adjustment_id))

    async def set_renewal(self, service_id: ServiceId, *, renews: bool) -> None:
        await self._client.edit_service(service_id, {"service_is_pending_cancellation": not renews})

    async def tag_service(self, service_id: ServiceId, metadata: Mapping[str, str]) -> None:
        if len(metadata) > MAX_METADATA_KEYS:
            raise InputError({Field.PRODUCT: f"A service takes at most {MAX_METADATA_KEYS} labels."})
        cut = {name: text[:MAX_METADATA_TEXT] for name, text in metadata.items()}
        await self._background.edit_service(service_id, {"service_metadata": cut})

    # Usage

    async def usage_since(self, first: date) -> Sequence[UsageDay]:
        since = datetime.combine(first, time(), UTC)
        rows = [await self._from_ledger(network, since) for network in Network]
        rows.append(await self._from_logs(since))
        return usage.summed(row for found in rows for row in found if row.day >= first)

    async def _from_ledger(self, network: Network, since: datetime) -> list[UsageDay]:
        """Residential and mobile data, by service. A network never bought has no ledger."""
        try:
            return usage.of_ledger(network, await self._background.ledger(network, since=since))
        except RefusedError as refusal:
            if refusal.status in (404, 422):
                return []
            raise

    async def _from_logs(self, since: datetime) -> list[UsageDay]:
        """Datacenter and ISP traffic, which no ledger counts, by who used it."""
        rows: list[shapes.LogSummaryRow] = []
        for network in usage.LOGGED:
            rows += await self._background.log_summaries(since=since, log_summary_network=network)
        only = usage.only_services(await self._background.proxy_users()) if rows else {}
        return usage.of_logs(rows, only)

    # Account

    async def credit_balance(self) -> Cents:
        return (await self._client.customer()).credit_balance

    async def data_pools(self) -> Sequence[DataPool]:
        found = [await self._data_pool(network) for network in Network]
        return tuple(pool for pool in found if pool is not None)

    async def _data_pool(self, network: Network) -> DataPool | None:
        """None for a network never bought, which is said by 404 or 422 (Byteful's SDK accepts both)."""
        try:
            summary = await self._client.summary(network)
        except NotFoundError:
            return None
        except RefusedError as refusal:
            if refusal.status == 422:
                return None
            raise
        return pool_of(network, summary)


def _renewal_problem(service: Service, *, renews: bool) -> str | None:
    if service.status in ENDED:
        return f"Service {service.id} has ended already."
    if renews == (not service.is_pending_cancellation):
        return f"Service {service.id} {'renews' if renews else 'is set to end with its paid period'} already."
    if not renews and not service.is_cancellable:
        return f"Byteful does not let the renewal of service {service.id} be stopped. Write to its support."
    return None


def _in_their_words(refusal: RefusedError) -> str:
    """The vendor's own reason, which may say more than where the fault lies: `expired`, `used up`."""
    text = str(refusal)
    reason = text.removeprefix(f"{REFUSAL}: ")
    return f"(Byteful: {reason})" if reason != text else ""


def _is_discounted(data: shapes.QuoteData) -> bool:
    return data.promotional_code is not None and data.discounted is not False and data.discount > 0


_FILTER_FAULTS = {
    Field.ASN: "Byteful has none of this network for this product. Choose another network or leave it empty.",
    Field.SUBDIVISION: "Byteful has none in this region for this product. Choose another region or leave it empty.",
    Field.CITY: "Byteful has none in this city for this product. Choose another city or leave it empty.",
}


def _given(chosen: Filter) -> list[Field]:
    values = {Field.ASN: chosen.asn_id, Field.SUBDIVISION: chosen.subdivision_id, Field.CITY: chosen.city_id}
    return [field for field, value in values.items() if value is not None]


def _at(row: shapes.AdjustmentRow) -> datetime:
    """One without a time is always looked at: it is told by its number anyway."""
    return row.service_adjustment_creation_datetime or datetime.max.replace(tzinfo=UTC)


def _is_before(row: shapes.ServiceRow, moment: datetime) -> bool:
    return row.service_creation_datetime is not None and row.service_creation_datetime < moment
