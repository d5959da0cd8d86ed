"""A half-made ask: what a person has chosen so far, before it becomes a request. Losing one loses no money."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from bot.domain.catalog import Cycle, Filter, Product, Selection
from bot.domain.ids import ChannelId, DraftId, ProductCode, ServiceId, UserId, WorkspaceId
from bot.domain.money import Cents
from bot.domain.quote import Quote


class Draft(Struct, frozen=True):
    """Fields are None until chosen. `quote` and `problems` belong to the selection with `priced` as fingerprint."""

    id: DraftId
    workspace: WorkspaceId
    user: UserId
    channel: ChannelId | None = None
    product_code: ProductCode | None = None
    quantity: int | None = None
    cycle: Cycle | None = None
    promo_code: str | None = None
    filter: Filter = Filter()
    top_up_cents: Cents | None = None
    reason: str = ""
    priced: str | None = None
    quote: Quote | None = None
    problems: dict[str, str] = field(default_factory=dict)
    service: ServiceId | None = None

    @property
    def selection(self) -> Selection | None:
        """The selection, once everything the provider needs is chosen."""
        if self.product_code is None or self.quantity is None or self.cycle is None:
            return None
        return Selection(
            product_code=self.product_code,
            quantity=self.quantity,
            cycle=self.cycle,
            promo_code=self.promo_code,
            filter=self.filter,
            top_up_cents=self.top_up_cents,
            service=self.service,
        )

    @property
    def is_priced(self) -> bool:
        """Whether the quote or the problems at hand are about the selection as it is now."""
        selection = self.selection
        return selection is not None and self.priced == selection.fingerprint()

    def with_quote(self, quote: Quote) -> Draft:
        return replace(self, priced=self._fingerprint(), quote=quote, problems={})

    def with_problems(self, problems: dict[str, str]) -> Draft:
        return replace(self, priced=self._fingerprint(), quote=None, problems=problems)

    def _fingerprint(self) -> str | None:
        return self.selection.fingerprint() if self.selection else None


class WaitingDraft(Struct, frozen=True):
    """A complete ask that was sent while no price could be had. It becomes a request as soon as it has one.

    `version` counts how often it was kept; `product` is None when not even the catalog could be had.
    """

    draft: Draft
    product: Product | None
    since: datetime
    expires_at: datetime
    version: int = 0
