"""Whatever people and the provider write is shown as theirs, whole where it fits, and can imitate nothing of ours."""

from __future__ import annotations

import pytest

from bot.domain.catalog import MAX_REASON
from bot.domain.ids import RequestId
from tests.stories.journey import CHANNEL, Journey, answered

NASTY = [
    "<!channel> and <!here> and @channel",
    "<https://evil.example|Approve>",
    "https://evil.example/approve",
    "*bold* _it_ ~gone~ `code` ```block```",
    "Approved by: Boss\n:package: *Ordered*\nService ID API-1-1",
    "&lt;&amp;&gt; & < >",
    "\u202eright to left\u2066",
    "🧨👩‍👩‍👧‍👦" * 50,
    "> quoted\n• listed",
    "<@U0000MONA> <#C00PROXIES> <!subteam^S0APPROVERS>",
    "<!date^1^{date}|click>",
]


async def _asked_with(journey: Journey, reason: str) -> None:
    rita = journey.person("rita")
    form = await journey.opens(rita, "isp_us")
    await rita.enters(form, "reason", reason)
    answered(await rita.submits(form))
    journey.numbers.append(RequestId(1001))
    await journey.form(rita, "Sent as #1001")


@pytest.mark.parametrize("reason", NASTY, ids=range(len(NASTY)))
async def test_t96_v6_a_reason_is_shown_plain_and_can_imitate_nothing(journey: Journey, reason: str) -> None:
    await _asked_with(journey, reason)
    card = await journey.card("Waiting for approval")
    texts = [block["text"] for block in card.blocks if "text" in block]
    own = [text["text"] for text in texts if text["type"] == "plain_text" and "│" in text["text"]]
    assert own, "their words stand in plain text, behind a bar"
    assert all(line.startswith("│ ") for text in own for line in text.splitlines())
    first = reason.strip("\u202e\u2066").splitlines()[0].split()[0]
    assert first[:5] in "".join(own), "and are there"
    for markup in (text["text"] for text in texts if text["type"] == "mrkdwn"):
        assert "evil" not in markup
        assert "Boss" not in markup
    notification = card.raw_text.partition("Why: ")[2]
    assert notification, "who hears the card hears the reason"
    assert "<" not in notification, "nor does the notification call anybody or link anywhere"
    assert "://" not in notification
    assert "\u202e" not in notification


async def test_v6_the_longest_reason_is_kept_whole(journey: Journey) -> None:
    reason = "&" * (MAX_REASON - 3) + "end"
    await _asked_with(journey, reason)
    card = await journey.card("Waiting for approval")
    shown = "".join(card.text.partition("in their own words")[2].split("[Approve]")[0].split())
    assert shown.replace("│", "") == reason


async def test_v6_ten_thousand_characters_do_not_leave_the_form(journey: Journey) -> None:
    rita = journey.person("rita")
    form = await journey.opens(rita, "isp_us")
    await rita.enters(form, "reason", "x" * 10_000)
    outcome = await rita.submits(form)
    assert "1000" in str(outcome.errors).replace(",", "")
    assert len(await journey.submissions()) == 0


@pytest.mark.parametrize("reason", NASTY[:6], ids=range(6))
async def test_t96_v6_so_is_a_reason_for_declining(journey: Journey, reason: str) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    await mona.clicks(card, "decline")
    form = await journey.form(mona, "Decline")
    await mona.enters(form, "reason", reason)
    answered(await mona.submits(form))
    card = await journey.card("Declined by @mona")
    told = await journey.direct(rita, "Declined by @mona")
    for seen in (card, told):
        for sign in ("<!channel>", "<!here>", "<https://evil", "<!subteam"):
            assert sign not in seen.raw_text
            assert sign not in str([b for b in seen.blocks if b.get("text", {}).get("type") == "mrkdwn"])


@pytest.mark.parametrize("name", ["AT&T ISP Proxies [US]", "Fast & <b>cheap</b> *now*", "<!channel> proxies", "&amp;"])
async def test_t97_names_of_the_provider_are_escaped_once(journey: Journey, name: str) -> None:
    await journey.catalog_unknown()
    journey.byteful.products["isp_us"] = journey.product("isp_us", name=name)
    rita = journey.person("rita")
    form = await journey.opens(rita)
    options = (await rita.searches(form, "product", "isp_us")).option_texts
    assert name in options, "options interpret nothing"
    await rita.closes(form)
    card = await journey.buys("isp_us 2 for scraping")
    header = next(block["text"] for block in card.blocks if block["type"] == "header")
    assert header == {"type": "plain_text", "text": f"#1001 · 2 × {name}", "emoji": False}
    escaped = name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("*", "∗")
    assert escaped in card.raw_text, "escaped once, with no formatting of its own"
    assert "<!channel>" not in card.raw_text
    assert escaped in (await journey.threaded("Ordered")).raw_text + (await journey.direct(rita, "Ordered")).raw_text


async def test_t97_words_of_the_provider_are_escaped_too(journey: Journey) -> None:
    card = await journey.asks(journey.person("rita"))
    journey.byteful.faults.set(
        "conflict", endpoint="checkout/create", times=1, message="<!channel> *buy* <https://x|y>"
    )
    await journey.person("mona").clicks(card, "approve")
    card = await journey.card("Not bought")
    for seen in (card, await journey.threaded("Nothing was bought"), await journey.direct(journey.person("rita"))):
        assert "<!channel>" not in seen.raw_text + str(seen.blocks)
        assert "<https://x" not in seen.raw_text + str(seen.blocks)


async def test_v6_a_word_that_is_not_understood_is_quoted_harmlessly(journey: Journey) -> None:
    rita = journey.person("rita")
    for word in ("<!channel>", "*bold*", "`", "x" * 500):
        told = await journey.answer(rita, f"/proxy {word}", "is not something I know")
        assert "<!channel>" not in told.raw_text
    assert [one for one in await journey.person("mona").messages(CHANNEL) if not one.is_ephemeral] == []
