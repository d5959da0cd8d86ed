"""Draws where the time of one purchase goes, from a measured run: docs/pictures/click.svg.

    python -m bench.waterfall docs/pictures/click.svg

Each bar is the middle of several purchases, measured from outside: when the click was sent, when it was answered, and
when each call arrived at Slack or Byteful.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from bench.clicks import all_answered
from bench.company import Company, company
from bench.groups import WITHIN_S, finished
from bench.load import Plan, sent
from bench.purchases import SLACK_RESTS_S
from playground.serving import told_to_stop

PURCHASES = 8
WIDTH, LEFT, ROW, TOP = 900, 250, 26, 46
STEPS = (
    ("response_url", "private answer to who clicked", "#4a7bb7"),
    ("checkout/quote", "price asked again", "#8a6fb3"),
    ("service/search", "services known before", "#8a6fb3"),
    ("checkout/create", "checkout (claimed on disk before)", "#b3566b"),
    ("last chat.update", "card shows the invoice link", "#3f8f6b"),
)


async def measured() -> dict[str, float]:
    """Name of a step → milliseconds after the click, the middle of all purchases."""
    async with company() as around, around.bot("web") as web, around.bot("worker", PORT="1"):
        await asyncio.sleep(2)
        runs = [await _one(around, web.port) for _ in range(PURCHASES)]
    return {name: statistics.median(run[name] for run in runs[1:]) for name in runs[-1]}


async def _one(around: Company, port: int) -> dict[str, float]:
    requests = await around.ask_for(1, has_cards=True)
    await around.all_said()
    await asyncio.sleep(SLACK_RESTS_S)
    await around.book()
    seen = await sent(Plan([port]), around.presses(requests))
    all_answered(seen)
    await asyncio.sleep(1)
    calls: list[Any] = (await around.book())["calls"]
    moments = {call: (at - seen.sent[0]) * 1000 for at, _, call, _ in reversed(calls)}
    created = moments["checkout/create"]
    after = [(at - seen.sent[0]) * 1000 for at, _, call, _ in calls if call == "chat.update"]
    moments["last chat.update"] = min(moment for moment in after if moment > created)
    return {"ack": seen.took[0] * 1000, **{name: moments[name] for name, _, _ in STEPS}}


def drawn(moments: dict[str, float]) -> str:
    """The picture, as SVG with a text for those who cannot see it."""
    rows = [("ack", "answered: approval is on disk", "#d08b34"), *STEPS]
    longest = max(moments.values())
    scale = (WIDTH - LEFT - 90) / longest
    said = "; ".join(f"{words} after {moments[name]:.1f} ms" for name, words, _ in rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {TOP + ROW * len(rows) + 14}" role="img" '
        f'font-family="sans-serif" font-size="13"><title>Where the time of the last approval goes</title>'
        f"<desc>{escape(said)}</desc>",
        f'<rect width="{WIDTH}" height="{TOP + ROW * len(rows) + 14}" fill="#ffffff"/>',
        '<text x="14" y="26" font-size="15" fill="#222222">The last approval, from click to invoice link (ms)</text>',
    ]
    for number, (name, words, colour) in enumerate(rows):
        y, length = TOP + ROW * number, max(2.0, moments[name] * scale)
        parts.append(f'<text x="14" y="{y + 15}" fill="#222222">{escape(words)}</text>')
        parts.append(f'<rect x="{LEFT}" y="{y + 3}" width="{length:.1f}" height="15" fill="{colour}"/>')
        parts.append(f'<text x="{LEFT + length + 6:.1f}" y="{y + 15}" fill="#222222">{moments[name]:.1f}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("Say where to: python -m bench.waterfall docs/pictures/click.svg")
    Path(sys.argv[1]).write_text(drawn(asyncio.run(_measured_in_time())))


async def _measured_in_time() -> dict[str, float]:
    return await finished(measured(), WITHIN_S, told_to_stop())


if __name__ == "__main__":
    main()
