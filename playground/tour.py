"""`make tour`: one journey through the running system over real HTTP, printed as people would see it.

Each step says what somebody does, shows what they see, and checks what must be true. It ends at the first that is not.
"""

from __future__ import annotations

import tempfile
import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO

from playground.serving import HOST
from playground.slack_driver import NeverHappenedError, SlackDriver
from playground.slack_person import SlackPerson
from playground.slack_seen import SeenMessage, SeenView
from playground.stage import Worlds, program, until_ready, worlds

CHANNEL = "proxies"
WIDTH = 100
WITHIN_S = 60.0
"""For anything that should be seen at once, on a machine that may be busy."""


class TourError(AssertionError):
    """Something on the way was not what it should be."""


class Guide:
    """Prints the transcript and insists on what must be seen."""

    def __init__(self, slack: SlackDriver) -> None:
        self.slack = slack
        self._chapter = 0

    def chapter(self, title: str) -> None:
        self._chapter += 1
        print(f"\n{'─' * WIDTH}\n{self._chapter}. {title}\n", flush=True)

    def does(self, who: SlackPerson, deed: str) -> None:
        print(f"▶ {who.name.capitalize()} {deed}", flush=True)

    def shows(self, title: str, text: str) -> None:
        print(f"\n  {title}", flush=True)
        for line in text.splitlines() or [""]:
            wrapped = textwrap.wrap(line, WIDTH - 6, break_on_hyphens=False) or [""]
            print("\n".join(f"  │ {part}" for part in wrapped), flush=True)
        print(flush=True)

    def must(self, is_true: bool, what: str) -> None:
        if not is_true:
            raise TourError(what)
        print(f"  ✓ {what}", flush=True)

    async def sees(
        self, look: Callable[[], Awaitable[SeenView | SeenMessage | None]], *words: str
    ) -> SeenView | SeenMessage:
        """What is on screen once it holds all these words."""

        async def there() -> SeenView | SeenMessage | None:
            seen = await look()
            return seen if seen is not None and all(word in seen.text for word in words) else None

        return await self.slack.until(there, within=WITHIN_S, what=f"seeing {', '.join(words)}")

    async def form(self, who: SlackPerson, *words: str) -> SeenView:
        seen = await self.sees(who.view, *words)
        if not isinstance(seen, SeenView):
            raise TourError("a form was expected")
        return seen

    async def card(self, who: SlackPerson, number: str, *words: str, channel: str = CHANNEL) -> SeenMessage:
        async def newest() -> SeenMessage | None:
            found = [message for message in await who.messages(channel) if message.text.startswith(f"{number} ")]
            return found[-1] if found else None

        seen = await self.sees(newest, *words)
        if not isinstance(seen, SeenMessage):
            raise TourError("a card was expected")
        return seen

    async def private(self, who: SlackPerson, *words: str) -> SeenMessage:
        """The newest private answer in the channel that holds these words."""

        async def newest() -> SeenMessage | None:
            found = [one for one in await who.ephemerals(CHANNEL) if all(word in one.text for word in words)]
            return found[-1] if found else None

        seen = await self.sees(newest)
        if not isinstance(seen, SeenMessage):
            raise TourError("a private answer was expected")
        return seen

    async def direct(self, who: SlackPerson, *words: str) -> SeenMessage:
        async def newest() -> SeenMessage | None:
            found = [one for one in await who.dm() if all(word in one.text for word in words)]
            return found[-1] if found else None

        seen = await self.sees(newest)
        if not isinstance(seen, SeenMessage):
            raise TourError("a direct message was expected")
        return seen


async def run() -> int:
    """Exit code 0 when every step was as it should be."""
    with tempfile.TemporaryDirectory(prefix="proxydesk-tour-") as data, tempfile.TemporaryFile() as log:
        async with worlds(Path(data)) as around, program(around.environment, "run", log=log) as bot:
            await until_ready(f"http://{HOST}:{around.environment['PORT']}", bot)
            try:
                await _journey(around, Guide(around.slack))
            except (TourError, NeverHappenedError, AssertionError) as error:
                print(f"\n✗ {error}\n\nThe bot's last lines:\n{_tail(log)}", flush=True)
                return 1
    print(f"\n{'─' * WIDTH}\nThe tour ended well.", flush=True)
    return 0


def _tail(log: IO[bytes]) -> str:
    log.seek(0)
    return b"".join(log.readlines()[-20:]).decode(errors="replace")


async def _journey(around: Worlds, guide: Guide) -> None:
    await _form_with_errors(guide)
    await _one_line(guide)
    await _who_may(around, guide)
    await _approval(around, guide)
    await _price_moved(around, guide)
    await _unclear(around, guide)
    await _lists(guide)
    await _credit(guide)
    guide.chapter("What the worlds say about the bot")
    problems = await around.slack.problems()
    guide.must(not problems, f"Slack had nothing to complain about {problems or ''}")
    sold = around.provider.creates_received
    guide.must(sold == 4, f"Byteful was asked to sell {sold} times for four approvals that led to a purchase")


