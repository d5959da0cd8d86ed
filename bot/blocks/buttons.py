"""The buttons of a request: which ones its state allows, and what each says before it acts."""

from __future__ import annotations

from bot.blocks import budget, kit, limits, story, text
from bot.blocks.ids import Action, candidate_value, request_value
from bot.domain import invoice
from bot.domain.quote import ChangeKind, Payment
from bot.domain.request import (
    Absent,
    Approved,
    Candidate,
    Declined,
    Found,
    PurchaseRequest,
    Retried,
    State,
    Withdrawn,
    may,
)


def for_state(request: PurchaseRequest, needed: int = 1, *, has_room: bool = True) -> list[kit.Element]:
    """Only what the table of a request's life allows now, so no button is a dead end.

    `has_room`: its budget has room for it, as far as is shown beside the buttons.
    """
    offered: list[kit.Element] = []
    if to_pay := open_invoice(request):
        offered.append(to_pay)
    if may(request, Approved):
        offered.append(approve(request, needed, has_room=has_room))
    if may(request, Approved) and story.may_exceed(request):
        offered.append(approve_over_budget(request, needed))
    if may(request, Declined):
        offered.append(decline(request))
    if may(request, Found):
        offered.append(mark_found(request))
    if may(request, Absent) and request.doubt is not None and request.doubt.is_settled:
        offered.append(mark_absent(request))
    if may(request, Retried):
        offered.append(retry(request))
    if may(request, Withdrawn):
        offered.append(withdraw(request))
    if request.is_final or request.state is State.FAILED or _cannot_be_bought(request):
        offered.append(reorder(request))
    return offered


def _cannot_be_bought(request: PurchaseRequest) -> bool:
    """As it was asked for, when that was last looked at: less of it, or something else, may be."""
    return request.state is State.PENDING and any(change.kind is ChangeKind.REFUSED for change in request.changes)


def approve(request: PurchaseRequest, needed: int = 1, *, has_room: bool = True) -> kit.Element:
    total = "" if request.selection.is_about_renewal else f" {text.money(request.quote.total)}"
    words = _what_approval_does(request, needed, has_room=has_room and request.over_budget is None)
    asks = kit.confirm(f"Approve {text.number(request.id)}?", words, f"Approve{total}", "Not now")
    return kit.button("Approve", Action.APPROVE, request_value(request), style="primary", confirm=asks)


def approve_over_budget(request: PurchaseRequest, needed: int = 1) -> kit.Element:
    over = f"{budget.excess(request.over_budget)} " if request.over_budget else ""
    words = f"{over}{_what_approval_does(request, needed)}"
    asks = kit.confirm(f"Approve {text.number(request.id)} over budget?", words, "Approve over budget", "Not now")
    return kit.button("Approve over budget", Action.APPROVE_OVER_BUDGET, request_value(request), confirm=asks)


def _what_approval_does(request: PurchaseRequest, needed: int, *, has_room: bool = True) -> str:
    """The amounts come first: a long product name is cut, a sum never."""
    quote = request.quote
    if request.selection.is_about_renewal:
        after = f"after {needed} approvals" if len(request.approvals) + 1 < needed else "at once"
        sure = f"{text.plain(story.subject(request), 100)}, {story.price_in_short(request)}."
        return f"{sure} It is done {after}; nothing is paid now."
    paid = {
        Payment.CREDIT: "all of it from account credit",
        Payment.INVOICE: "by invoice",
        Payment.CREDIT_AND_INVOICE: (
            f"{text.money(quote.credit_applied)} from account credit, {text.money(quote.due)} by invoice"
        ),
    }[quote.payment]
    sure = f"{text.money(quote.total)}, {paid}, for {text.plain(story.subject(request), 75)}."
    if len(request.approvals) + 1 < needed:
        return f"{sure} It is bought after {needed} approvals."
    renewal = (
        f" It renews {text.every(request.selection.cycle)} at {text.money(quote.renewal)}." if quote.renewal else ""
    )
    if not has_room:
        return f"{sure} The budget has no room for it now: it is bought only if there is room by then.{renewal}"
    return f"{sure} It is bought at once if the price still holds.{renewal}"


def decline(request: PurchaseRequest) -> kit.Element:
    """No colour: the form that asks for the reason is the second look."""
    return kit.button("Decline", Action.DECLINE, request_value(request))


def withdraw(request: PurchaseRequest) -> kit.Element:
    words = "Nobody can approve it any more. You can edit and resend it later."
    asks = kit.confirm(f"Withdraw {text.number(request.id)}?", words, "Withdraw", "Keep it")
    return kit.button("Withdraw", Action.WITHDRAW, request_value(request), confirm=asks)


def retry(request: PurchaseRequest) -> kit.Element:
    return kit.button("Try again", Action.RETRY, request_value(request))


def reorder(request: PurchaseRequest) -> kit.Element:
    label = "Order again" if request.state is State.ORDERED else "Edit and resend"
    label = "Ask for less or other" if request.state is State.PENDING else label
    label = "Ask again" if request.selection.is_about_renewal else label
    return kit.button(label, Action.REORDER, request_value(request))


def mark_found(request: PurchaseRequest) -> kit.Element:
    if request.selection.is_about_renewal:
        return kit.button("It was changed", Action.MARK_FOUND, request_value(request))
    return kit.button("It was bought", Action.MARK_FOUND, request_value(request))


def adopt(request: PurchaseRequest, candidate: Candidate) -> kit.Element:
    words = f"{text.plain(candidate.service_id, 60)} becomes the service of {text.number(request.id)}."
    asks = kit.confirm("Is it this one?", words, "It is this one", "Back")
    value = candidate_value(request, candidate.service_id)
    return kit.button("This one", Action.ADOPT, value, confirm=asks)


def mark_absent(request: PurchaseRequest) -> kit.Element:
    words = (
        "Say so only after looking in the provider's dashboard, at services and at invoices. "
        "If it was bought after all, trying again buys it twice."
    )
    asks = kit.confirm(f"Nothing was bought for {text.number(request.id)}?", words, "Nothing was bought", "Back")
    return kit.button("Nothing was bought", Action.MARK_ABSENT, request_value(request), style="danger", confirm=asks)


def open_invoice(request: PurchaseRequest) -> kit.Element | None:
    """A link button; None without a link."""
    url = invoice_url(request)
    return kit.button("Open invoice", Action.OPEN_INVOICE, request_value(request), url=url) if url else None


def invoice_url(request: PurchaseRequest) -> str | None:
    """The invoice's address while there is something to pay, if it is one that Slack would take."""
    if request.order is None or request.order.is_paid or invoice.is_gone(request):
        return None
    url = request.order.invoice_url
    is_usable = url and url.startswith(("https://", "http://")) and len(url) <= limits.URL
    return url if is_usable else None


def show(request: PurchaseRequest) -> kit.Element:
    return kit.button("Show", Action.SHOW_REQUEST, request_value(request))


def total_line(request: PurchaseRequest) -> str:
    """`5 × … for 1 month · $15.75 in total, …` for lists and fallback texts."""
    return f"{story.wanted(request)} · {story.price_in_short(request)}"
