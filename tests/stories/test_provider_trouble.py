"""Byteful is away, slow or refuses our keys: requests are still taken, nothing is lost, and it goes on by itself."""

from __future__ import annotations

import asyncio
import contextlib
import math
from typing import Any

import aiohttp
import pytest

from bot.domain.errors import ProviderError
from bot.domain.ids import UserId
from bot.domain.request import Happened, State
from playground.slack_person import SlackPerson
from playground.slack_seen import SeenMessage
from tests.stories.journey import CHANNEL, LINE, TEAM, Journey, answered, number_in, reached

KEPT = ("Kept, waiting for its price", "Nothing was sent to the approvers yet and nothing was bought")


async def keeps(journey: Journey, who: SlackPerson, line: str = LINE) -> SeenMessage:
    """Asked in one line and sent although there is no price."""
    count = f"{line.split()[1]} × "
    preview = await journey.answer(who, f"/proxy buy {line}", count, "gives no price", "send it all the same")
    await who.clicks(preview, "send_draft")
    return await journey.private(who, count, *KEPT)


async def warm(journey: Journey) -> None:
    """Somebody used the bot before: the catalog is known."""
    await journey.preview(journey.person("max"))


async def leave_alone(journey: Journey) -> None:
    """Byteful is down, and so many asked in vain that it is left alone, for as long as the story takes."""
    journey.byteful.faults.set("down")
    while not journey.bot.desk.provider.is_away:
        with contextlib.suppress(ProviderError):
            await journey.bot.desk.provider.credit_balance()
    journey.bot.desk.provider.client._sender._breaker._closed_until = math.inf  # type: ignore[attr-defined]


async def awaited(journey: Journey) -> list[str]:
    """Who waits for a price, oldest first."""
    return [kept.draft.reason for kept in await journey.bot.store.waiting(TEAM)]


async def cards(journey: Journey) -> list[int]:
    """Every request that has a card, in the order they were posted."""
    seen = await journey.person("mona").messages(CHANNEL)
    return [number_in(one.text) for one in seen if one.text.startswith("#1")]


def behind_acks() -> list[str]:
    """What goes on in the background of clicks."""
    tasks = [task.get_coro() for task in asyncio.all_tasks() if not task.cancelling()]
    return [name for coro in tasks if (name := getattr(coro, "__qualname__", "")) == "_logged"]


# Away


@pytest.mark.parametrize("fault", ["down", "server_error", "unauthorized", "rate_limited"])
async def test_f6_t69_an_ask_in_one_line_is_kept_and_posted_with_its_price_later(journey: Journey, fault: str) -> None:
    rita, mona = journey.people("rita", "mona")
    await warm(journey)
    more: dict[str, Any] = {"seconds": 20} if fault == "rate_limited" else {}
    journey.byteful.faults.set(fault, **more)
    told = await keeps(journey, rita)
    assert told.has_button("discard_kept")
    assert await cards(journey) == []
    await journey.sweep()
    assert await cards(journey) == []
    assert await awaited(journey) == ["scraping"]
    await journey.byteful_is_back(fault)
    await journey.sweep()
    news = await journey.direct(rita, "it has its price", "$", "goes to the approvers")
    journey.numbers.append(number_in(news.text))
    card = await journey.card("Waiting for approval", "Total")
    assert await awaited(journey) == []
    await mona.clicks(card, "approve")
    await journey.card("Ordered")
    assert journey.byteful.creates_received == 1
    await journey.sweep()
    assert len([one for one in await rita.dm() if "it has its price" in one.text]) == 1


async def test_f6_the_form_says_that_there_is_no_price_and_takes_the_ask_all_the_same(journey: Journey) -> None:
    rita = journey.person("rita")
    await warm(journey)
    journey.byteful.faults.set("down", endpoint="checkout/quote")
    await rita.types("/proxy buy", channel=CHANNEL)
    form = await journey.form(rita, "Product")
    await rita.chooses(form, "product", "isp_us")
    form = await journey.form(rita, "gives no price", "did not give a clear answer", "Reference")
    journey.logged(form)
    await rita.enters(form, "reason", "by form")
    answered(await rita.submits(await journey.form(rita, "gives no price")))
    await journey.form(rita, *KEPT, "/proxy requests")
    assert await awaited(journey) == ["by form"]
    await journey.byteful_is_back("down")
    await journey.sweep()
    await journey.direct(rita, "it has its price")
    assert await cards(journey) == [1001]


