"""`/proxy why`: a service tells where it comes from, honestly when the provider or the bot does not know."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from bot.domain.ids import ServiceId
from bot.domain.ledger import Entry, EntryId, Kind
from bot.usecases.desk import utcnow
from bot.usecases.follow import follow
from playground.slack_seen import SeenMessage
from playground.workspace_cast import PROXIES
from tests.stories.journey import CHANNEL, TEAM, Journey, LaterClock

DIVIDED = f"""channel_settings:
  {PROXIES}: {{project: crawler}}
"""
"""With the teams of the playground's policy."""


async def bought(journey: Journey, *, credit: int = 0) -> ServiceId:
    journey.byteful.set_credit(credit)
    await journey.buys("isp_us 5 asn:7018 for scraping the EU")
    order = (await journey.request()).order
    assert order is not None
    assert order.service_id is not None
    return order.service_id


async def look_later(journey: Journey, clock: LaterClock, seconds: float) -> None:
    clock.later += timedelta(seconds=seconds)
    journey.byteful.advance(seconds)
    await follow(journey.bot.desk, TEAM)


async def test_u3_a_service_says_who_asked_who_approved_under_which_rule_and_what_it_cost(journey: Journey) -> None:
    service, rita = await bought(journey), journey.person("rita")
    digest = journey.bot.policy.current.digest
    told = await journey.answer(rita, f"/proxy why {service}", "Since then")
    for words in (
        f"`{service}`",
        "5 × ",
        "Asked for by @rita",
        f"as *#{journey.numbers[-1]}*",
        "scraping the EU",
        "Approved by @mona",
        f"under the rule `role:approver`, policy `{digest}`",
        "Invoice open:",
        "Ordered",
    ):
        assert words in told.text, words
    by_number = await journey.answer(rita, f"/proxy why #{journey.numbers[-1]}", "Since then")
    assert by_number.text == told.text
    assert not [one for one in await journey.person("max").messages(CHANNEL) if "Since then" in one.text]


async def test_u3_every_change_since_is_told_in_the_order_it_happened(journey: Journey, clock: LaterClock) -> None:
    service = await bought(journey, credit=1_000_000)
    request = await journey.request()
    await look_later(journey, clock, 60)
    journey.byteful.change_service(service, {"service_total": 9_900})
    await look_later(journey, clock, 3_600)
    renewal = Entry(
        id=EntryId("watch:1"),
        at=utcnow() + timedelta(days=30),
        day=request.created_at.date(),
        kind=Kind.RENEWAL,
        amount=1_750,
        is_paid=False,
        request=request.id,
        service=service,
        requester=request.requester,
        approvers=(),
        channel=request.channel,
        product=request.product.code,
        product_type=request.product.type,
        quantity=5,
    )
    await journey.bot.desk.ledger.book(TEAM, [renewal])
    told = await journey.answer(journey.person("rita"), f"/proxy why {service}", "Renewed")
    words = ["Ordered", "Changed by Byteful's own people: its price", "Renewed: $17.50, to pay"]
    places = [told.text.find(one) for one in words]
    assert places == sorted(places), told.text
    assert -1 not in places, told.text


async def test_u3_without_the_provider_it_says_what_is_missing(journey: Journey) -> None:
    service = await bought(journey)
    journey.byteful.set_fault("server_error", endpoint="service_adjustment/search")
    told = await journey.answer(journey.person("rita"), f"/proxy why {service}", "Since then")
    assert "Byteful does not answer now, so what was changed there is missing here." in told.text
    assert "Approved by @mona" in told.text


async def test_u3_n13_a_service_bought_outside_the_bot_says_so(journey: Journey) -> None:
    made = journey.byteful.buy_by_hand({"product_code": "isp_us", "quantity": 3, "cycle_interval": "month"})
    told = await journey.answer(journey.person("rita"), f"/proxy why {made['service_id']}", "bought outside the bot")
    assert "Bought with our account, in the dashboard or by the API" in told.text
    assert "Approved by" not in told.text


SUM = re.compile(r"\$\s?\d")


