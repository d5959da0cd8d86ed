"""Everything that turns a value into words. The only place that escapes, cuts, and formats money, time and data.

A text from outside (people, the provider, promo codes) is raw until exactly one function here has prepared it:
`words` and `quoted` for mrkdwn, `code` for identifiers, `plain` and `passage` for plain_text elements, `prose` for
sentences this program wrote. What they return is never prepared again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime

from bot.blocks import limits
from bot.domain.catalog import MAX_REASON, Cycle, Product, Selection
from bot.domain.company import is_channel_id
from bot.domain.ids import ChannelId, RequestId, UserId
from bot.domain.money import CENTS_PER_DOLLAR, Cents
from bot.domain.period import Period
from bot.domain.request import State
from bot.domain.usage import BYTES_PER_GB

_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Control characters, half characters, and the marks that turn the reading direction of what follows."""
_BAR = "│ "
_CHANNEL = re.compile(r"&lt;#([CG][A-Z0-9]{2,31})&gt;")
_SLACK_ID = re.compile(r"[A-Z][A-Z0-9]{1,31}")
BYTES_PER_MB = 1024**2


def escape(raw: str) -> str:
    """For mrkdwn: Slack reads `&`, `<` and `>` as control characters (Slack docs, "Escaping text")."""
    return raw.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")  # `translate` takes ten times as long


def _harmless(raw: str) -> str:
    """Slack knows no way to escape its formatting signs, so outside text gets their look-alikes."""
    return raw.replace("*", "∗").replace("~", "∼").replace("`", "ˋ")


def one_line(raw: str) -> str:
    return " ".join(_INVISIBLE.sub("", raw).split())


def cut(raw: str, most: int) -> str:
    """At most so many characters; an ellipsis says that something is missing."""
    return raw if len(raw) <= most else raw[: most - 1].rstrip(" …\u200d") + "…"


def cut_inside(raw: str, most: int) -> str:
    """The same with the last words kept, for names that are told apart by them: `Static… ISP [US]`."""
    words = raw.split()
    shorter = (f"{words[0]}… {' '.join(words[at:])}" for at in range(2, len(words)))
    return raw if len(raw) <= most else next((one for one in shorter if len(one) <= most), cut(raw, most))


def distinct(names: Sequence[str], most: int) -> list[str]:
    """Two of the same name stay two: `Alex`, `Alex (2)`."""
    found: list[str] = []
    for name in names:
        count, one = 1, name
        while one in found:
            count += 1
            mark = f" ({count})"
            one = f"{cut(name, most - len(mark))}{mark}"
        found.append(one)
    return found


def plain(raw: str, most: int) -> str:
    """One line for a plain_text element, where nothing is interpreted and so nothing is escaped."""
    return cut(one_line(raw), most)


def prose(raw: str, most: int = limits.DETAIL) -> str:
    """A sentence of this program, which may hold outside names: escaped, its own `*`, backticks and `<#C…>` kept."""
    return fit(_CHANNEL.sub(r"<#\1>", _escaped_within(one_line(raw), most)), most)