async def test_f6_an_ask_sent_without_a_reason_is_not_kept_but_given_back(journey: Journey) -> None:
    rita = journey.person("rita")
    await warm(journey)
    journey.byteful.faults.set("down", endpoint="checkout/quote")
    preview = await journey.answer(rita, "/proxy buy isp_us 2", "gives no price", "Say what it is for")
    assert not preview.has_button("send_draft")


async def test_f6_more_credit_can_be_asked_for_without_even_a_catalog(journey: Journey) -> None:
    rita = journey.person("rita")
    journey.byteful.faults.set("down")
    preview = await journey.answer(rita, "/proxy topup 50", "$50.00 of account credit", "send it all the same")
    await rita.clicks(preview, "send_draft")
    await journey.private(rita, *KEPT)
    await journey.byteful_is_back("down")
    await journey.sweep()
    await journey.direct(rita, "$50.00 of account credit", "it has its price")
    assert await cards(journey) == [1001]


async def test_f6_t69_a_dead_provider_is_left_alone_and_people_hear_so_at_once(journey: Journey) -> None:
    rita = journey.person("rita")
    await warm(journey)
    await leave_alone(journey)
    asked = journey.byteful.requests_received
    told = await journey.answer(rita, f"/proxy buy {LINE}", "Byteful cannot be reached", "send it all the same")
    journey.logged(told)
    await rita.clicks(told, "send_draft")
    await journey.private(rita, *KEPT)
    assert journey.byteful.requests_received == asked, "nobody had to wait for an answer that does not come"


async def test_t69_what_was_asked_in_an_hour_without_byteful_goes_on_in_order(journey: Journey) -> None:
    rita, ravi = journey.people("rita", "ravi")
    await warm(journey)
    journey.byteful.faults.set("down", endpoint="checkout/quote")
    for place in range(6):
        await keeps(journey, (rita, ravi)[place % 2], f"isp_us {place + 1} for ask {place}")
    assert await awaited(journey) == [f"ask {place}" for place in range(6)]
    journey.byteful.set_price("isp_us", 400)
    await journey.byteful_is_back("down")
    await asyncio.gather(*(journey.sweep() for _ in range(2)))
    await journey.sweep()
    found = [await journey.request(1001 + place) for place in range(6)]
    assert [(one.reason, one.quote.total, one.state) for one in found] == [
        (f"ask {place}", 400 * (place + 1), State.PENDING) for place in range(6)
    ], "each at the price of now"
    assert [line for line in journey.byteful.log if line.status == 429] == [], "at the pace the account allows"
    assert await journey.bot.store.of_requester(TEAM, UserId("U00000MAX")) == []


async def test_f6_lists_and_home_show_what_waits_with_a_way_to_discard_it(journey: Journey) -> None:
    rita = journey.person("rita")
    await warm(journey)
    journey.byteful.faults.set("down", endpoint="checkout/quote")
    await keeps(journey, rita, "isp_us 2 for scraping")
    await keeps(journey, rita, "isp_us 3 for pricing")
    listed = await journey.answer(rita, "/proxy requests", "Waiting for a price", "2 × ", "3 × ")
    assert listed.has_button("discard_kept")
    await rita.opens_home()
    home = await journey.home(rita, "Byteful does not answer at the moment", "Waiting for a price", "2 × ", "3 × ")
    first, _ = await journey.bot.store.waiting(TEAM)
    answered(await rita.clicks(home, "discard_kept", value=first.draft.id))
    await journey.direct(rita, "no approver has seen it and nothing was bought")

    async def drawn_again() -> bool:
        home = await rita.home()
        return home is not None and "3 × " in home.text and "2 × " not in home.text

    await journey.until(drawn_again, "the home without what was discarded")
    assert await awaited(journey) == ["pricing"]
    answered(await rita.clicks(listed, "discard_kept", value=first.draft.id))
    await journey.private(rita, "does not wait for a price any more")
    await journey.byteful_is_back("down")
    await journey.sweep()
    await journey.direct(rita, "3 × ", "it has its price")
    assert await cards(journey) == [1001]
    await rita.opens_home()
    home = await journey.home(rita, "Waiting for approval")
    assert "Byteful does not answer" not in home.text