def without_sums(message: SeenMessage) -> bool:
    return not SUM.search(f"{message.text} {message.blocks}")


async def test_t139_by_default_a_channel_sees_its_own_sums_and_others_are_told_who_does(journey: Journey) -> None:
    service, (ravi, mona) = await bought(journey), journey.people("ravi", "mona")
    for line, words in ((f"/proxy why {service}", "Since then"), ("/proxy show 1001", "History")):
        assert not without_sums(await journey.answer(ravi, line, words))
        elsewhere = await journey.answer(ravi, line, words, channel="scraping")
        assert without_sums(elsewhere)
        assert "everybody who looks from its channel, *approver*" in elsewhere.raw_text
        assert not without_sums(await journey.answer(mona, line, words, channel="scraping"))


@pytest.mark.parametrize("policy", ["prices_visible_to: [admin]"], indirect=True)
async def test_t139_where_the_policy_keeps_sums_from_the_channel_only_who_asked_and_who_decides_see_them(
    journey: Journey, clock: LaterClock
) -> None:
    service, (rita, ravi, mona) = await bought(journey), journey.people("rita", "ravi", "mona")
    journey.byteful.change_service(service, {"service_total": 9_900})
    await look_later(journey, clock, 3_600)
    for line, words in ((f"/proxy why {service}", "Since then"), ("/proxy show 1001", "History")):
        told = await journey.answer(ravi, line, words)
        assert without_sums(told)
        assert "they are shown to whoever asked for it, *admin* and *approver*." in told.raw_text
        assert "open_invoice" not in str(told.blocks)
        for who in (rita, mona):
            assert not without_sums(await journey.answer(who, line, words))


async def test_t139_a_service_bought_outside_the_bot_shows_its_price_to_the_roles(journey: Journey) -> None:
    made = journey.byteful.buy_by_hand({"product_code": "isp_us", "quantity": 3, "cycle_interval": "month"})
    ravi, mona = journey.people("ravi", "mona")
    assert without_sums(await journey.answer(ravi, f"/proxy why {made['service_id']}", "bought outside the bot"))
    assert not without_sums(await journey.answer(mona, f"/proxy why {made['service_id']}", "bought outside the bot"))


async def test_u3_a_service_nobody_knows_is_not_made_up(journey: Journey) -> None:
    rita = journey.person("rita")
    told = await journey.answer(rita, "/proxy why API-0000-0000", "No request here bought")
    assert "Byteful knows no such service" in told.text
    journey.byteful.set_fault("server_error")
    told = await journey.answer(rita, "/proxy why API-0000-0001", "API-0000-0001")
    assert "whether it exists is not known" in told.text
    assert "bought no service" in (await journey.answer(rita, "/proxy why #4711", "bought no service")).text
    assert "/proxy why service-ID" in (await journey.answer(rita, "/proxy why", "Say which one")).text


@pytest.mark.parametrize("policy", [DIVIDED], indirect=True)
async def test_n13_why_names_the_team_and_the_project_a_service_counts_for(journey: Journey) -> None:
    service, rita = await bought(journey), journey.person("rita")
    told = await journey.answer(rita, f"/proxy why {service}", "Since then")
    assert "Its money counts for the team *scraping* and the project *crawler*." in told.text


async def test_n13_a_service_carries_who_asked_who_approved_where_and_under_which_number(
    journey: Journey, clock: LaterClock
) -> None:
    service = await bought(journey)
    request = await journey.request()

    def stamped() -> dict[str, object]:
        return dict(journey.byteful.services[service]["service_metadata"] or {})

    async def written() -> dict[str, object]:
        journey.workspace.changed()  # the vendor's own change makes no noise in Slack: look again
        return stamped()

    label = await journey.until(written, "the stamp")
    assert label["proxydesk_request"] == f"{TEAM}/{request.id}"
    assert (label["requester"], label["approvers"]) == (request.requester, request.approvals[0].by)
    assert label["channel"] == label["project"] == request.channel
    journey.byteful.services[service]["service_metadata"] = {}  # as after a stamp that failed
    await look_later(journey, clock, 60)
    assert stamped() == label
