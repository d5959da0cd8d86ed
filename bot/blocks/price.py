"""A quote in words, the same in the form, the preview, the card and the lists."""

from __future__ import annotations

from bot.blocks import limits, text
from bot.domain.catalog import KEEP_CODE, STOP_CODE, Cycle, Product, Selection
from bot.domain.draft import Draft
from bot.domain.money import Cents
from bot.domain.quote import Change, ChangeKind, LineItem, Quote

_CYCLES_A_YEAR = {"day": 365, "week": 52, "month": 12, "year": 1}


def breakdown(quote: Quote, product: Product, *, is_over: bool = False) -> str:
    """Every sum a person agrees to, one to a line. `is_over`: agreed to or not, so nothing here is still to pay."""
    if product.code in (STOP_CODE, KEEP_CODE):
        return _renewal_terms(quote, product)
    lines = [_line_item(item, product) for item in quote.line_items[: limits.LINE_ITEMS]]
    if more := len(quote.line_items) - limits.LINE_ITEMS:
        lines += [f"and {text.plural(more, 'more line', 'more lines')}"] if more > 0 else []
    return "\n".join([*lines, *sums(quote, is_over=is_over)])


def _renewal_terms(quote: Quote, product: Product) -> str:
    """What a period of the service costs, which is saved or spent again."""
    item, ends = quote.line_items[0], quote.renews.at if quote.renews else None
    until = f", paid until {text.on_day(ends)}" if ends else ""
    verb = "is not charged again" if product.code == STOP_CODE else "will be charged again"
    return f"{text.words(item.name, 300)}{until}\n*{_each_time(quote)} {verb}.* Nothing is paid now."


def sums(quote: Quote, *, is_over: bool = False) -> list[str]:
    """From the price before discount down to what remains to pay, or remained when it was decided."""
    lines = []
    if quote.discount or quote.promo_code:
        code = f" with {text.code(quote.promo_code)}" if quote.promo_code else ""
        lines += [
            f"Before discount: {text.money(quote.before_discount)}",
            f"Discount{code}: {text.money(-quote.discount)}",
        ]
    lines.append(f"*Total: {text.money(quote.total)}*")
    if quote.credit_applied:
        lines.append(f"From account credit: {text.money(-quote.credit_applied)}")
    if is_over:
        lines += [f"By invoice: {text.money(quote.due)}"] if quote.due else []
    else:
        lines.append(f"*To pay by invoice: {text.money(quote.due)}*" if quote.due else "Nothing left to pay")
    if not quote.sums_agree():
        lines.append(":warning: The sums in the provider's price differ. It cannot be bought like this.")
    return lines


def of_renewal(quote: Quote, *, stops: bool) -> str:
    """`saves $17.50 a month`. No markup."""
    return f"{'saves' if stops else 'goes on at'} {_each_time(quote)}"


def _each_time(quote: Quote) -> str:
    cycle = quote.renews.cycle if quote.renews else None
    return f"{text.money(quote.line_items[0].per_unit)} {text.a(cycle) if cycle else 'a period'}"


def billed(total: Cents, quote: Quote) -> str:
    """What was bought otherwise than quoted. How it is paid is to be read on its invoice alone."""
    lines = [f"*Billed: {text.money(total)}*"]
    if total != quote.total:
        lines.append(f"Quoted before: {text.money(quote.total)}")
    return "\n".join(lines)


def in_short(quote: Quote) -> str:
    """`$15.75 in total: $5.00 from credit and $10.75 by invoice`. No markup."""
    total = f"{text.money(quote.total)} in total"
    if quote.due == 0:
        return f"{total}, all from account credit"
    if not quote.credit_applied:
        return f"{total}, to pay by invoice"
    return f"{total}: {text.money(quote.credit_applied)} from account credit and {text.money(quote.due)} by invoice"


def renewal(quote: Quote, cycle: Cycle, *, is_certain: bool = True) -> str | None:
    """When the next charge comes, and what a year of them costs. None when nothing recurs."""
    if not quote.renewal:
        return None
    if not is_certain:
        quoted = f"The price of that was quoted as {text.money(quote.renewal)} and may be another by now."
        return f"Renews {text.every(cycle)} unless stopped; collected automatically. {quoted}"
    charge = f"Renews {text.every(cycle)} at {text.money(quote.renewal)} unless stopped; collected automatically."
    return f"{charge} First year: {text.money(first_year(quote, cycle))}."


def first_year(quote: Quote, cycle: Cycle) -> Cents:
    """What is paid within a year when nobody stops it: this price once, then the price without promo code."""
    charges = -(-_CYCLES_A_YEAR.get(cycle.interval, 1) // cycle.count)
    return quote.total + quote.renewal * (charges - 1)


def needs(draft: Draft, product: Product | None) -> str:
    """What has to be chosen before there is a price."""
    parts = {"product": product, "quantity": draft.quantity, "cycle": draft.cycle}
    *most, last = (name for name, chosen in parts.items() if chosen is None)
    return f"Choose the {' and '.join(part for part in (', '.join(most), last) if part)} to see the price."


def credit(quote: Quote, selection: Selection) -> str:
    """The account credit before and after."""
    before = text.money(quote.credit_balance)
    if selection.top_up_cents is not None:
        after = text.money(quote.credit_balance + selection.top_up_cents)
        return f"Account credit: {before} now, {after} once the invoice is paid"
    return f"Account credit: {before} before, {text.money(quote.credit_after)} after"


def change(found: Change) -> str:
    """One difference between what was approved and what is true now, as a line."""
    before, after = _side(found.before), _side(found.after)
    match found.kind:
        case ChangeKind.PRICE_UP:
            return f"The price went up from {before} to {after}"
        case ChangeKind.PRICE_DOWN:
            return f"The price went down from {before} to {after}"
        case ChangeKind.DUE:
            return f"The price is the same; to pay by invoice is {after} instead of {before}"
        case ChangeKind.REFUSED:
            return f"The provider would not sell it: {after}" if found.after else "The provider would not sell it"
        case ChangeKind.BILLED:
            return f"The provider billed {after}; {before} was approved"
        case ChangeKind.BUDGET:
            return f"The channel's budget has no room for {after}"
        case ChangeKind.APPROVALS:
            return f"The policy wants {after} approvals by now instead of {before}"
        case ChangeKind.PAYMENT | ChangeKind.PROMO | ChangeKind.FILTER | ChangeKind.APPROVER:
            return f"{_LABELS[found.kind]}: {before} → {after}"


_LABELS = {
    ChangeKind.PAYMENT: "How it is paid",
    ChangeKind.PROMO: "Promo code",
    ChangeKind.FILTER: "Network and place",
    ChangeKind.APPROVER: "Who approved",
}


def _side(side: Cents | str) -> str:
    return text.money(side) if isinstance(side, int) else text.words(side, limits.DETAIL)


def _line_item(item: LineItem, product: Product) -> str:
    count = text.quantity(product, item.quantity) if not product.is_credit else f"{item.quantity:,}"
    price = f"{count} × {text.money(item.per_unit)} = {text.money(item.total)}"
    return f"{price} · {text.words(item.name)}" if item.name else price
