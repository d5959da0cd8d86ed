"""Where the policy gives invoices to those who pay alone, they get the link, and everybody else learns who has it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.serve_worker import make_jobs
from playground.slack_seen import SeenMessage
from playground.stage import POLICY
from playground.workspace_cast import FINANCE
from tests.stories.journey import CHANNEL, Journey, LaterClock
from tests.stories.test_invoice_links import _link, whole

GOES_TO_FAY = "Its link goes by direct message to @fay."
OPEN = ("Ordered", "Invoice open")


@pytest.fixture
def policy(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The playground's, with `invoice_link: payer`, and Fay's group in the role that pays where it is not left out."""
    finance = getattr(request, "param", f"  finance:\n    groups: [{FINANCE}]\n")
    own = tmp_path / "policy.yaml"
    own.write_text(f"{POLICY.read_text().rstrip()}\n{finance}invoice_link: payer\n")
    return own


async def seen_by_others(journey: Journey, card: SeenMessage) -> str:
    """Everything that Rita and Mona see of it, links of buttons included."""
    seen: list[SeenMessage] = []
    for name in ("rita", "mona"):
        person = journey.person(name)
        seen += [*await person.messages(CHANNEL), *await person.thread(CHANNEL, card.ts)]
        seen.append(await journey.answer(person, "/proxy show 1001", "History"))
    return whole(*seen, await journey.direct(journey.person("rita"), "Ordered"))


async def test_l3_only_who_pays_gets_the_link_and_the_card_says_who_has_it(journey: Journey) -> None:
    fay = journey.person("fay")
    journey.byteful.set_credit(0)
    card = await journey.buys()
    link = await _link(journey)
    told = await journey.direct(fay, *OPEN, "asked by @rita")
    assert link in whole(told)
    assert GOES_TO_FAY in card.text
    assert GOES_TO_FAY in (await journey.threaded(*OPEN)).text
    assert GOES_TO_FAY in (await journey.direct(journey.person("rita"), *OPEN)).text
    assert link not in await seen_by_others(journey, card)
    assert link in whole(await journey.answer(fay, "/proxy show 1001", "History"))


async def test_l3_a_top_up_is_asked_approved_and_paid_by_three_people(journey: Journey) -> None:
    rita, mona, fay = journey.people("rita", "mona", "fay")
    journey.byteful.set_credit(0)
    card = await journey.sends(rita, await journey.answer(rita, "/proxy topup 50", "Nothing is sent yet"))
    await mona.clicks(card, "approve")
    told = await journey.direct(fay, *OPEN, "$50.00")
    link = await _link(journey)
    assert link in whole(told)
    card = await journey.card("The credit arrives when it is paid.", GOES_TO_FAY)
    assert link not in await seen_by_others(journey, card)


async def test_l3_l6_the_reminder_goes_to_who_pays_and_nobody_hears_of_it_once_it_is_paid(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = LaterClock()
    monkeypatch.setattr("bot.usecases.desk.datetime", clock)
    fay = journey.person("fay")
    journey.byteful.set_credit(0)
    await journey.buys()
    await journey.direct(fay, *OPEN)
    clock.later += timedelta(hours=25)
    await make_jobs(journey.bot).follow({})
    assert await _link(journey) in whole(await journey.direct(fay, "takes an unpaid invoice back"))
    assert (await journey.threaded("takes an unpaid invoice back")).text.startswith("@fay")
    (invoice,) = [one for one in journey.byteful.invoices.values() if one.purpose == "purchase"]
    journey.byteful.pay(invoice.invoice_id)
    clock.later += timedelta(hours=1)
    await make_jobs(journey.bot).follow({})
    await journey.card("Paid: ")
    assert "Open invoice" not in whole(await journey.answer(fay, "/proxy show 1001", "History", "Paid: "))


@pytest.mark.parametrize("policy", [""], indirect=True)
async def test_l3_without_a_role_that_pays_those_who_approve_get_the_link(journey: Journey) -> None:
    journey.byteful.set_credit(0)
    card = await journey.buys()
    link = await _link(journey)
    for name in ("mona", "max"):
        assert link in whole(await journey.direct(journey.person(name), *OPEN))
    assert "Its link goes by direct message to @max and @mona." in card.text
    assert link not in whole(card, await journey.direct(journey.person("rita"), *OPEN))
