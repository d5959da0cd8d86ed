"""After the purchase: services looked at, kept, stopped and adopted, and what the bot says about them by itself."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.request import State
from bot.domain.usage import BYTES_PER_GB
from bot.serve_worker import make_jobs
from playground.slack_seen import SeenMessage
from tests.stories.journey import TEAM, Journey, LaterClock, answered, reached

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
RICH = 1_000_000

PACE = re.compile(r"(\d[\d.,]* [MG]B a day over the last \d+ days?)(?:: | it )lasts until (\d+ \w+ \d{4})")

Later = Callable[[timedelta], Awaitable[None]]


@pytest.fixture
def later(journey: Journey, clock: LaterClock) -> Later:
    """Time passes, and the worker does what it does."""

    async def passes(by: timedelta) -> None:
        clock.later += by
        journey.byteful.advance(by.total_seconds())
        await make_jobs(journey.bot).follow({})
        await make_jobs(journey.bot).snapshot({})
        await journey.all_said()

    return passes


async def bought(journey: Journey, later: Later, line: str = "isp_us 5 for scraping") -> str:
    journey.byteful.set_credit(RICH)
    await journey.buys(line)
    await later(MINUTE)
    order = (await journey.request()).order
    assert order is not None
    return str(order.service_id)


async def thread(journey: Journey, *words: str) -> list[SeenMessage]:
    card = await journey.card(number=journey.numbers[0])
    replies = await journey.person("rita").thread("proxies", card.ts)
    return [one for one in replies if all(word in one.text for word in words)]


async def test_u3_l5_services_are_listed_and_looked_at(journey: Journey, later: Later) -> None:
    service = await bought(journey, later)
    rita = journey.person("rita")
    here = await journey.answer(rita, "/proxy services", f"`{service}` 5 × ", "renews", "@rita", "#1001")
    assert "1955-8012-871" not in here.text, "bought outside, in no channel"
    everything = await journey.answer(rita, "/proxy services all", service, "1955-8012-871", "bought outside")
    await rita.clicks(everything, "show_service", value=service)
    detail = await journey.private(rita, "Since the last charge", service)
    for words in ("*Status*\n`active`", "*Renewal*\nRenews", "*Belongs to*\n#proxies, @rita, #1001"):
        assert words in detail.text
    assert detail.has_button("stop_renewal")
    await journey.answer(rita, "/proxy services API-0000-0000", "There is no service API-0000-0000 here")


async def test_t139_what_others_services_cost_is_shown_to_some_only(journey: Journey, later: Later) -> None:
    service = await bought(journey, later)
    rita, ravi, mona = journey.people("rita", "ravi", "mona")
    for line in ("/proxy services", f"/proxy services {service}"):
        assert "$17.50" in (await journey.answer(ravi, line, service, "enews")).text, "it is the channel's"
    for line in ("/proxy services all", f"/proxy services {service}"):
        elsewhere = await journey.answer(ravi, line, service, "enews", channel="random")
        assert "$17.50" not in str(elsewhere), line
        assert "$17.50" in str(await journey.answer(rita, line, service, "enews", channel="random")), "her own"
        assert "$17.50" in str(await journey.answer(mona, line, service, "enews", channel="random")), "she approves"
    assert "whoever asked for it" in elsewhere.text
    outside = await journey.answer(rita, "/proxy services all", "1955-8012-871", "does not show it to you")
    assert "1955-8012-871" in outside.text


async def test_t139_the_next_charges_hold_the_sums_of_what_one_may_see(journey: Journey, later: Later) -> None:
    service = await bought(journey, later)
    rita, mona = journey.people("rita", "mona")
    hers = await journey.answer(rita, "/proxy credit", "Next charge:", service)
    theirs = await journey.answer(mona, "/proxy credit", "Next charge:", service)
    outside = "`1955-8012-871`"
    assert all("$" in line for line in theirs.text.splitlines() if service in line or outside in line)
    assert all("$" in line for line in hers.text.splitlines() if service in line)
    of_others = [line for line in hers.text.splitlines() if outside in line]
    assert of_others
    assert not any("$" in line for line in of_others)


@pytest.mark.parametrize("policy", ["prices_visible_to: [finance]"], indirect=True)
async def test_t139_a_renewal_is_told_without_its_price_where_the_channel_sees_none(
    journey: Journey, later: Later
) -> None:
    await bought(journey, later)
    await later(27 * DAY)
    await later(DAY)
    (asked,) = await thread(journey, "renews on", "It renews by itself.")
    assert "$" not in str(asked)


async def test_t138_lists_have_pages(journey: Journey, later: Later) -> None:
    service = await bought(journey, later)
    row = journey.byteful.services[service]
    for number in range(30):
        name = f"API-9{number:03}-0000"
        journey.byteful.services[name] = {**row, "service_id": name, "service_metadata": {}}
    await later(MINUTE)
    rita = journey.person("rita")
    first = await journey.answer(rita, "/proxy services outside", "1 to 8 shown")
    await rita.clicks(first, "turn_on")
    second = await journey.private(rita, "9 to 16 shown")
    await rita.clicks(second, "turn_back")
    await journey.private(rita, "1 to 8 shown")


async def test_l5_n14_t49_a_renewal_is_announced_and_stopped_behind_an_approval(journey: Journey, later: Later) -> None:
    service = await bought(journey, later)
    await later(27 * DAY)
    await later(DAY)
    (asked,) = await thread(journey, "renews on", "It renews by itself for *$17.50*")
    rita, mona = journey.people("rita", "mona")
    await rita.clicks(asked, "leave_renewal")
    await journey.private(rita, "It stays as it is")
    await rita.clicks(asked, "stop_renewal")
    preview = await journey.private(rita, f"Stop renewal of {service}", "$17.50 a month is not charged again")
    ends = datetime.fromisoformat(journey.byteful.services[service]["service_expiry_datetime"]).replace(tzinfo=UTC)
    for shown in (preview, asked):
        assert f"{{date_long}}|{ends:%A}" in shown.raw_text, "one day, in each reader's own time zone"
    assert f"{ends:%Y-%m-%d}" not in preview.text
    card = await journey.sends(rita, preview)
    assert "in their own words" not in str(card.blocks), "the words are the button's"
    assert not journey.byteful.services[service]["service_is_pending_cancellation"], "nobody has approved it yet"
    await mona.clicks(card, "approve")
    answer = await journey.private(mona, "Recorded: you approved it. Byteful is asked to stop the renewal")
    assert "bought" not in answer.text
    done = await journey.card("Done", f"Service `{service}` will not renew: it runs to the end of what is paid.")
    assert "Ordered" not in done.text
    assert "bought" not in done.text
    assert journey.byteful.services[service]["service_is_pending_cancellation"]
    await journey.threaded("Done.")
    creates = journey.byteful.creates_received
    await later(HOUR)
    (told,) = await thread(journey, "will not renew and ends on")
    assert "It was done by #1002, approved by @mona." in told.text
    assert "with our account" not in told.text, "the bot's own doing is nobody's in the dashboard"
    await later(4 * DAY)
    assert len(await thread(journey, "has ended")) == 1
    assert journey.byteful.creates_received == creates


async def test_l5_what_was_bought_with_a_promo_code_renews_everywhere_at_the_price_without_it(
    journey: Journey, later: Later
) -> None:
    service = await bought(journey, later, "isp_us 5 WELCOME10 for scraping")
    rita, mona = journey.people("rita", "mona")
    await journey.card("Renews every month at $17.50")
    await journey.answer(rita, "/proxy services", service, "for $17.50")
    detail = await journey.answer(rita, f"/proxy services {service}", "for $17.50", "$17.50 every month")
    credit = await journey.answer(mona, "/proxy credit", "Next charge:")
    assert [line for line in credit.text.splitlines() if service in line and "$17.50 on" not in line] == []
    await rita.clicks(detail, "stop_renewal")
    preview = await journey.private(rita, f"Stop renewal of {service}", "$17.50 a month is not charged again")
    await mona.clicks(await journey.sends(rita, preview), "approve")
    done = await journey.card("Done", "$17.50 a month is not charged again")
    assert "$15.75" not in detail.text + credit.text + preview.text + done.text
    journey.byteful.change_service(service, {"service_is_pending_cancellation": False})
    journey.byteful.set_credit(420)
    await later(28 * DAY)
    (due,) = await thread(journey, "renews on")
    assert "It renews by itself for *$17.50*" in due.text
    await later(2 * DAY + HOUR)
    await later(DAY)
    (unpaid,), (reminder,) = await thread(journey, "was not renewed"), await thread(journey, "is still not paid")
    assert "$" not in unpaid.text + reminder.text, "credit paid a part: what is left stands on the invoice"
    journey.byteful.set_credit(RICH)
    journey.byteful.pay_invoice(journey.byteful.services[service]["open_invoice_id"])
    await later(HOUR)
    await journey.answer(rita, f"/proxy services {service}", "for $17.50", "$17.50 every month")


async def test_l5_a_price_that_byteful_changes_is_the_newer_word_on_what_it_renews_at(
    journey: Journey, later: Later
) -> None:
    service = await bought(journey, later, "isp_us 5 WELCOME10 for scraping")
    await later(HOUR)
    journey.byteful.change_service(service, {"service_total": 2_000})
    await later(HOUR)
    await journey.answer(journey.person("rita"), f"/proxy services {service}", "for $20.00", "$20.00 every month")
    journey.byteful.change_service(service, {"service_total": 1_900})
    await later(HOUR)
    await journey.answer(journey.person("rita"), "/proxy services", service, "for $19.00")


async def test_u3_why_tells_what_the_bot_itself_changed_by_its_request_and_the_rest_in_words(
    journey: Journey, later: Later
) -> None:
    service = await bought(journey, later)
    rita, mona = journey.people("rita", "mona")
    for button, answer in (
        ("stop_renewal", "asked to stop the renewal"),
        ("keep_renewing", "asked to renew it again"),
    ):
        await later(HOUR)
        detail = await journey.answer(rita, f"/proxy services {service}", "Since the last charge")
        await rita.clicks(detail, button)
        card = await journey.sends(rita, await journey.private(rita, "The card goes to", "Nothing is paid now"))
        await mona.clicks(card, "approve")
        await journey.private(mona, answer)
        await journey.in_state(State.ORDERED)
    await later(HOUR)
    journey.byteful.change_service(service, {"service_is_pending_cancellation": True}, "customer")
    await later(HOUR)
    (by_hand,) = await thread(journey, "will not renew and ends on", "with our account, in the dashboard or by the API")
    assert "approved by" not in by_hand.text
    told = await journey.answer(rita, f"/proxy why {service}", "Since then")
    words = (
        "Renewal stopped: #1002, approved by @mona",
        "Renewal taken up again: #1003, approved by @mona",
        "Changed with our account, in the dashboard or by the API: whether it renews",
    )
    lines = told.text.splitlines()
    assert [next((at for at, line in enumerate(lines) if one in line), None) for one in words] == [
        len(lines) + at for at in range(-4, -1)
    ]
    assert "service_" not in told.text
    assert told.text.count("with our account") == 1, "buying it was the bot's own doing too"


async def test_l5_a_second_stop_is_refused_with_its_reason(journey: Journey, later: Later) -> None:
    service = await bought(journey, later)
    journey.byteful.change_service(service, {"service_is_pending_cancellation": True})
    rita = journey.person("rita")
    detail = await journey.answer(rita, f"/proxy services {service}", "will not renew")
    assert not detail.has_button("stop_renewal")
    await rita.clicks(detail, "keep_renewing")
    preview = await journey.private(rita, f"Keep renewing: {service}", "$17.50 a month will be charged again")
    card = await journey.sends(rita, preview)
    journey.byteful.change_service(service, {"service_is_pending_cancellation": False})
    await journey.person("mona").clicks(card, "approve")
    await journey.card("renews already", "It needs a fresh decision")
    assert (await journey.request()).state is State.PENDING


async def test_l5_a_service_that_cannot_be_cancelled_offers_no_stop(journey: Journey, later: Later) -> None:
    service = await bought(journey, later)
    journey.byteful.change_service(service, {"service_is_cancellable": False})
    rita = journey.person("rita")
    detail = await journey.answer(rita, f"/proxy services {service}", "*Renewal*\nRenews")
    assert not detail.has_button("stop_renewal")


async def test_l5_l6_a_renewal_is_told_with_what_it_cost(journey: Journey, later: Later) -> None:
    service = await bought(journey, later)
    for _ in range(8):
        await later(4 * DAY)
    (told,) = await thread(journey, "was renewed until")
    assert "$17.50" in told.text
    assert service in told.text
    entries = await journey.bot.desk.ledger.entries_of_service(TEAM, service)  # type: ignore[arg-type]
    assert [entry.kind for entry in entries] == ["charge", "renewal"]


async def test_t68_u4_what_byteful_changes_is_told_in_the_thread(journey: Journey, later: Later) -> None:
    service = await bought(journey, later)
    await later(HOUR)
    journey.byteful.change_service(service, {"service_quantity": 6})
    journey.byteful.replace_proxies(service, 2)
    await later(HOUR)
    await later(HOUR)
    (told,) = await thread(journey, "is for 6 now; it was for 5")
    assert "had proxies exchanged" in told.text
    assert "The provider's own people did it." in told.text


async def test_t68_a_new_price_and_a_cancellation_by_byteful_are_each_told_once_in_the_thread(
    journey: Journey, later: Later
) -> None:
    service = await bought(journey, later)
    await later(HOUR)
    journey.byteful.change_service(service, {"service_total": 2_000})
    for _ in range(3):
        await later(HOUR)
    (told,) = await thread(journey, "costs $20.00 now")
    assert service in told.text
    journey.byteful.cancel_service(service)
    for _ in range(3):
        await later(HOUR)
    (told,) = await thread(journey, "canceled")
    assert service in told.text


LOW = "credit_alerts: {levels_dollars: [50]}"


@pytest.mark.parametrize("policy", [LOW], indirect=True)
async def test_l1_t133_credit_below_a_level_is_told_to_the_admins_once_and_again_after_it_recovered(
    journey: Journey, later: Later
) -> None:
    ada, rita = journey.people("ada", "rita")
    await bought(journey, later)

    async def told(words: str) -> list[SeenMessage]:
        return [one for one in await ada.dm() if words in one.text]

    for cents in (4_900, 5_100, 4_800):
        journey.byteful.set_credit(cents)
        await later(5 * MINUTE)
    (alert,) = await told("below $50.00")
    assert "$49.00" in alert.text
    assert [one for one in await rita.dm() if "below $50.00" in one.text] == []
    await ada.clicks(alert, "open_topup")
    await journey.form(ada, "Amount in dollars")
    journey.byteful.set_credit(10_000)
    await later(5 * MINUTE)
    journey.byteful.set_credit(4_000)
    await later(5 * MINUTE)
    assert len(await told("below $50.00")) == 2


async def test_t137_a_gift_of_days_is_no_charge(journey: Journey, later: Later) -> None:
    service = await bought(journey, later)
    ends = datetime.fromisoformat(journey.byteful.services[service]["service_expiry_datetime"])
    journey.byteful.change_service(service, {"service_expiry_datetime": f"{ends + 10 * DAY:%Y-%m-%d %H:%M:%S}"})
    await later(HOUR)
    (told,) = await thread(journey, "is paid until")
    assert "The provider's own people did it." in told.text
    entries = await journey.bot.desk.ledger.entries_of_service(TEAM, service)  # type: ignore[arg-type]
    assert [entry.kind for entry in entries] == ["charge"]


async def test_n13_u4_services_bought_by_hand_are_offered_and_adopted(journey: Journey, later: Later) -> None:
    await bought(journey, later)
    await later(HOUR)
    told = await journey.direct(journey.person("ada"), "bought outside Proxydesk", "/proxy adopt SERVICE-ID")
    assert told.has_button("show_services")
    rita, mona = journey.people("rita", "mona")
    await journey.answer(rita, "/proxy adopt 1955-8012-871", "This needs the role", "is held by @max and @mona")
    await journey.answer(mona, "/proxy adopt 1955-8012-871", "belongs to #proxies from now on")
    await journey.answer(mona, "/proxy adopt 1955-8012-871", "belongs to #proxies already")
    await journey.answer(mona, "/proxy adopt 1955-0000-000", "The account has no service 1955-0000-000")
    await journey.answer(rita, "/proxy services", "1955-8012-871")
    await later(HOUR)
    assert len([one for one in await journey.person("ada").dm() if "bought outside" in one.text]) == 1


async def test_l2_l3_t49_credit_says_how_long_it_lasts_and_opens_a_top_up_of_the_right_size(
    journey: Journey, later: Later
) -> None:
    await bought(journey, later)
    journey.byteful.set_credit(1_000)
    await later(MINUTE)
    rita = journey.person("rita")
    shown = await journey.answer(rita, "/proxy credit", "Account credit: $10.00", "Credit lasts until", "Next charge:")
    await rita.clicks(shown, "open_topup")
    form = await journey.form(rita, "Amount in dollars")
    (amount,) = [one for one in form.inputs if one.label.startswith("Amount")]
    assert f"[Top up ${amount.value}.00]" in shown.text, "the form holds what the button offers"
    assert int(amount.value) % 10 == 0


async def test_x8_before_the_account_was_read_for_the_first_time_a_list_says_so(journey: Journey) -> None:
    """Right after a start everything is read at once, and a first pass over the services may not get its turn."""
    journey.byteful.faults.set("half_answer", endpoint="service/search")
    await journey.answer(journey.person("rita"), "/proxy services", "have not been read yet", "Ask again")
    journey.byteful.faults.clear("half_answer")
    await journey.answer(journey.person("rita"), "/proxy services", "No services of", "run")


async def test_t134_a_balance_that_cannot_be_read_is_shown_with_its_age(journey: Journey, later: Later) -> None:
    await bought(journey, later)
    journey.byteful.set_fault("bad_request", endpoint="customer/retrieve")
    shown = await journey.answer(
        journey.person("rita"), "/proxy credit", "Byteful does not give it now. This is what it was"
    )
    assert "Account credit: $9,982.50" in shown.text


async def test_l8_data_that_runs_low_is_told_with_a_form_for_more(journey: Journey, later: Later) -> None:
    await bought(journey, later)
    journey.byteful.use_data(int(5.9 * BYTES_PER_GB))
    await later(HOUR)
    ada, rita = journey.people("ada", "rita")
    told = await journey.direct(ada, "Residential data runs low: 1.1 GB of 10 GB left")
    await ada.clicks(told, "more_data")
    form = await journey.form(ada, "Residential", "Total")
    assert "10" in form.text
    shown = await journey.answer(rita, "/proxy data", "Residential data: 1.1 GB left", "a day over the last")
    assert shown.has_button("more_data")


async def test_t66_the_form_for_more_data_opens_before_byteful_is_asked(journey: Journey) -> None:
    rita = journey.person("rita")
    await journey.catalog_unknown()
    asking = journey.byteful.faults.set("slow", endpoint="checkout/catalog", seconds=60)
    answered(await journey.slack.deliver_raw(journey.click_of("rita", "more_data", "residential")))
    await journey.form(rita, "Fetching products and stock")
    await reached(asking)
    journey.byteful.faults.clear("slow")
    form = await journey.form(rita, "Residential", "Total")
    assert form.input("reason").value == "More residential data"
    answered(await rita.submits(form))
    await journey.form(rita, "Sent as #1001")


async def test_n3_whoever_asks_for_data_that_is_not_sold_reads_so_in_the_form(journey: Journey) -> None:
    rita = journey.person("rita")
    products = journey.byteful.products
    for code in [code for code, product in products.items() if product.type == "residential"]:
        del products[code]
    await journey.catalog_unknown()
    answered(await journey.slack.deliver_raw(journey.click_of("rita", "more_data", "residential")))
    await journey.form(rita, "Byteful sells no data of this kind at the moment", "Product")


async def test_n3_whoever_asks_for_more_data_without_a_catalog_is_told_in_the_form(journey: Journey) -> None:
    rita = journey.person("rita")
    await journey.catalog_unknown()
    journey.byteful.faults.set("unauthorized", endpoint="checkout/catalog")
    answered(await journey.slack.deliver_raw(journey.click_of("rita", "more_data", "residential")))
    form = await journey.form(rita, "Something went wrong", "Byteful refuses our keys")
    journey.byteful.faults.clear("unauthorized")
    await rita.clicks(form, "Try again")
    assert (await journey.form(rita, "to see the price")).input("reason").value == "More residential data"


async def test_s1_l8_until_when_data_lasts_is_one_day_at_one_pace_wherever_it_is_asked(
    journey: Journey, later: Later
) -> None:
    await bought(journey, later)
    for megabytes in (100, 700, 50, 300):
        journey.byteful.use_data(megabytes * BYTES_PER_GB // 1024)
        await later(DAY)
    rita = journey.person("rita")
    data = await journey.answer(rita, "/proxy data", "Residential data", "a day over the last", "Renews ")
    usage = await journey.answer(rita, "/proxy usage workspace", "Residential data of the account", "it lasts until")
    month = await journey.answer(rita, "/proxy usage workspace 60 days", "from ", "it lasts until")
    found = PACE.findall(data.text)
    assert found
    assert PACE.findall(usage.text) == PACE.findall(month.text) == found