async def _form_with_errors(guide: Guide) -> None:
    rita = guide.slack.person("rita")
    guide.chapter("A form, its price, and a mistake")
    guide.does(rita, "types /proxy buy in #proxies")
    await rita.types("/proxy buy", channel=CHANNEL)
    form = await guide.form(rita, "Product")
    options = await rita.searches(form, "product", "isp")
    guide.shows("Searching the products for isp", "\n".join(options.option_texts))
    guide.does(rita, "chooses the ISP proxies in the US")
    await rita.chooses(form, "product", "isp_us")
    form = await guide.form(rita, "Quantity (proxies)", "never bought here", "Total")
    guide.must(form.input("quantity").value == "1", "the smallest quantity is offered as a test purchase")
    guide.does(rita, "asks for 5, with a promo code that does not exist")
    await rita.enters(form, "quantity", "5")
    await rita.enters(await guide.form(rita, "$17.50"), "promo", "WELCOM10", press_enter=True)
    form = await guide.form(rita, "WELCOM10 is not accepted")
    await rita.enters(form, "reason", "Price checks in the US & Canada")
    outcome = await rita.submits(form)
    guide.must("promo" in outcome.errors, f"the error is beside its field: {outcome.errors.get('promo')}")
    form = await guide.form(rita, "Promo code")
    guide.must(form.input("reason").value.startswith("Price checks"), "what was typed stays")
    guide.does(rita, "corrects the code to WELCOME10")
    await rita.enters(form, "promo", "WELCOME10", press_enter=True)
    form = await guide.form(rita, "$15.75")
    guide.shows("The form", form.text)
    guide.does(rita, "sends it")
    await rita.submits(form)
    form = await guide.form(rita, "Sent as #1001")
    guide.shows("The form becomes", form.text)
    await rita.closes(form)
    guide.shows("The card in #proxies", (await guide.card(rita, "#1001", "Waiting for approval")).text)


async def _one_line(guide: Guide) -> None:
    ravi = guide.slack.person("ravi")
    guide.chapter("The same in one line")
    guide.does(ravi, "types /proxy buy ips_us 5")
    outcome = await ravi.types("/proxy buy ips_us 5", channel=CHANNEL)
    answer = outcome.answer or await guide.private(ravi, "Did you mean")
    guide.shows("Only Ravi sees", answer.text)
    guide.must("isp_us" in answer.text, "an unknown word gets the nearest match, never a guess")
    guide.does(ravi, "types /proxy buy isp_us 2 1:month asn:7018 for scraping")
    outcome = await ravi.types("/proxy buy isp_us 2 1:month asn:7018 for scraping", channel=CHANNEL)
    preview = await guide.private(ravi, "Nothing is sent yet", "scraping")
    guide.shows("Only Ravi sees", preview.text)
    guide.does(ravi, "clicks Send request")
    await ravi.clicks(preview, "send_draft")
    guide.shows("The card in #proxies", (await guide.card(ravi, "#1002", "Waiting for approval")).text)


async def _who_may(around: Worlds, guide: Guide) -> None:
    rita, fay, gus = (guide.slack.person(name) for name in ("rita", "fay", "gus"))
    guide.chapter("Who may not approve")
    card = await guide.card(rita, "#1001", "Waiting for approval")
    for person, words in ((fay, "role"), (gus, "Guests"), (rita, "yourself")):
        guide.does(person, "clicks Approve")
        await person.clicks(card, "approve")
        guide.shows(f"Only {person.name.capitalize()} sees", (await guide.private(person, words)).text)
    card = await guide.card(rita, "#1001")
    guide.must("Waiting for approval" in card.text, "nothing changed")
    guide.must(around.provider.creates_received == 0, "nothing was bought")


async def _approval(around: Worlds, guide: Guide) -> None:
    rita, mona, max_ = (guide.slack.person(name) for name in ("rita", "mona", "max"))
    guide.chapter("An approval, and a late click")
    before = await guide.card(mona, "#1001", "Waiting for approval")
    guide.does(mona, "clicks Approve")
    await mona.clicks(before, "approve")
    guide.shows("Only Mona sees", (await guide.private(mona, "Recorded")).text)
    card = await guide.card(rita, "#1001", "Ordered")
    guide.shows("The card in #proxies", card.text)
    for message in await rita.thread(CHANNEL, card.ts):
        if message.ts != card.ts:
            guide.shows("In its thread", message.text)
    guide.shows("Rita's direct message", (await guide.direct(rita, "#1001")).text)
    guide.does(max_, "clicks Approve on the card as it was before")
    await max_.clicks(before, "approve", stale=True)
    guide.shows("Only Max sees", (await guide.private(max_, "changed nothing")).text)
    guide.must(around.provider.creates_received == 1, "Byteful was asked to sell exactly once")


