"""What has happened to a request, in sentences. Nothing here says more than the request's own record does."""

from __future__ import annotations

from bot.blocks import budget, limits, price, text
from bot.blocks import delivery as became
from bot.domain import invoice
from bot.domain.ids import UserId
from bot.domain.quote import ChangeKind
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
    asked = request.selection
    if asked.is_top_up or asked.is_about_renewal:
        return words
    return f"{words} for {text.cycle_words(asked.cycle)}"


def price_in_short(request: PurchaseRequest) -> str:
    """What it costs, on one line."""
    if request.selection.is_about_renewal:
        return price.of_renewal(request.quote, stops=request.selection.stops_renewal)
    if request.order is not None and not request.is_as_quoted:
        return f"{text.money(request.order.total)} in total"
    return price.in_short(request.quote)


def renewal(request: PurchaseRequest) -> str | None:
    """When it is charged again, and for how much as far as that is known."""
    is_certain = request.order is None or request.order.total == request.quote.total
    return price.renewal(request.quote, request.selection.cycle, is_certain=is_certain)


def state_words(request: PurchaseRequest) -> str:
    """The state with its sign, in words that fit what was asked for."""
    if _is_over_budget(request):
        return f":no_entry_sign: {state_word(request)}"
    words = text.state_words(request.state)
    if request.selection.is_about_renewal:
        for bought, changed in _CHANGED.items():
            words = words.replace(bought, changed)
    return words


def state_word(request: PurchaseRequest) -> str:
    """The state without its sign, for those who hear it."""
    word = text.state_word(request.state)
    return f"Over budget · {word}" if _is_over_budget(request) else word


def _is_over_budget(request: PurchaseRequest) -> bool:
    return request.state is State.PENDING and request.over_budget is not None


_CHANGED = {"Ordered": "Done", "Buying": "Changing", "Not bought": "Not changed", "was bought": "was changed"}
"""Words about a purchase, and those about whether a service renews."""


def nothing(request: PurchaseRequest) -> str:
    """What holds of an ask that came to nothing."""
    return "Nothing was changed." if request.selection.is_about_renewal else "Nothing was bought."


def present(request: PurchaseRequest, needed: int = 1, *, at_hand: bool = True) -> str:
    """The state in sentences, without its sign and word. `at_hand` as in `ordered`."""
    match request.state:
        case State.PENDING:
            return _pending(request, needed)
        case State.APPROVED:
            return f"{approved(request)} {_next_step(request)}"
        case State.ORDERING:
            doing = "Asked" if request.selection.is_about_renewal else "Buying"
            since = f" {doing} since {text.when(request.attempt.claimed_at)}." if request.attempt else ""
            return f"{approved(request)}{since} The result will appear here."
        case State.IN_DOUBT:
            again = "" if request.selection.is_about_renewal else " *Do not buy it again.*"
            unclear = f"The provider gave no clear answer.{again} {doubt(request)}"
            return f"{unclear}{failure(request)}{_signed(request)}"
        case State.FAILED:
            return f"{_nothing_bought(request)}{failure(request)}{_signed(request)}"
        case State.ORDERED:
            said = (ordered(request, at_hand=at_hand), became.standing(request), approved(request))
            return " ".join(part for part in said if part)
        case State.DECLINED | State.WITHDRAWN | State.EXPIRED:
            return f"{line(request, request.history[-1])}. {nothing(request)}{_signed(request)}"


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
    again += over_budget(request)
    return f"{again}Expires {text.when(request.expires_at)} if nobody decides."


def over_budget(request: PurchaseRequest) -> str:
    """What an approval ran into that the budget has no room for, with a space behind; empty when none did."""
    tried = request.last(Happened.CAPPED)
    if request.over_budget is None or tried is None:
        return ""
    shortfall = budget.shortfall(request.over_budget, request.channel)
    return f"{line(request, tried)}, so that approval does not count: {shortfall} {_who_may_exceed(request)} "


def may_exceed(request: PurchaseRequest) -> list[UserId]:
    """Who may approve it beyond the budget: those who held the role for it when there was no room."""
    tried = request.last(Happened.CAPPED) if request.over_budget else None
    return [user for user in tried.others if user != request.requester] if tried else []


def _who_may_exceed(request: PurchaseRequest) -> str:
    if named := text.mentions(may_exceed(request)):
        return f"Nothing was bought. {named} may approve it over budget; others once there is room for it."
    return "Nothing was bought. It can be approved once there is room for it, or when an admin raises the budget."


def _next_step(request: PurchaseRequest) -> str:
    if request.failure is None:
        return "It is done by itself." if request.selection.is_about_renewal else "The purchase starts by itself."
    return f"Nothing was sent to the provider yet; it is tried again by itself.{failure(request)}"


def approved(request: PurchaseRequest) -> str:
    """Who signed off on the present revision, and when; or last of all on an earlier one that was bought after all."""
    if not request.approvals:
        earlier = request.last(Happened.APPROVED)
        return f"{line(request, earlier)}." if earlier else "No approval was needed."
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
    return nothing(request)


def doubt(request: PurchaseRequest) -> str:
    """What looking at the provider has shown about an unclear checkout, and who has to decide now."""
    if request.selection.is_about_renewal:
        return "The bot looks at the service until it shows whether the change took effect."
    seen = request.doubt
    if seen is None or not (seen.candidates or seen.is_settled):
        return "The bot is looking for it at the provider; a slow purchase can still appear for some minutes."
    if request.selection.is_top_up:
        return f"{_balance(request)} {SETTLE}"
    if seen.candidates:
        count = len(seen.candidates)
        found = f"{count} services at the provider could be it" if count > 1 else "One service could be it"
        return f"{found}. An approver says which one below, or that it is none of them."
    return f"Nothing like it has appeared at the provider since. {SETTLE}"