async def test_f6_an_old_preview_that_is_discarded_takes_back_what_was_sent_from_it(journey: Journey) -> None:
    rita = journey.person("rita")
    await warm(journey)
    journey.byteful.faults.set("down", endpoint="checkout/quote")
    preview = await journey.answer(rita, f"/proxy buy {LINE}", "send it all the same")
    await rita.clicks(preview, "send_draft")
    await journey.private(rita, *KEPT)
    answered(await rita.clicks(preview, "discard_draft", stale=True))
    await journey.private(rita, "no approver has seen it")
    assert await awaited(journey) == []


async def test_t65_f6_an_ask_without_a_price_as_it_stands_comes_back_with_the_reason(journey: Journey) -> None:
    rita = journey.person("rita")
    await warm(journey)
    journey.byteful.faults.set("down", endpoint="checkout/quote")
    await keeps(journey, rita, "isp_us 2 promo NOSUCHCODE for scraping")
    await journey.byteful_is_back("down")
    await journey.sweep()
    told = await journey.direct(rita, "there is no price for what you asked for", "promo code", "nothing was bought")
    assert await cards(journey) == []
    answered(await rita.clicks(told, "edit_draft"))
    form = await journey.form(rita, "promo code")
    await rita.enters(form, "promo", "")
    answered(await rita.submits(await journey.form(rita, "Promo code")))
    await journey.form(rita, "Sent as #1001")


# Refused keys


@pytest.mark.parametrize(("fault", "words"), [("unauthorized", "refuses our keys"), ("second_factor", "second factor")])
async def test_t65_purchases_are_paused_admins_told_once_and_it_goes_on_by_itself(
    journey: Journey, fault: str, words: str
) -> None:
    rita, ravi, mona, ada = journey.people("rita", "ravi", "mona", "ada")
    journey.byteful.set_credit(0)
    first = await journey.asks(rita)
    second = await journey.asks(ravi, "isp_us 3 for pricing")
    journey.byteful.faults.set(fault)
    await mona.clicks(first, "approve")
    card = await journey.card("Approved by @mona", "Purchases are paused", words, number=1001)
    assert "Nothing was sent to the provider yet" in card.text
    told = await journey.direct(ada, "Purchases are paused", words, "What to do")
    assert ("authenticator" if fault == "second_factor" else "API keys were revoked") in told.text
    assert journey.logged(told)["provider_request"]
    await mona.clicks(second, "approve")
    await journey.card("Approved by @mona", "Purchases are paused", number=1002)
    await journey.sweep()
    await journey.sweep()
    assert journey.byteful.creates_received == 0
    assert len(await ada.dm()) == 1
    assert await mona.dm() == []
    await rita.opens_home()
    await journey.home(rita, "Purchases are paused", words)
    async with aiohttp.ClientSession() as web:
        async with web.get(f"{journey.stage.url}/readyz") as ready:
            assert ready.status == 200, "Slack must go on reaching us"
            assert "paused since" in (await ready.json())["warnings"]["purchases"]
        async with web.get(f"{journey.stage.url}/metrics") as metrics:
            assert "proxydesk_purchases_paused 1.0" in await metrics.text()
    await journey.byteful_is_back(fault)
    await journey.sweep()
    await journey.card("Ordered", number=1001)
    await journey.card("Ordered", number=1002)
    await journey.direct(ada, "Purchases go on")
    assert len(await ada.dm()) == 2
    assert journey.byteful.creates_received == 2
    history = [entry.happened for entry in (await journey.request(1001)).history]
    assert history.count(Happened.DELAYED) == 1
    async with aiohttp.ClientSession() as web, web.get(f"{journey.stage.url}/metrics") as metrics:
        assert "proxydesk_purchases_paused 0.0" in await metrics.text()