async def _price_moved(around: Worlds, guide: Guide) -> None:
    ravi, mona = guide.slack.person("ravi"), guide.slack.person("mona")
    guide.chapter("The price moves between card and click")
    around.provider.set_price("isp_us", 400)
    guide.does(mona, "approves Ravi's request, not knowing that the price went up")
    await mona.clicks(await guide.card(mona, "#1002", "Waiting for approval"), "approve")
    card = await guide.card(ravi, "#1002", "fresh decision")
    guide.shows("The card in #proxies", card.text)
    guide.must(around.provider.creates_received == 1, "nothing was bought at the new price")
    guide.does(mona, "approves the new price")
    await mona.clicks(card, "approve")
    guide.shows("The card in #proxies", (await guide.card(ravi, "#1002", "Ordered")).text)


async def _unclear(around: Worlds, guide: Guide) -> None:
    rita, mona = guide.slack.person("rita"), guide.slack.person("mona")
    guide.chapter("A decline, and an answer that never came")
    await rita.types("/proxy buy datacenter_us 500 for everything", channel=CHANNEL)
    preview = await guide.private(rita, "in stock")
    guide.shows("Rita asks for too many; only she sees", preview.text)
    preview = await _asks(guide, rita, "/proxy buy datacenter_us 1 for a crawler", "a crawler")
    guide.does(rita, "sends it")
    await rita.clicks(preview, "send_draft")
    card = await guide.card(mona, "#1003", "Waiting for approval")
    guide.does(mona, "clicks Decline and says why")
    await mona.clicks(card, "decline")
    form = await guide.form(mona, "Decline")
    await mona.enters(form, "reason", "We have two of these already")
    await mona.submits(form)
    guide.shows("The card in #proxies", (await guide.card(rita, "#1003", "Declined")).text)
    guide.shows("Rita's direct message", (await guide.direct(rita, "#1003")).text)
    guide.does(rita, "clicks Edit and resend")
    await rita.clicks(await guide.card(rita, "#1003", "Declined"), "reorder")
    form = await guide.form(rita, "Quantity (proxies)", "Total")
    guide.must("crawler" in form.input("reason").value, "the form is filled in, at a fresh price")
    await rita.submits(form)
    card = await guide.card(mona, "#1004", "Waiting for approval")
    guide.does(mona, "approves it, but Byteful's server fails after it has sold")
    around.provider.faults.set("server_error_after_charge", endpoint="checkout/create", times=1)
    await mona.clicks(card, "approve")
    guide.shows("In the card's thread", await _thread(guide, rita, "#1004", "Unclear"))
    guide.shows("The card, once the bot has looked at Byteful", (await guide.card(rita, "#1004", "Ordered")).text)
    guide.must(around.provider.creates_received == 3, "it was not sent a second time")


async def _asks(guide: Guide, who: SlackPerson, line: str, *words: str) -> SeenMessage:
    guide.does(who, f"types {line}")
    await who.types(line, channel=CHANNEL)
    preview = await guide.private(who, "Nothing is sent yet", *words)
    guide.shows(f"Only {who.name.capitalize()} sees", preview.text)
    return preview


async def _thread(guide: Guide, who: SlackPerson, number: str, *words: str) -> str:
    card = await guide.card(who, number)

    async def replies() -> SeenMessage | None:
        found = [one for one in await who.thread(CHANNEL, card.ts) if all(word in one.text for word in words)]
        return found[-1] if found else None

    return (await guide.sees(replies)).text


async def _lists(guide: Guide) -> None:
    rita = guide.slack.person("rita")
    guide.chapter("Looking things up")
    for line in ("/proxy", "/proxy help", "/proxy requests", "/proxy show 1001", "/proxy data"):
        guide.does(rita, f"types {line}")
        outcome = await rita.types(line, channel=CHANNEL)
        guide.must(outcome.answer is not None, "the answer is there at once")
        guide.shows("Only Rita sees", outcome.answer.text if outcome.answer else "")


async def _credit(guide: Guide) -> None:
    rita, max_ = guide.slack.person("rita"), guide.slack.person("max")
    guide.chapter("More credit")
    before = await _balance(guide, rita)
    guide.shows("Only Rita sees", before)
    preview = await _asks(guide, rita, "/proxy topup 50", "$50.00")
    await rita.clicks(preview, "send_draft")
    card = await guide.card(max_, "#1005", "Waiting for approval")
    guide.does(max_, "approves the top-up")
    await max_.clicks(card, "approve")
    card = await guide.card(rita, "#1005", "Ordered")
    guide.shows("The card in #proxies", card.text)
    same = await _balance(guide, rita) == before
    guide.must(same, "the balance has not risen: the invoice is not paid yet, and nothing claims otherwise")


async def _balance(guide: Guide, who: SlackPerson) -> str:
    """What they are told of the credit: at once, or a moment later when Byteful takes its time."""
    words = "Account credit:"

    async def told() -> list[str]:
        return [one.text for one in await who.ephemerals(CHANNEL) if words in one.text]

    before = len(await told())
    guide.does(who, "types /proxy credit")
    answer = (await who.types("/proxy credit", channel=CHANNEL)).answer
    if answer is not None and words in answer.text:
        return answer.text

    async def newest() -> str | None:
        found = await told()
        return found[-1] if len(found) > before else None

    return await guide.slack.until(newest, within=WITHIN_S, what="seeing the balance")
