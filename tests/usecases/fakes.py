"""Small stand-ins for what the use-cases talk to: a vendor and a directory in memory, and a store that can be stopped.

They keep state and count what was done. Each has named moments at which a test may step in: see `Moments`.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from msgspec.structs import replace

from bot.domain.account import Adjustment, UsageDay
from bot.domain.catalog import Catalog, Filter, Selection
from bot.domain.errors import ChatError, NotFoundError, SelectionRefusedError
from bot.domain.home import Home
from bot.domain.ids import ChannelId, RequestId, ServiceId, UserId, WorkspaceId
from bot.domain.money import Cents
from bot.domain.policy import Person, Role
from bot.domain.quote import Quote
from bot.domain.request import Order, PurchaseRequest
from bot.domain.usage import DataPool, Delivered, Service
from bot.ports import LastLook, MessageRef, PlaceOption, Saying, Spot
from bot.store.line import SharedClient
from bot.store.redis import RedisStore
from bot.usecases.desk import utcnow
from tests.examples import APPROVER, FINANCE, INVOICE_URL, REQUESTER, SECOND_APPROVER, data_product, product, quote

GUEST, STRANGER, ROBOT = UserId("U0GUEST"), UserId("U0STRANGER"), UserId("U0ROBOT")
OUTSIDER = UserId("U0NOROLE")


class KilledError(BaseException):
    """The process ends here: nothing that catches errors may catch this."""


Deed = BaseException | Callable[[], Awaitable[None] | None]


class Moments:
    """What shall happen at which moment, each once and in order; `always` for every time."""

    def __init__(self) -> None:
        self.passed: list[str] = []
        self._deeds: dict[str, list[Deed]] = {}
        self._always: dict[str, Deed] = {}

    def at(self, moment: str, *deeds: Deed) -> None:
        self._deeds.setdefault(moment, []).extend(deeds)

    def always(self, moment: str, deed: Deed) -> None:
        self._always[moment] = deed

    def forget(self) -> None:
        self._deeds.clear()
        self._always.clear()

    async def come(self, moment: str) -> None:
        self.passed.append(moment)
        waiting = self._deeds.get(moment)
        deed = waiting.pop(0) if waiting else self._always.get(moment)
        if isinstance(deed, BaseException):
            raise deed
        if deed is not None and inspect.isawaitable(done := deed()):
            await done


class FakePlaces:
    is_loaded = True

    def __init__(self) -> None:
        self.problems: dict[str, str] = {}

    async def keep_fresh(self) -> None:
        return

    def search_asns(self, query: str, country_id: str | None) -> list[PlaceOption]:
        return []

    def search_subdivisions(self, query: str, country_id: str | None) -> list[PlaceOption]:
        return []

    def search_cities(self, query: str, country_id: str | None, subdivision_id: str | None) -> list[PlaceOption]:
        return []

    def country(self, country_id: str) -> str | None:
        return None

    def describe(self, chosen: Filter) -> str | None:
        return f"AS{chosen.asn_id}" if chosen.asn_id else None

    def problems_with(self, chosen: Filter, country_id: str | None) -> Mapping[str, str]:
        return self.problems


class FakeProvider:
    """Sells what it is asked for and keeps it.

    Moments: catalog, quote, services, create, sold, tag, service, delivered.
    `create` comes before anything is sold, `sold` after it and before the answer.
    """

    def __init__(self, moments: Moments) -> None:
        self.moments = moments
        self.places = FakePlaces()
        self.products: Catalog = {one.code: one for one in (product(), data_product())}
        self.per_unit: Cents = 350
        self.balance: Cents = 0
        self.promo_discount: Cents = 100
        self.is_promo_over = False
        self.asked_to_sell: list[Selection] = []
        self.services: list[Service] = []
        self.proxies: dict[ServiceId, list[Delivered]] = {}
        self.credit_sold: list[Cents] = []
        self.adjusted: list[Adjustment] = []
        self.usage: list[UsageDay] = []
        self.pools: list[DataPool] = []
        self.edits: list[tuple[ServiceId, bool]] = []
        self.tags: dict[ServiceId, Mapping[str, str]] = {}

    @property
    def creates(self) -> int:
        return len(self.asked_to_sell)

    @property
    def sold(self) -> int:
        return len(self.services) + len(self.credit_sold)

    is_away = False

    @property
    def urgent(self) -> FakeProvider:
        return self

    async def catalog(self, *, fresh: bool = False) -> Catalog:
        await self.moments.come("catalog")
        return self.products

    async def quote(self, selection: Selection) -> Quote:
        await self.moments.come("quote")
        if selection.service is not None:
            return self._terms(await self.service(selection.service), selection)
        if selection.promo_code and self.is_promo_over:
            raise SelectionRefusedError("The promotional code has ended.", field="promo", status=422)
        return replace(self._price(selection), quoted_at=utcnow())

    def _terms(self, service: Service, selection: Selection) -> Quote:
        if service.is_pending_cancellation == selection.stops_renewal:
            raise SelectionRefusedError(f"Service {service.id} is so already.")
        item = replace(quote().line_items[0], per_unit=service.total, total=0, is_recurring=False)
        free = {"before_discount": 0, "total": 0, "due": 0, "quoted_at": utcnow()}
        return replace(quote(), line_items=(item,), **free)

    def _price(self, selection: Selection) -> Quote:
        if selection.is_top_up:
            return quote(per_unit=selection.top_up_cents or 0, quantity=1, name="Account credit", is_recurring=False)
        return quote(
            per_unit=self.per_unit,
            quantity=selection.quantity,
            discount=self.promo_discount if selection.promo_code else 0,
            balance=self.balance,
            promo_code=selection.promo_code,
            chosen=selection.filter,
        )

    async def create_checkout(self, selection: Selection, last_look: LastLook | None = None) -> Order:
        if last_look is not None:
            await last_look()
        await self.moments.come("create")
        self.asked_to_sell.append(selection)
        price = self._price(selection)
        if selection.is_top_up:
            self.credit_sold.append(price.total)
            service_id = None
        else:
            service_id = self.sell(selection).id
        await self.moments.come("sold")
        is_paid = price.due == 0
        return Order(service_id, None if is_paid else INVOICE_URL, is_paid, price.total, price.due, "active")

    def sell(self, selection: Selection, **given: Any) -> Service:
        """A service as the account has it once somebody bought it."""
        about = self.products[selection.product_code]
        usual = Service(
            id=ServiceId(f"API-{len(self.services) + 1}"),
            name=about.name,
            type=about.type,
            status="active",
            quantity=selection.quantity,
            total=self._price(selection).total,
            cycle=selection.cycle,
            country_id=about.country_id,
            filter=selection.filter,
            created_at=utcnow(),
            dispatched_at=None,
            expires_at=None,
            open_invoice_id="in_1",
            is_pending_cancellation=False,
            is_cancellable=True,
        )
        self.services.append(replace(usual, **given))
        return self.services[-1]

    async def service(self, service_id: ServiceId) -> Service:
        await self.moments.come("service")
        for one in self.services:
            if one.id == service_id:
                return one
        raise NotFoundError(f"There is no service {service_id}.")

    async def delivered(self, service_id: ServiceId) -> Sequence[Delivered]:
        await self.moments.come("delivered")
        return self.proxies.get(service_id, [])

    async def services_since(self, since: datetime) -> Sequence[Service]:
        await self.moments.come("services")
        return [one for one in reversed(self.services) if one.created_at is None or one.created_at >= since]

    async def all_services(self) -> Sequence[Service]:
        await self.moments.come("all services")
        return list(self.services)

    async def adjustments(self, since: datetime) -> Sequence[Adjustment]:
        await self.moments.come("adjustments")
        return [one for one in self.adjusted if one.at is None or one.at >= since]

    async def adjustments_of(self, service_id: ServiceId) -> Sequence[Adjustment]:
        await self.moments.come("adjustments")
        return [one for one in self.adjusted if one.service == service_id]

    async def usage_since(self, first: date) -> Sequence[UsageDay]:
        await self.moments.come("usage")
        return [row for row in self.usage if row.day >= first]

    async def set_renewal(self, service_id: ServiceId, *, renews: bool) -> None:
        """Moments: `edit` before anything is changed, `edited` after it and before the answer."""
        await self.moments.come("edit")
        self.edits.append((service_id, renews))
        self.services = [
            replace(one, is_pending_cancellation=not renews) if one.id == service_id else one for one in self.services
        ]
        await self.moments.come("edited")

    async def tag_service(self, service_id: ServiceId, metadata: Mapping[str, str]) -> None:
        await self.moments.come("tag")
        self.tags[service_id] = dict(metadata)

    async def credit_balance(self) -> Cents:
        await self.moments.come("credit")
        return self.balance

    async def data_pools(self) -> Sequence[DataPool]:
        await self.moments.come("pools")
        return self.pools


class FakeDirectory:
    """Who people are. `is_away` makes every question fail, as when Slack cannot be reached."""

    def __init__(self) -> None:
        self.people = {
            **{user: Person(user, user) for user in (REQUESTER, APPROVER, SECOND_APPROVER, FINANCE, OUTSIDER)},
            GUEST: Person(GUEST, "guest", is_guest=True),
            STRANGER: Person(STRANGER, "stranger", is_external=True),
            ROBOT: Person(ROBOT, "robot", is_bot=True),
        }
        self.approvers = frozenset({APPROVER, SECOND_APPROVER, REQUESTER, GUEST, STRANGER, ROBOT})
        self.channels: dict[ChannelId, str] = {}
        self.is_away = False

    async def person(self, user: UserId) -> Person:
        self._answer()
        return self.people[user]

    async def holders(self, role: Role) -> frozenset[UserId]:
        self._answer()
        return self.approvers if APPROVER in role.users else frozenset(role.users)

    async def public_channels(self) -> dict[ChannelId, str]:
        self._answer()
        return self.channels

    def _answer(self) -> None:
        if self.is_away:
            raise ChatError("timeout")


class SteppedStore(RedisStore):
    """The real store. Moments: `get`, `hold`, `release`; `move:<what>` before each move and `moved:<what>` after it."""

    def __init__(self, client: SharedClient, moments: Moments) -> None:
        super().__init__(client)
        self.moments = moments
        self.is_lease_for_everybody = False

    async def move(self, before: PurchaseRequest, after: PurchaseRequest, **given: Any) -> None:
        what = after.history[-1].happened
        await self.moments.come(f"move:{what}")
        await super().move(before, after, **given)
        await self.moments.come(f"moved:{what}")

    async def get(self, *given: Any) -> PurchaseRequest | None:
        await self.moments.come("get")
        return await super().get(*given)

    async def hold(self, *given: Any) -> bool:
        await self.moments.come("hold")
        return self.is_lease_for_everybody or await super().hold(*given)

    async def queue_up(self, *given: Any) -> bool:
        await self.moments.come("hold")
        return self.is_lease_for_everybody or await super().queue_up(*given)

    async def pass_on(self, *given: Any) -> RequestId | None:
        await self.moments.come("release")
        return await super().pass_on(*given)

    async def release(self, *given: Any) -> None:
        await self.moments.come("release")
        await super().release(*given)


class Silent:
    """Says nothing: what is to be said stays in the outbox."""

    async def listen_again(self, workspace: WorkspaceId) -> None:
        return

    async def tell(self, workspace: WorkspaceId) -> int:
        return 0


class FakeNotifier:
    """A chat that keeps what was said where. Moments: `say`, before anything is said, and `said` after it."""

    def __init__(self, moments: Moments) -> None:
        self.moments = moments
        self.said: list[str] = []
        self._standing: dict[str, MessageRef] = {}

    async def post(self, said: Sequence[Saying], spot: Spot, keys: Sequence[str]) -> MessageRef:
        at = MessageRef(ChannelId(spot.channel), f"1.{len(self.said) + 1}", self._version(said[0]))
        await self.moments.come("say")
        self._standing.update(dict.fromkeys(keys, at))
        await self._say("posted", said)
        return at

    def fit(self, said: Sequence[Saying]) -> int:
        return len(said)

    async def update(self, said: Sequence[Saying], at: MessageRef) -> MessageRef:
        await self.moments.come("say")
        await self._say("updated", said)
        return replace(at, version=self._version(said[0]))

    async def find(self, spot: Spot, keys: Collection[str], since: datetime) -> Mapping[str, MessageRef]:
        return {key: self._standing[key] for key in keys if key in self._standing}

    async def show_home(self, home: Home) -> None:
        await self.moments.come("say")
        self.said.append("home shown")

    async def is_welcome(self) -> bool:
        return True

    async def take_back(self, at: MessageRef) -> None:
        self.said.append("taken back")

    async def _say(self, how: str, said: Sequence[Saying]) -> None:
        for saying in said:
            state = saying.subject.state if isinstance(saying.subject, PurchaseRequest) else "?"
            self.said.append(f"{str(saying.intent).partition(':')[0]} {how} ({state})")
        await self.moments.come("said")

    def _version(self, saying: Saying) -> int:
        return saying.subject.version if isinstance(saying.subject, PurchaseRequest) else 0