def _balance(request: PurchaseRequest) -> str:
    """A top-up shows only in the balance, and only once it is paid."""
    if request.doubt is None or request.doubt.credit_now is None or request.attempt is None:
        return ""
    before, now = text.money(request.attempt.credit_before), text.money(request.doubt.credit_now)
    return f"The account's credit was {before} before and is {now} now; an unpaid top-up does not show there."


def failure(request: PurchaseRequest) -> str:
    """The reason, its reference and the provider's own, with a space before; empty when there is none."""
    failed = request.failure
    if failed is None:
        return ""
    reference = f" Reference {text.code(failed.reference)}." if failed.reference else ""
    theirs = f" Byteful's own: {text.code(failed.provider_request)}." if failed.provider_request else ""
    return f" Reason: {_ended(text.words(failed.reason, limits.DETAIL))}{reference}{theirs}"


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?", "…")) else f"{sentence}."


def ordered(request: PurchaseRequest, *, at_hand: bool = True) -> str:
    """How the order stands with its money, in the past tense only where the money moved.

    `at_hand`: the invoice can be opened beside these words, or it is said there why not.

    Empty when there is nothing to pay and nothing was seen to be paid: then `delivery.standing` says why.
    """
    order = request.order
    if order is None:
        return ""
    if request.selection.is_about_renewal:
        return _renewal_changed(request)
    if request.selection.is_top_up:
        return "" if invoice.is_gone(request) else _topped_up(order, at_hand=at_hand)
    if order.is_paid and order.due == 0:
        return f"Paid from account credit: {text.money(order.total)}."
    if order.is_paid:
        return f"Paid: {text.money(order.total)}."
    if invoice.is_gone(request):
        return ""
    return f"Invoice open: {_to_pay(order)}.{_where(order) if at_hand else ''}"


def _to_pay(order: Order) -> str:
    if order.due is None:
        return f"up to {text.money(order.total)} to pay; the invoice says how much of it credit has paid"
    whole = f" of {text.money(order.total)}" if order.due != order.total else ""
    return f"{text.money(order.due)} to pay{whole}"


def _renewal_changed(request: PurchaseRequest) -> str:
    service = text.code(request.selection.service or "")
    if request.selection.stops_renewal:
        return f"Service {service} will not renew: it runs to the end of what is paid."
    return f"Service {service} renews again at the end of what is paid."


def _topped_up(order: Order, *, at_hand: bool) -> str:
    if order.is_paid:
        return f"Paid: {text.money(order.total)}. The credit belongs to the account."
    where = _where(order) if at_hand else ""
    return f"Invoice open: {_to_pay(order)}. The credit arrives when it is paid.{where}"


def _where(order: Order) -> str:
    """With a space before."""
    if (payers := invoice.held_by(order)) is not None:
        return f" Its link goes by direct message to {text.mentions(payers) or 'those who pay'}."
    if order.invoice_url:
        return " Open the invoice to pay it."
    if order.invoice_url == invoice.KEPT_BACK:
        return " Who asked and who decides see its link with `/proxy show`."
    return " Its link is not known here: find it in the provider's dashboard, under invoices."


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
    allowed = "" if is_billed_otherwise(request) else ", within what the policy allows"
    return f"*Different from what was approved{allowed}*\n{lines}"


def is_billed_otherwise(request: PurchaseRequest) -> bool:
    """Whether it cost another sum than the one that was approved, and nobody could ask before."""
    return any(found.kind is ChangeKind.BILLED for found in request.changes)


def line(request: PurchaseRequest, entry: Entry) -> str:
    """One line of history: what happened, by whom, when. No full stop, no verdict about the present."""
    return f"{deed(request, entry)} {text.when(entry.at)}"


_BY_PERSON = {
    Happened.SUBMITTED: "Asked for by {who}",
    Happened.ENDORSED: "Approved by {who}, more approvals needed",
    Happened.APPROVED: "Approved by {who}",
    Happened.CAPPED: "The budget had no room when {who} approved",
    Happened.DECLINED: "Declined by {who}",
    Happened.WITHDRAWN: "Withdrawn by {who}",
    Happened.RETRIED: "Fresh decision asked for by {who}",
    Happened.RESUMED: "Tried again by {who} on the same approval",
    Happened.FOUND: "{who} says it was bought",
    Happened.ABSENT: "{who} says nothing was bought",
}
_BY_ITSELF = {
    Happened.APPROVED: "Approved: no approval was needed",
    Happened.EXPIRED: "Expired undecided",
    Happened.REOPENED: "Back to approval after a change",
    Happened.DELAYED: "Purchase put off, nothing was sent",
    Happened.CLAIMED: "Purchase started",
    Happened.ORDERED: "Ordered",
    Happened.REFUSED: "Not bought",
    Happened.UNCLEAR: "No clear answer from the provider",
    Happened.EXAMINED: "Looked for at the provider",
    Happened.FOUND: "The order was found at the provider",
    Happened.FOLLOWED: "Looked after at the provider",
}


def deed(request: PurchaseRequest, entry: Entry) -> str:
    """What happened and by whom, without the time."""
    by = entry.by or (request.requester if entry.happened is Happened.SUBMITTED else None)
    if by is None and entry.happened in _BY_ITSELF:
        return _BY_ITSELF[entry.happened]
    return _BY_PERSON[entry.happened].format(who=text.mention(by) if by else "Somebody")
