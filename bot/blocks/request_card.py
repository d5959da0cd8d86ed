"""The card of a request: the one message that shows everybody what is asked, what it costs and how it stands.

It tells what has happened and nothing else, and offers exactly the buttons its state allows.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.blocks import budget, buttons, kit, limits, price, story, text
from bot.blocks.kit import Block, Message
from bot.domain.budget import Standing
from bot.domain.ids import UserId
from bot.domain.quote import Quote
from bot.domain.request import Candidate, Happened, PurchaseRequest, State


def card(
    request: PurchaseRequest,
    *,
    approvers: Sequence[UserId],
    role: str,
    needed: int,
    standing: Standing | None = None,
) -> Message:
    """The whole card as of now. `approvers` hold the role; the requester among them is left out.

    `standing` is the budget that it would be taken from, for whoever has to decide.
    """
    may_approve = _who_may(request, approvers, role)
    blocks = [
        kit.header(story.title(request)),
        kit.section(_state_line(request, needed)),
        *_differences(request),
        kit.fields(*_facts(request)),
        kit.section(_price(request)),
        *_budget(request, standing),
        *_order(request),
        *_candidates(request),
        *_reason(request),
        *_buttons(request, needed, has_room=standing is None or standing.budget.fits),
        kit.context(*_small_print(request, may_approve)),
    ]
    return kit.message(_fallback(request, may_approve, needed, standing), *blocks)


def without_sums(request: PurchaseRequest, hidden: str) -> Message:
    """What was asked and how it stands, for somebody who is not shown what it costs; `hidden` says who is.

    No button: each of them speaks of a sum, or leads to one.
    """
    is_top_up = request.selection.is_top_up
    subject = "account credit" if is_top_up else story.subject(request)
    facts = _facts(request)[:1] if is_top_up else _facts(request)
    state, why_hidden = story.state_words(request), text.prose(hidden)
    fallback = [
        f"{text.number(request.id)}, {story.state_word(request)}. {text.words(subject)}.",
        why_hidden,
        f"Asked by {text.mention(request.requester)}.",
        f"Why: {text.quoted(request.reason)}" if request.reason else "",
    ]
    return kit.message(
        "\n".join(line for line in fallback if line),
        kit.header(f"{text.number(request.id)} · {subject}"),
        kit.section(f"*{state}*\n{why_hidden}"),
        kit.fields(*facts),
        *_service(request),
        *_reason(request),
    )


def _state_line(request: PurchaseRequest, needed: int) -> str:
    return f"*{story.state_words(request)}*\n{story.present(request, needed)}"


# What differs from what was approved


def _differences(request: PurchaseRequest) -> list[Block]:
    """Old and new side by side, while the new has still to be decided on."""
    old = request.replaced_quote
    if request.state is not State.PENDING or not request.changes:
        return []
    blocks = [kit.section("*What changed*\n" + "\n".join(price.change(found) for found in request.changes[:10]))]
    if old is not None and price.sums(old) != price.sums(request.quote):
        columns = (f"*{label}*\n" + "\n".join(price.sums(quote)) for label, quote in _columns(request, old))
        blocks.append(kit.fields(*columns))
    return blocks


def _columns(request: PurchaseRequest, old: Quote) -> tuple[tuple[str, Quote], ...]:
    return (("Approved before", old), ("Now", request.quote))


# What is asked


def _facts(request: PurchaseRequest) -> list[str]:
    asked, product = request.selection, request.product
    facts = [("Asked by", f"{text.mention(request.requester)} {text.when(request.created_at)}")]
    if asked.top_up_cents is not None:
        return [_fact(*fact) for fact in (*facts, ("Amount", text.money(asked.top_up_cents)))]
    if asked.service is not None:
        return [_fact(*fact) for fact in (*facts, ("Service ID", text.code(asked.service)))]
    facts += [
        ("Quantity", text.quantity(product, asked.quantity)),
        ("Cycle", text.cycle_words(asked.cycle)),
    ]
    if request.place:
        facts.append(("Network and place", text.words(request.place, 300)))
    elif product.takes_filter:
        facts.append(("Network and place", "Anywhere in the country"))
    if asked.promo_code:
        facts.append(("Promo code", text.code(asked.promo_code)))
    return [_fact(*fact) for fact in facts]


def _fact(label: str, words: str) -> str:
    return f"*{label}*\n{words}"


def _price(request: PurchaseRequest) -> str:
    """With the renewal beside it: what comes every month is part of the price."""
    lines = ["*Price*", _sums(request), story.renewal(request) or ""]
    return "\n".join(line for line in lines if line)


def _sums(request: PurchaseRequest) -> str:
    if request.order is not None and not request.is_as_quoted:
        return price.billed(request.order.total, request.quote)
    return price.breakdown(request.quote, request.product, is_over=request.is_final)


def _budget(request: PurchaseRequest, standing: Standing | None) -> list[Block]:
    said = _budget_line(request, standing)
    return [kit.context(said)] if said else []


def _budget_line(request: PurchaseRequest, standing: Standing | None) -> str:
    if standing is None:
        return ""
    sign = "" if standing.budget.fits else ":warning: "
    return f"{sign}{budget.line(standing.budget, request.channel, standing.at)}"


def _reason(request: PurchaseRequest) -> list[Block]:
    said = kit.passage(request.reason)
    refusal = request.last(Happened.DECLINED)
    # Why a renewal is stopped or kept is said by the button that was pressed, or by the policy.
    lead = "*Why*" if request.selection.is_about_renewal else "*Why*, in their own words"
    blocks = [kit.section(lead), *said] if said else []
    if refusal and refusal.note:
        blocks += [kit.section("*Why declined*, in their own words"), *kit.passage(refusal.note)]
    return blocks


# What came of it


def _order(request: PurchaseRequest) -> list[Block]:
    differs = story.tolerated(request)
    return [*_service(request), *([kit.section(differs)] if differs else [])]


def _service(request: PurchaseRequest) -> list[Block]:
    order = request.order
    if order is None:
        return []
    facts = []
    if order.service_id:
        facts.append(_fact("Service ID", text.code(order.service_id)))
    if status := story.delivery(order):
        facts.append(_fact("Status at the provider", status))
    return [kit.fields(*facts)] if facts else []


def _candidates(request: PurchaseRequest) -> list[Block]:
    """Services that could be the result of an unclear checkout, each with its button."""
    if request.state is not State.IN_DOUBT or request.doubt is None:
        return []
    return [kit.section(_candidate(one), buttons.adopt(request, one)) for one in request.doubt.candidates]


def _candidate(candidate: Candidate) -> str:
    created = f", created {text.when(candidate.created_at)}" if candidate.created_at else ""
    sold = f"{candidate.quantity:,} × {text.words(candidate.name)}, {text.money(candidate.total)}"
    return f"{text.code(candidate.service_id)}\n{sold}{created}"


def _buttons(request: PurchaseRequest, needed: int, *, has_room: bool) -> list[Block]:
    offered = buttons.for_state(request, needed, has_room=has_room)
    return [kit.actions(*offered)] if offered else []


def _small_print(request: PurchaseRequest, may_approve: str) -> list[str]:
    lines = [may_approve] if may_approve else []
    if not request.is_final and not request.selection.is_about_renewal:
        lines += [price.credit(request.quote, request.selection)]
    if rules := story.rules(request):
        lines.append(f"Rule {rules}")
    lines.append(f"Revision {request.revision} · digest {text.code(request.digest)}")
    return [line for line in lines if line]


def _who_may(request: PurchaseRequest, approvers: Sequence[UserId], role: str) -> str:
    """Who can act on it now; empty when nobody has to."""
    if request.state not in (State.PENDING, State.IN_DOUBT, State.FAILED):
        return ""
    verb = "approve" if request.state is State.PENDING else "decide"
    others = [user for user in approvers if user != request.requester]
    if not others:
        return f"Who may {verb}: holders of the role {text.code(role)}"
    return f"Who may {verb}: {text.mentions(others)} (role {text.code(role)})"


def _fallback(request: PurchaseRequest, may_approve: str, needed: int, standing: Standing | None) -> str:
    """The card for those who hear it or read it in a notification. People's own words come last: only they are cut."""
    refusal = request.last(Happened.DECLINED)
    sentences = [
        f"{text.number(request.id)}, {story.state_word(request)}. {story.wanted(request)}.",
        story.present(request, needed),
        *(f"{price.change(found)}." for found in request.changes[:5]),
        f"Asked by {text.mention(request.requester)}.",
        f"Price: {story.price_in_short(request)}.",
        story.renewal(request) or "",
        _budget_line(request, standing),
        f"Network and place: {text.words(request.place)}." if request.place else "",
        *_fallback_order(request),
        f"{may_approve}." if may_approve else "",
        f"Why: {text.quoted(request.reason)}" if request.reason else "",
        f"Why declined: {text.quoted(refusal.note, 600)}" if refusal and refusal.note else "",
    ]
    return "\n".join(sentence for sentence in sentences if sentence)


def _fallback_order(request: PurchaseRequest) -> list[str]:
    service = request.order.service_id if request.order else None
    url = buttons.invoice_url(request)
    return [
        f"Service ID {text.code(service)}." if service else "",
        text.link(url, "Open invoice") if url and len(url) <= limits.FALLBACK_URL else "",
    ]
