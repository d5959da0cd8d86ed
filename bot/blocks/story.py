"""What has happened to a request, in sentences. Nothing here says more than the request's own record does."""

from __future__ import annotations

from bot.blocks import limits, price, text
from bot.domain.request import Entry, Happened, Order, PurchaseRequest, State

SETTLE = "An approver checks the provider's dashboard and says on the card which it was."


def subject(request: PurchaseRequest) -> str:
    """Raw, like `text.subject`."""
    return text.subject(request.selection, request.product)


def title(request: PurchaseRequest) -> str:
    """`#1042 · 5 × AT&T ISP Proxies [US]`, raw."""
    return f"{text.number(request.id)} · {subject(request)}"


def wanted(request: PurchaseRequest) -> str:
    """`5 × AT&amp;T ISP Proxies [US] for 1 month`, prepared for mrkdwn."""
    words = text.words(subject(request))
    return words if request.selection.is_top_up else f"{words} for {text.cycle_words(request.selection.cycle)}"


def present(request: PurchaseRequest, needed: int = 1) -> str:
    """The state in sentences, without its sign and word."""
    match request.state:
        case State.PENDING:
            return _pending(request, needed)
        case State.APPROVED:
            return f"{approved(request)} {_next_step(request)}"
        case State.ORDERING:
            since = f" Buying since {text.when(request.attempt.claimed_at)}." if request.attempt else ""
            return f"{approved(request)}{since} The result will appear here."
        case State.IN_DOUBT:
            doubt = f"The provider gave no clear answer. *Do not buy it again.* {SETTLE}"
            return f"{doubt}{failure(request)}{_signed(request)}"
        case State.FAILED:
            return f"{_nothing_bought(request)}{failure(request)}{_signed(request)}"
        case State.ORDERED:
            return f"{ordered(request)} {approved(request)}"
        case State.DECLINED | State.WITHDRAWN | State.EXPIRED:
            return f"{line(request, request.history[-1])}. Nothing was bought.{_signed(request)}"


def _pending(request: PurchaseRequest, needed: int) -> str:
    again = ""
    newest = request.last(Happened.REOPENED, Happened.RETRIED)
    if newest and newest.happened is Happened.REOPENED:
        again = "Something changed after the approval, so nothing was bought. It needs a fresh decision. "
    elif newest:
        again = f"{line(request, newest)}. "
    if needed > 1:
        again += f"{len(request.approvals)} of {needed} approvals. "
    if request.approvals:
        again += f"{approved(request)} "
    return f"{again}Expires {text.when(request.expires_at)} if nobody decides."


def _next_step(request: PurchaseRequest) -> str:
    if request.failure is None:
        return "The purchase starts by itself."
    return f"Nothing was sent to the provider yet; it is tried again by itself.{failure(request)}"


def approved(request: PurchaseRequest) -> str:
    """Who signed off on the present revision, and when."""
    if not request.approvals:
        return "No approval was needed."
    given = [f"{text.mention(one.by)} {text.when(one.at)}" for one in request.approvals[:10]]
    return f"Approved by {', '.join(given)}."


def _signed(request: PurchaseRequest) -> str:
    return f" {approved(request)}" if request.approvals else ""


def rules(request: PurchaseRequest) -> str:
    """The rules that let the approvers decide; empty without approvals."""
    named = dict.fromkeys(one.rule for one in request.approvals)
    return ", ".join(text.code(rule) for rule in list(named)[:5])


def _nothing_bought(request: PurchaseRequest) -> str:
    said = request.last(Happened.ABSENT, Happened.REFUSED)
    if said and said.happened is Happened.ABSENT and said.by:
        return (
            f"Nothing was bought: {text.mention(said.by)} looked at the provider {text.when(said.at)} and found none."
        )
    return "Nothing was bought."


def failure(request: PurchaseRequest) -> str:
    """The reason and its reference, with a space before; empty when there is none."""
    if request.failure is None:
        return ""
    reason = text.words(request.failure.reason, limits.DETAIL)
    reference = f" Reference {text.code(request.failure.reference)}." if request.failure.reference else ""
    return f" Reason: {_ended(reason)}{reference}"


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?", "…")) else f"{sentence}."


def ordered(request: PurchaseRequest) -> str:
    """How the order stands with its money, in the past tense only where the money moved."""
    order = request.order
    if order is None:
        return ""
    if request.selection.is_top_up:
        return _topped_up(order)
    if order.is_paid and order.due == 0:
        return f"Paid from account credit: {text.money(order.total)}."
    if order.is_paid:
        return f"Paid: {text.money(order.total)}."
    whole = f" of {text.money(order.total)}" if order.due != order.total else ""
    return f"Invoice open: {text.money(order.due)} to pay{whole}. {_where(order)}"


def _topped_up(order: Order) -> str:
    if order.is_paid:
        return f"Paid: {text.money(order.total)}. The credit belongs to the account."
    return f"Invoice open: {text.money(order.due)} to pay. The credit arrives when it is paid. {_where(order)}"


def _where(order: Order) -> str:
    if order.invoice_url:
        return "Open the invoice to pay it."
    return "Its link is not known here: find it in the provider's dashboard, under invoices."


def delivery(order: Order) -> str | None:
    """The service's status in the provider's own word."""
    if not order.status:
        return None
    waiting = ", waiting for delivery" if order.is_paid and order.status.startswith("awaiting") else ""
    return f"{text.code(order.status)}{waiting}"


def tolerated(request: PurchaseRequest) -> str | None:
    """What differed from the approval when it was bought."""
    if request.order is None or not request.changes:
        return None
    lines = "\n".join(price.change(found) for found in request.changes[:10])
    return f"*Different from what was approved, within what the policy allows*\n{lines}"


def line(request: PurchaseRequest, entry: Entry) -> str:
    """One line of history: what happened, by whom, when. No full stop, no verdict about the present."""
    return f"{_deed(request, entry)} {text.when(entry.at)}"


def _deed(request: PurchaseRequest, entry: Entry) -> str:
    who = text.mention(entry.by) if entry.by else None
    match entry.happened:
        case Happened.SUBMITTED:
            return f"Asked for by {who or text.mention(request.requester)}"
        case Happened.ENDORSED:
            return f"Approved by {who or 'somebody'}, more approvals needed"
        case Happened.APPROVED:
            return f"Approved by {who}" if who else "Approved: no approval was needed"
        case Happened.DECLINED:
            return f"Declined by {who or 'somebody'}"
        case Happened.WITHDRAWN:
            return f"Withdrawn by {who or 'somebody'}"
        case Happened.EXPIRED:
            return "Expired undecided"
        case _:
            return _machine_deed(entry, who)


def _machine_deed(entry: Entry, who: str | None) -> str:
    match entry.happened:
        case Happened.REOPENED:
            return "Back to approval after a change"
        case Happened.DELAYED:
            return "Purchase put off, nothing was sent"
        case Happened.CLAIMED:
            return "Purchase started"
        case Happened.ORDERED:
            return "Ordered"
        case Happened.REFUSED:
            return "Not bought"
        case Happened.UNCLEAR:
            return "No clear answer from the provider"
        case Happened.FOUND:
            return f"{who} says it was bought" if who else "The order was found at the provider"
        case Happened.ABSENT:
            return f"{who or 'Somebody'} says nothing was bought"
        case _:
            return f"Fresh decision asked for by {who or 'somebody'}"