def unmarked(markup: str) -> str:
    """Finished mrkdwn as plain text, for the places where Slack renders none, such as the errors beside a field."""
    bare = re.sub(r":[a-z_]+: ?|[*`]", "", markup)
    return cut(bare.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"), limits.DETAIL)


def words(raw: str, most: int = limits.NAME) -> str:
    """Outside text inside mrkdwn: one line, no formatting of its own."""
    return _escaped_within(_harmless(one_line(raw)), most)


def quoted(raw: str, most: int = 1_200) -> str:
    """Somebody's words within a line, recognisable as such and with no link that can be clicked."""
    return f"“{words(raw.replace('://', ':∕∕'), most)}”"


def code(raw: str, most: int = limits.SERVICE_ID) -> str:
    """An identifier to copy. Its underscores and asterisks stay what they are."""
    return f"`{_escaped_within(one_line(raw).replace('`', 'ˋ'), most) or '–'}`"


def passage(raw: str) -> list[str]:
    """Somebody's text as it was written, for plain_text sections: every line behind a bar, in pieces that fit.

    A bar on each line is what keeps "Approved by: Boss" on a line of its own from looking like a line of ours.
    """
    pieces: list[str] = []
    room = 0
    for line in _lines(cut(_INVISIBLE.sub("", raw), MAX_REASON)):
        for part in _parts(_BAR + line):
            if len(escape(part)) + 1 > room:
                pieces.append(part)
                room = limits.SECTION
            else:
                pieces[-1] += "\n" + part
            room -= len(escape(part)) + 1
    return pieces


def fit(markup: str, most: int) -> str:
    """Finished mrkdwn within a limit, never ending inside an entity or a `<…>` token."""
    if len(markup) <= most:
        return markup
    head = markup[: most - 1]
    for opening, closing in (("<", ">"), ("&", ";")):
        if head.rfind(opening) > head.rfind(closing):
            head = head[: head.rfind(opening)]
    return head.rstrip() + "…"


def _lines(raw: str) -> list[str]:
    lines = [line for line in (one_line(part) for part in raw.splitlines()) if line]
    head, rest = lines[: limits.REASON_LINES - 1], lines[limits.REASON_LINES - 1 :]
    return [*head, " ".join(rest)] if rest else head


def _parts(line: str) -> list[str]:
    if len(escape(line)) < limits.SECTION:
        return [line]
    size = limits.SECTION // len("&amp;") - 1
    return [line[at : at + size] for at in range(0, len(line), size)]


def _escaped_within(raw: str, most: int) -> str:
    escaped = escape(raw)
    if len(escaped) <= most:
        return escaped
    kept, left = 0, most - 1
    for character in raw:
        left -= len(escape(character))
        if left < 0:
            break
        kept += 1
    return escape(raw[:kept].rstrip(" \u200d")) + "…"


# Money, amounts and time


def money(cents: Cents) -> str:
    whole, rest = divmod(abs(cents), CENTS_PER_DOLLAR)
    return f"{'−' if cents < 0 else ''}${whole:,}.{rest:02}"


def dollars(cents: Cents) -> str:
    """As a person types it into a number field: `50` or `12.50`."""
    whole, rest = divmod(cents, CENTS_PER_DOLLAR)
    return f"{whole}.{rest:02}" if rest else f"{whole}"


def unit(product: Product, count: int) -> str:
    if not product.is_per_ip:
        return "GB"
    return "proxy" if count == 1 else "proxies"


def quantity(product: Product, count: int) -> str:
    return f"{count:,} {unit(product, count)}"


def plural(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def cycle_words(cycle: Cycle) -> str:
    return plural(cycle.count, cycle.interval, f"{cycle.interval}s")


def every(cycle: Cycle) -> str:
    return f"every {cycle.interval if cycle.count == 1 else cycle_words(cycle)}"


def a(cycle: Cycle) -> str:
    """`a month`, to follow a price."""
    return f"a {cycle.interval}" if cycle.count == 1 else every(cycle)


def data_words(size: int) -> str:
    """Bytes as GB with one decimal, rounded down; less than a tenth of one as MB."""
    tenths = max(size, 0) * 10 // BYTES_PER_GB
    if tenths == 0:
        return f"{max(size, 0) // BYTES_PER_MB} MB"
    whole, rest = divmod(tenths, 10)
    return f"{whole:,}.{rest} GB" if rest else f"{whole:,} GB"


def a_day(size: int) -> str:
    """Bytes used a day, exact enough that how long what is left lasts can be worked out from it."""
    if size < BYTES_PER_GB:
        return f"{round(max(size, 0) / BYTES_PER_MB):,} MB a day"
    return f"{f'{size / BYTES_PER_GB:,.2f}'.rstrip('0').rstrip('.')} GB a day"


def pace(size: int, days: int) -> str:
    """`275 MB a day over the last 7 days`."""
    return a_day(size) + (f" over the last {plural(days, 'day', 'days')}" if days else "")


def when(at: datetime) -> str:
    """A moment in each reader's own time zone; UTC where Slack cannot tell."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{utc(at)}>"


def on_day(at: datetime) -> str:
    """`Tuesday, July 14th, 2026`, in each reader's own time zone. Never `tomorrow`, because it follows `on`."""
    return f"<!date^{int(at.timestamp())}^{{date_long}}|{at.astimezone(UTC):%A} {day(at.astimezone(UTC).date())}>"


def utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def day(at: date) -> str:
    """`24 Nov 2026`."""
    return f"{at.day} {at:%b %Y}"


def utc_day(at: datetime) -> str:
    """Of what is counted in days of UTC: the same day for every reader, and in every summary."""
    return day(at.astimezone(UTC).date())


def days(period: Period) -> str:
    """`in November 2026`, `from 1 to 26 Nov 2026`, `on 26 Nov 2026`: to follow a word such as `Spent`."""
    if period.days == 1:
        return f"on {span(period)}"
    return f"{'in' if _has_a_name(period) else 'from'} {span(period)}"


def span(period: Period) -> str:
    """`November 2026`, `1 to 26 Nov 2026`, `26 Nov 2026`."""
    first, last = period.first, period.last
    if first == last:
        return day(first)
    if _has_a_name(period):
        return f"{first:%B %Y}" if first.month == last.month else f"{first.year}"
    if first.year != last.year:
        return f"{day(first)} to {day(last)}"
    return f"{first.day if first.month == last.month else f'{first.day} {first:%b}'} to {day(last)}"


def month(at: str) -> str:
    """`November 2026`, for a month as budgets have it: `2026-11`."""
    return f"{date.fromisoformat(f'{at}-01'):%B %Y}"


def _has_a_name(period: Period) -> bool:
    """A whole month or a whole year."""
    is_one_month = period.days <= 31 and period.first.month == period.last.month
    is_one_year = period.first.year == period.last.year and (period.first.month, period.last.month) == (1, 12)
    return period.is_whole_months and (is_one_month or is_one_year)


# People, places and things


def mention(user: UserId) -> str:
    return f"<@{user}>" if _SLACK_ID.fullmatch(user) else words(user)


def channel(there: ChannelId) -> str:
    return f"<#{there}>" if _SLACK_ID.fullmatch(there) else words(there)


def project(named: str) -> str:
    """By its name; a channel that has none stands for itself."""
    return channel(ChannelId(named)) if is_channel_id(named) else words(named)


def mentions(users: Sequence[UserId], most: int = limits.MENTIONS) -> str:
    """`@a, @b and 3 more`; empty for nobody."""
    shown = [mention(user) for user in users[:most]]
    if more := len(users) - len(shown):
        return f"{', '.join(shown)} and {more} more"
    return " and ".join((", ".join(shown[:-1]), shown[-1])) if len(shown) > 1 else "".join(shown)


def link(url: str, label: str) -> str:
    """A link under a label of ours. Slack reads `|` and `>` in it as signs, so they are encoded."""
    return f"<{escape(url.replace('|', '%7C').replace('>', '%3E').replace('<', '%3C'))}|{label}>"


def number(request: RequestId) -> str:
    return f"#{request}"


def product_label(product: Product) -> str:
    """Raw: still to be prepared for where it goes."""
    return one_line(product.name) or product.code


def subject(selection: Selection, product: Product) -> str:
    """What is asked for in one line, raw: `5 × AT&T ISP Proxies [US]`, `10 GB of …`, `$50.00 of account credit`."""
    if selection.service is not None:
        return f"{product.name}{' of' if selection.stops_renewal else ':'} {one_line(selection.service)}"
    if selection.top_up_cents is not None:
        return f"{money(selection.top_up_cents)} of account credit"
    if product.is_per_ip:
        return f"{selection.quantity:,} × {product_label(product)}"
    return f"{quantity(product, selection.quantity)} of {product_label(product)}"


_STATES: dict[State, tuple[str, str]] = {
    State.PENDING: (":hourglass_flowing_sand:", "Waiting for approval"),
    State.APPROVED: (":ballot_box_with_check:", "Approved"),
    State.ORDERING: (":gear:", "Buying"),
    State.IN_DOUBT: (":warning:", "Unclear whether it was bought"),
    State.FAILED: (":x:", "Not bought"),
    State.ORDERED: (":package:", "Ordered"),
    State.DECLINED: (":no_entry:", "Declined"),
    State.WITHDRAWN: (":leftwards_arrow_with_hook:", "Withdrawn"),
    State.EXPIRED: (":alarm_clock:", "Expired"),
}


def state_word(state: State) -> str:
    return _STATES[state][1]


def state_words(state: State) -> str:
    """Sign and word together: nobody has to see a colour or a picture to know."""
    return " ".join(_STATES[state])
