"""What the bot says by itself about the account: credit, data, and services that renew or change."""

from __future__ import annotations

from bot.blocks import kit, text
from bot.blocks.ids import Action
from bot.blocks.kit import Message
from bot.domain.ids import ChannelId
from bot.domain.notice import BalanceUnread, CreditLow


def credit_low(notice: CreditLow) -> Message:
    lead = "Credit is still low" if notice.reminder else "Credit is low"
    said = f"*{lead}: {text.money(notice.balance)}*, below {text.money(notice.level)}."
    return kit.message(said, kit.section(f":warning: {said}"), kit.actions(kit.button("Top up", Action.OPEN_TOPUP)))


def balance_unread(notice: BalanceUnread) -> Message:
    known = (
        f"The last one read was {text.money(notice.balance)}, {text.when(notice.last_read)}."
        if notice.balance is not None and notice.last_read
        else "None has been read so far."
    )
    said = (
        f"*The credit balance cannot be read* since {text.when(notice.failing_since)}. {known} "
        "Until it can be read again, nobody is warned of low credit."
    )
    return kit.message(said, kit.section(f":warning: {said}"))


def instead_of(channel: ChannelId, notice: Message) -> Message:
    """For an admin, because the channel that it belongs in cannot be written to."""
    there = text.channel(channel)
    said = f"This belongs in {there}, but Proxydesk cannot write there. Invite Proxydesk to {there} to have it there."
    return kit.message(f"{said}\n{notice.text}", *notice.blocks, kit.context(said))