async def test_t65_a_second_factor_asked_for_at_the_till_buys_nothing_and_is_explained(journey: Journey) -> None:
    mona, ada = journey.people("mona", "ada")
    card = await journey.asks(journey.person("rita"))
    journey.byteful.faults.set("second_factor", endpoint="checkout/create")
    await mona.clicks(card, "approve")
    card = await journey.card("Not bought", "second factor", "Nothing was bought")
    await journey.direct(ada, "Purchases are paused", "code it sends", "authenticator")
    assert journey.byteful.creates_received == 1
    journey.byteful.faults.clear("second_factor")
    await journey.sweep()
    await journey.direct(ada, "Purchases go on")
    assert journey.byteful.creates_received == 1, "nothing is sent again by the machine"
    await mona.clicks(card, "retry")
    await journey.card("Ordered")
    assert journey.byteful.creates_received == 2
    assert journey.byteful.creates_effective == 1


async def test_t65_asks_are_taken_while_keys_are_refused(journey: Journey) -> None:
    rita, ada = journey.people("rita", "ada")
    await warm(journey)
    journey.byteful.faults.set("unauthorized")
    await keeps(journey, rita)
    await journey.sweep()
    await journey.direct(ada, "Purchases are paused", "refuses our keys")
    await journey.byteful_is_back("unauthorized")
    await journey.sweep()
    await journey.direct(rita, "it has its price")
    assert await cards(journey) == [1001]


# Slow


async def test_t80_t66_slack_is_answered_in_time_while_byteful_takes_its_time(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    journey.byteful.faults.set("slow", seconds=20)
    answered(await rita.types("/proxy buy", channel=CHANNEL))
    form = await journey.form(rita, "Product")
    answered(await rita.chooses(form, "product", "isp_us"))
    answered(await rita.searches(form, "product", "isp"))
    form = await journey.form(rita, "Why")
    await rita.enters(form, "reason", "slowly")
    answered(await rita.submits(form))
    await journey.form(rita, "Not sent yet")
    answered(await mona.clicks(card, "approve"))
    await journey.private(mona, "Recorded: you approved it")
    journey.byteful.faults.clear("slow")
    await journey.form(rita, "Sent as #1002")
    await journey.card("Ordered", number=1001)


async def test_t80_t66_sending_is_answered_in_time_by_a_process_that_knows_nothing_yet(journey: Journey) -> None:
    """Started a moment ago: it has to ask for the catalog, and Byteful takes its time."""
    rita = journey.person("rita")
    preview = await journey.preview(rita)
    catalog = journey.bot.desk.provider._catalog  # type: ignore[attr-defined]
    catalog._value = None
    slow = journey.byteful.faults.set("slow", endpoint="checkout/catalog", seconds=20)
    answered(await rita.clicks(preview, "send_draft"))
    await reached(slow)
    journey.byteful.faults.clear("slow")
    await journey.private(rita, "Sent.")
    assert len(await journey.submissions()) == 1


async def test_t66_one_price_at_a_time_is_waited_for_behind_a_form(journey: Journey) -> None:
    rita = journey.person("rita")
    form = await journey.opens(rita, "isp_us")
    asked = journey.byteful.requests_received
    slow = journey.byteful.faults.set("slow", endpoint="checkout/quote", seconds=60)
    for count in (2, 3, 4):
        answered(await rita.enters(form, "quantity", str(count)))
        asked += 1
        await journey.until_asked(asked)
    assert slow.taken == 3
    assert len(behind_acks()) == 1
    journey.byteful.faults.clear("slow")
    await journey.form(rita, "4 proxies × $3.50 = $14.00")


async def test_t64_a_429_on_a_quote_is_waited_out(journey: Journey) -> None:
    journey.byteful.faults.set("rate_limited", endpoint="checkout/quote", times=2, seconds=1, with_header=True)
    preview = await journey.preview(journey.person("rita"), LINE, "Total")
    assert preview.has_button("send_draft")


async def test_t64_a_429_on_a_checkout_is_no_leave_to_send_it_again(journey: Journey) -> None:
    card = await journey.asks(journey.person("rita"))
    journey.byteful.faults.set("rate_limited", endpoint="checkout/create", seconds=1)
    await journey.person("mona").clicks(card, "approve")
    await journey.card("Unclear whether it was bought")
    journey.byteful.faults.clear("rate_limited")
    await journey.sweep()
    assert journey.byteful.creates_received == 1
