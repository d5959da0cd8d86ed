"""Services: lists, one by one, what can be done with one, and taking one into a channel."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from bot.blocks import notices, services
from bot.blocks.kit import Message
from bot.domain.account import KnownService
from bot.domain.catalog import CREDIT_CODE, Catalog, Product, renewal_change
from bot.domain.draft import Draft
from bot.domain.ids import ChannelId, ServiceId
from bot.domain.policy import Verdict
from bot.domain.usage import BYTES_PER_GB
from bot.handlers import drafts, previews, why
from bot.handlers.form import open_form
from bot.handlers.front import Front
from bot.handlers.parse import Actor, Press
from bot.handlers.reports import in_channel
from bot.usecases import browse
from bot.usecases.browse import PAGE, Whose
from bot.usecases.desk import utcnow

MOST_OFFSET = 100_000
READING = "Reading the services…"
STOP_REASON = "It is not needed beyond what is paid"
KEEP_REASON = "It is needed longer"
NO_SUCH_DATA = "Byteful sells no data of this kind at the moment. Nothing was sent."
LEFT_AS_IT_IS = "It stays as it is: nothing was changed, and it renews as said above."


async def command(front: Front, who: Actor, text: str) -> Message:
    """`/proxy services`, with whose, or with the id of one."""
    word = text.split(maxsplit=1)[0] if text else ""
    channel = in_channel(who)
    if not word:
        return await _listed(front, who, Whose.CHANNEL if channel else Whose.MINE, channel, 0)
    if word.lower() in {*Whose}:
        return await _listed(front, who, Whose(word.lower()), channel, 0)
    return await show(front, who, word)


async def show(front: Front, who: Actor, word: str) -> Message:
    service_id = ServiceId(word.strip("`")[:64])

    async def work() -> Message:
        found = await browse.detail(front.desk, who.workspace, service_id)
        if found is None:
            return notices.sentence(f"There is no service {service_id} here. Look at `/proxy services`.")
        used = (found.use.bytes, found.use.requests, found.use.since) if found.use else None
        is_fresh = (utcnow() - found.read_at).total_seconds() < 60
        hidden = (await _prices(front, who, [found.known]))[found.known.id].sentence
        return services.detail(
            found.known, found.request, used, found.place, found.read_at, is_fresh=is_fresh, hidden=hidden
        )

    return await front.soon(who, work, notices.sentence(READING))


async def show_pressed(front: Front, press: Press) -> Message:
    return await show(front, press.actor, press.value)


async def why_pressed(front: Front, press: Press) -> Message:
    return await why.why(front, press.actor, press.value[:64])


async def list_pressed(front: Front, press: Press) -> Message | None:
    whose, offset, channel = _parse(press.value, in_channel(press.actor))
    return await _listed(front, press.actor, whose, channel, offset)


async def turned(front: Front, press: Press) -> Message | None:
    """Another page, or another list, in place of the one on screen."""
    answer = await list_pressed(front, press)
    if answer is not None:
        front.whisper_later(press.actor, answer, replace=True)
    return None


async def _listed(front: Front, who: Actor, whose: Whose, channel: ChannelId | None, offset: int) -> Message:
    async def work() -> Message:
        found = await browse.listing(front.desk, who.workspace, who.user, whose, channel, offset=offset)
        prices = await _prices(front, who, found.page.services)
        unpriced = [service for service, verdict in prices.items() if not verdict.is_allowed]
        may_adopt = whose is Whose.OUTSIDE
        return services.listing(whose, channel, found.page, PAGE, found.read_at, may_adopt=may_adopt, unpriced=unpriced)

    return await front.soon(who, work, notices.sentence(READING))


async def _prices(front: Front, who: Actor, shown: Sequence[KnownService]) -> dict[ServiceId, Verdict]:
    return await browse.prices_of(front.desk, who.user, in_channel(who), shown)


# Adopting


async def adopt(front: Front, who: Actor, word: str) -> Message:
    channel = in_channel(who)
    if not word:
        return notices.sentence("Say which one: `/proxy adopt SERVICE-ID`, typed in the channel it belongs to.")
    if channel is None:
        return notices.sentence("Type this in the channel that the service belongs to. Nothing changed.")
    service_id = ServiceId(word.split(maxsplit=1)[0].strip("`")[:64])

    async def work() -> Message:
        verdict = await browse.adopt(front.desk, who.workspace, service_id, channel, who.user)
        if verdict.is_allowed:
            return notices.sentence(f"Service {service_id} belongs to <#{channel}> from now on.")
        return notices.refused(verdict, front.desk.approver_role()[0], sorted(await front.desk.approvers()))

    return await front.soon(who, work, notices.sentence(READING))


async def adopt_pressed(front: Front, press: Press) -> Message:
    return await adopt(front, press.actor, press.value)


# What can be done


async def stop_renewal(front: Front, press: Press) -> Message:
    return await _change_renewal(front, press, renews=False)


async def keep_renewing(front: Front, press: Press) -> Message:
    return await _change_renewal(front, press, renews=True)


async def _change_renewal(front: Front, press: Press, *, renews: bool) -> Message:
    """A request like any other: shown first, sent by its button, decided by those who approve."""
    who, service_id = press.actor, ServiceId(press.value[:64])
    known = await front.desk.store.service(who.workspace, service_id)
    asked = renewal_change(service_id, renews=renews)
    draft = replace(
        drafts.new_draft(who),
        channel=known.channel if known and known.channel else in_channel(who),
        product_code=asked.product_code,
        quantity=asked.quantity,
        cycle=asked.cycle,
        service=service_id,
        reason=KEEP_REASON if renews else STOP_REASON,
    )
    return await previews.preview_of(front, who, draft)


async def leave_renewal(front: Front, press: Press) -> Message:
    """Keeping is what happens anyway; who said so is written down."""
    await front.desk.note(press.actor.workspace, "renewal_kept", by=press.actor.user, detail=press.value[:64])
    return notices.sentence(LEFT_AS_IT_IS)


async def more_data(front: Front, press: Press) -> Message | None:
    """The form for more data of a network, filled in with what runs now."""
    network = press.value

    async def filled(draft: Draft) -> tuple[Draft, str | None]:
        product = _data_product(await front.desk.provider.catalog(), network)
        if product is None:
            return draft, NO_SUCH_DATA
        pools = await front.desk.store.pools(draft.workspace)
        sizes = [pool.total_bytes // BYTES_PER_GB for pool in pools.pools if pool.network == network] if pools else []
        quantity = max(1, *sizes) if sizes else 1
        return replace(draft, product_code=product.code, quantity=quantity, cycle=product.cycles[0]), None

    draft = drafts.with_reason(drafts.new_draft(press.actor), f"More {network} data")
    await open_form(front, press.actor, draft, filled)
    return None


def _data_product(catalog: Catalog, network: str) -> Product | None:
    offered = [one for one in catalog.values() if one.type == network and not one.is_per_ip and one.code != CREDIT_CODE]
    return next((one for one in offered if one.is_available), None)


def _parse(value: str, here: ChannelId | None) -> tuple[Whose, int, ChannelId | None]:
    """Whose, from which one on, and the channel it was first asked in; the first page of all for anything else."""
    whose, offset, channel = (*value.split(":"), "", "", "")[:3]
    known = Whose(whose) if whose in {*Whose} else Whose.ALL
    start = int(offset) if offset.isdecimal() and len(offset) < 7 else 0
    there = ChannelId(channel) if channel[:1] in {"C", "G"} else here
    if known is Whose.CHANNEL and there is None:
        known = Whose.MINE
    return known, min(start, MOST_OFFSET), there
