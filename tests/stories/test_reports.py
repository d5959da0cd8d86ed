"""What was spent and used: asked for, shared, drawn, taken as a file, and told by itself."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from datetime import UTC, timedelta

import pytest

from bot.domain.ids import ChannelId
from bot.serve_worker import make_jobs
from playground.slack_person import SlackPerson
from playground.slack_seen import SeenMessage
from playground.workspace_cast import PROXIES
from playground.workspace_faults import Fault
from tests.stories.journey import CHANNEL, TEAM, Journey, LaterClock, answered

DIVIDED = f"""channel_settings:
  {PROXIES}: {{project: crawler}}
"""
"""With the teams of the playground's policy."""


@pytest.fixture(autouse=True)
def the_middle_of_a_month(clock: LaterClock) -> None:
    """What is bought and the summary of its month belong together, also in a run over the end of a month."""
    now = clock.now(UTC)
    clock.later = timedelta(days=(15 - now.day) % 28)


async def summary(journey: Journey, who: SlackPerson, line: str = "/proxy spend", *words: str) -> SeenMessage:
    return await journey.answer(who, line, *(words or ("Spent",)))


async def posted(journey: Journey, *words: str, who: str = "rita") -> SeenMessage:
    """The newest message of the channel with these words."""

    async def seen() -> SeenMessage | None:
        found = [
            one
            for one in await journey.person(who).messages(CHANNEL)
            if not one.is_ephemeral and all(word in one.text for word in words)
        ]
        return found[-1] if found else None

    return await journey.until(seen, f"the channel being told {words}")


def kinds(message: SeenMessage) -> list[str]:
    return [block["type"] for block in message.blocks]


def files(journey: Journey, ending: str) -> list[str]:
    return [file.name for file in journey.workspace.files.values() if file.name.endswith(ending)]


async def picture_for(journey: Journey, who: SlackPerson) -> SeenMessage:
    async def drawn() -> SeenMessage | None:
        found = [one for one in await who.ephemerals(CHANNEL) if "image" in kinds(one)]
        return found[-1] if found else None

    return await journey.until(drawn, "the picture")


async def test_t135_a_channel_that_bought_nothing_is_told_so_kindly(journey: Journey) -> None:
    (rita,) = journey.people("rita")
    empty = await summary(journey, rita, "/proxy spend", "Nothing was spent")
    assert "table" not in kinds(empty)
    assert "Nothing was used" in (await summary(journey, rita, "/proxy usage", "Used")).text


async def test_s1_t137_what_was_spent_is_what_the_card_said(journey: Journey) -> None:
    (rita,) = journey.people("rita")
    await journey.buys()
    shown = await summary(journey, rita)
    request = await journey.request()
    assert request.order is not None
    assert f"${request.order.total / 100:,.2f}" in shown.text
    assert "1 order" in shown.text
    assert "table" in kinds(shown)


@pytest.mark.parametrize("policy", [DIVIDED], indirect=True)
async def test_n22_the_sheet_of_who_pays_for_what_names_team_and_project(journey: Journey) -> None:
    mona = journey.person("mona")
    await journey.buys()
    request = await journey.request()
    assert request.order is not None
    spent = f"{request.order.total / 100:.2f}"
    shown = await summary(journey, mona, "/proxy spend team:scraping", "by the team scraping")
    assert f"${spent}" in shown.text
    assert "*By project*\ncrawler" in shown.text
    nothing = await summary(journey, mona, "/proxy spend team:reserch", "no team called reserch")
    assert "Did you mean team:research?" in nothing.text.replace("`", "")
    await mona.clicks(shown, "report_csv")
    await journey.direct(mona, "1 row in the file.")
    (file,) = [one for one in journey.workspace.files.values() if one.name.endswith(".csv")]
    assert file.uploaded is not None
    head, line = (row.split(",") for row in file.uploaded.decode("utf-8-sig").splitlines())
    row = dict(zip(head, line, strict=True))
    assert (row["team"], row["project"], row["amount_usd"]) == ("scraping", "crawler", spent)


async def test_s1_s3_a_share_is_posted_with_its_chart_once_and_without_a_picture(journey: Journey) -> None:
    (rita,) = journey.people("rita")
    await journey.buys()
    shown = await summary(journey, rita)
    await rita.clicks(shown, "report_share")
    await journey.private(rita, "Shared.")
    there = await posted(journey, "shares this")
    assert {"data_visualization", "table"} <= set(kinds(there))
    assert "image" not in kinds(there)
    assert not files(journey, ".png")
    await rita.clicks(shown, "report_share")
    await journey.private(rita, "shared this already")
    shares = [line for line in await journey.audit() if line["what"] == "summary_shared"]
    assert [line["by"] for line in shares] == [journey.workspace.person("rita").id]


async def test_s3_t139_who_presses_picture_on_a_share_alone_gets_it_and_as_they_may(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    await journey.buys()
    await mona.clicks(await summary(journey, mona, "/proxy spend workspace"), "report_share")
    there = await posted(journey, "shares this")
    await rita.clicks(there, "report_picture")
    await journey.private(rita, "What else was spent")
    await mona.clicks(there, "report_picture")
    drawn = await picture_for(journey, mona)
    assert "Spent" in drawn.text
    assert not [one for one in await rita.ephemerals(CHANNEL) if "image" in kinds(one)]
    assert kinds(await posted(journey, "shares this")) == kinds(there)


async def test_t139_only_some_see_what_others_spent_and_a_share_is_judged_anew(
    journey: Journey, pass_time: Callable[[float], None]
) -> None:
    rita, mona = journey.people("rita", "mona")
    await journey.buys()
    assert "What else was spent" in (await summary(journey, rita, "/proxy spend workspace", "You see")).text
    shown = await summary(journey, mona, "/proxy spend workspace")
    assert "table" in kinds(shown)
    group = journey.workspace.groups["S0APPROVERS"]
    group.members[:] = [one for one in group.members if one != journey.workspace.person("mona").id]
    pass_time(61)
    await mona.clicks(shown, "report_share")
    assert "Nothing was shared." in (await journey.private(mona, "Nothing was shared")).text
    denied = [(line["by"], line["detail"]) for line in await journey.audit() if line["what"].startswith("refused:")]
    rita_id, mona_id = (journey.workspace.person(name).id for name in ("rita", "mona"))
    assert [by for by, _ in denied] == [rita_id, mona_id]
    assert denied[1][1].startswith("share spend:workspace")


async def test_t27_t139_somebody_of_another_company_gets_no_file_from_a_share(journey: Journey) -> None:
    """They are in the channel, so `is_stranger` does not say who they are; where they work does."""
    mona, sid = journey.people("mona", "sid")
    await journey.buys()
    await mona.clicks(await summary(journey, mona), "report_share")
    answered(await sid.clicks(await posted(journey, "shares this"), "report_csv"))
    await journey.private(sid, "people from other companies", "are shown no summaries")
    assert not files(journey, ".csv")
    (denied,) = [line for line in await journey.audit() if line["what"] == "refused:ordinary_member"]
    assert denied["by"] == journey.workspace.person("sid").id


async def test_s6_a_file_comes_with_its_rows_and_totals(journey: Journey) -> None:
    (rita,) = journey.people("rita")
    await journey.buys()
    await rita.clicks(await summary(journey, rita), "report_csv")
    told = await journey.direct(rita, "1 row in the file")
    assert re.search(r"Spent .*\$[\d,.]+ spent", told.text)
    (name,) = files(journey, ".csv")
    (file,) = [one for one in journey.workspace.files.values() if one.name == name]
    assert file.uploaded is not None
    assert file.uploaded.decode("utf-8-sig").count("\r\n") == 2


async def test_s6_the_same_lines_come_as_json_with_their_number_and_totals(journey: Journey) -> None:
    (rita,) = journey.people("rita")
    await journey.buys()
    await rita.clicks(await summary(journey, rita), "report_json")
    told = await journey.direct(rita, "1 row in the file")
    assert re.search(r"Spent .*\$[\d,.]+ spent", told.text)
    (name,) = files(journey, ".json")
    (file,) = [one for one in journey.workspace.files.values() if one.name == name]
    order = (await journey.request()).order
    assert order is not None
    assert file.uploaded is not None
    holds = json.loads(file.uploaded)
    assert (holds["row_count"], holds["totals"]["spent"]) == (1, order.total)
    assert [(row["service"], row["amount_cents"]) for row in holds["rows"]] == [(order.service_id, order.total)]
    assert not files(journey, ".csv")


async def test_s6_t139_a_file_is_not_sent_to_who_lost_the_right_to_see_it(
    journey: Journey, pass_time: Callable[[float], None]
) -> None:
    (mona,) = journey.people("mona")
    await journey.buys()
    shown = await summary(journey, mona, "/proxy spend workspace")
    group = journey.workspace.groups["S0APPROVERS"]
    group.members[:] = [one for one in group.members if one != journey.workspace.person("mona").id]
    pass_time(61)
    await mona.clicks(shown, "report_json")
    await journey.private(mona, "What else was spent")
    assert not files(journey, ".json")


async def test_s3_a_picture_takes_the_place_of_the_summary(journey: Journey) -> None:
    (rita,) = journey.people("rita")
    await journey.buys()
    shown = await summary(journey, rita)
    assert "data_visualization" in kinds(shown)
    await rita.clicks(shown, "report_picture")
    drawn = await picture_for(journey, rita)
    (image,) = [block for block in drawn.blocks if block["type"] == "image"][:1]
    assert "Spent" in image["alt_text"]
    assert "data_visualization" not in kinds(drawn)


async def test_t136_where_tables_and_charts_are_refused_the_numbers_stand_in_lines(journey: Journey) -> None:
    (rita,) = journey.people("rita")
    await journey.buys()
    shown = await summary(journey, rita)
    await journey.all_said()
    journey.workspace.faults.add(Fault("error", method="chat.postMessage", error="invalid_blocks"))
    await rita.clicks(shown, "report_share")
    there = await posted(journey, "shares this")
    assert not {"table", "data_visualization"} & set(kinds(there))
    order = (await journey.request()).order
    assert order is not None
    over_time, by_product = f": ${order.total / 100:,.2f}", f": Spent ${order.total / 100:,.2f}"
    assert over_time in there.text
    assert by_product in there.text
    found = [one for one in await rita.messages(CHANNEL) if "shares this" in one.text]
    assert [one.ts for one in found] == [there.ts]


async def test_t136_a_private_answer_without_tables_and_charts_takes_the_same_place(journey: Journey) -> None:
    (rita,) = journey.people("rita")
    await journey.buys()
    journey.workspace.faults.add(Fault("error", method="response_url", error="invalid_blocks"))
    shown = await summary(journey, rita)
    assert not {"table", "data_visualization"} & set(kinds(shown))
    assert "1 order" in shown.text


async def test_s3_without_the_right_to_upload_a_share_has_its_chart_and_the_buttons_say_why(journey: Journey) -> None:
    (rita,) = journey.people("rita")
    await journey.buys()
    shown = await summary(journey, rita)
    fault = Fault("error", method="files.getUploadURLExternal", error="missing_scope", times=None)
    journey.workspace.faults.add(fault)
    await rita.clicks(shown, "report_share")
    there = await posted(journey, "shares this")
    assert {"data_visualization", "table"} <= set(kinds(there))
    for button in ("report_csv", "report_picture"):
        before = len(await rita.ephemerals(CHANNEL))
        await rita.clicks(there, button)

        async def told(before: int = before) -> bool:
            return any("files:write" in one.text for one in (await rita.ephemerals(CHANNEL))[before:])

        await journey.until(told, f"why {button} sends nothing")


async def test_s3_only_public_channels_are_named_in_a_chart_and_only_with_the_right(journey: Journey) -> None:
    public, private = (journey.workspace.channel_named(name).id for name in (CHANNEL, "ops-secret"))
    directory = journey.bot.desk.directory
    names = await directory.public_channels()
    assert names[ChannelId(public)] == "#proxies"
    assert private not in names
    directory._channels.clear()  # type: ignore[attr-defined]
    app = journey.workspace.app
    app.scopes = app.scopes - {"channels:read"}
    assert await directory.public_channels() == {}
    journey.workspace.problems.clear()  # the refusal was wanted


@pytest.mark.parametrize("line", ["/proxy spend isp_uss", "/proxy spend 2026-02-30", "/proxy spend @nobody"])
async def test_s1_words_that_mean_nothing_are_explained(line: str, journey: Journey) -> None:
    (rita,) = journey.people("rita")
    told = await journey.answer(rita, line)
    assert "Spent" not in told.text


async def test_s2_who_may_sets_a_digest_and_who_may_not_is_told(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    told = await journey.answer(rita, "/proxy digest weekly", "Nothing changed")
    assert "approver" in told.text
    await journey.answer(mona, "/proxy digest weekly friday 17:00", "Set.", "Friday at 17:00")
    await journey.answer(rita, "/proxy digest", "Weekly on Friday at 17:00")
    await journey.answer(mona, "/proxy digest off", "Switched off.")
    await journey.answer(mona, "/proxy digest every day", "sets no digest")


async def test_u1_who_set_and_ended_a_digest_is_on_record_with_what_stood_before(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    await journey.answer(mona, "/proxy digest weekly friday 17:00", "Set.")
    await journey.answer(rita, "/proxy digest off", "Nothing changed")
    await mona.clicks(await journey.answer(mona, "/proxy digest", "Friday at 17:00"), "set_digest")
    await journey.private(mona, "Set.", "Weekly on Monday at 09:00 UTC, about")
    await journey.answer(mona, "/proxy digest off", "Switched off.")
    rita_id, mona_id = (journey.workspace.person(name).id for name in ("rita", "mona"))
    channel = journey.workspace.channel_named(CHANNEL).id
    lines = [line for line in await journey.audit() if "digest" in line["what"]]
    assert [(line["what"], line["by"], line["before"], line["after"]) for line in lines] == [
        ("digest_set", mona_id, "off", "weekly:5:17:00"),
        ("refused:digests_set_by", rita_id, None, None),
        ("digest_set", mona_id, "weekly:5:17:00", "weekly:1:09:00"),
        ("digest_stopped", mona_id, "weekly:1:09:00", "off"),
    ]
    assert {line["channel"] for line in lines} == {channel}
    assert lines[0]["detail"] == f"weekly in {channel}"


async def test_t131_two_replicas_post_a_digest_once(journey: Journey) -> None:
    """The digest of yesterday becomes due; two bots look for it at once, and once more afterwards."""
    (mona,) = journey.people("mona")
    await journey.buys()
    await journey.answer(mona, "/proxy digest daily 0:00", "Set.")
    channel = ChannelId(journey.workspace.channel_named(CHANNEL).id)
    await journey.bot.store._redis.hset(f"{{{TEAM}}}:digests:since", f"{channel}:daily", "0")
    async with journey.replica() as other:
        await asyncio.gather(make_jobs(journey.bot).digest({}), make_jobs(other).digest({}))
        there = await posted(journey, "Digest of the day")
        await asyncio.gather(make_jobs(journey.bot).digest({}), make_jobs(other).digest({}))
        await journey.all_said()
    titles = [one.text.splitlines()[0] for one in await mona.messages(CHANNEL) if "Digest of the day" in one.text]
    assert there.text.splitlines()[0] in titles
    assert len(set(titles)) == len(titles), "each day once, also when midnight comes between"
    recorded = [line["detail"] for line in await journey.audit() if line["what"] == "digest_announced"]
    assert len(recorded) == len(set(recorded)) == len(titles)
    assert recorded[0].startswith(f"daily in {channel}, ")


async def test_t132_a_digest_that_comes_late_says_so(journey: Journey, clock: LaterClock) -> None:
    """Nobody worked at nine; it is noon now."""
    clock.later += timedelta(hours=(12 - clock.now(UTC).hour) % 24)
    mona = journey.person("mona")
    await journey.answer(mona, "/proxy digest daily 9:00", "Set.")
    channel = ChannelId(journey.workspace.channel_named(CHANNEL).id)
    told = (clock.now(UTC) - timedelta(days=3)).date()
    for kept, value in (("since", "0"), ("told", str(told))):
        await journey.bot.store._redis.hset(f"{{{TEAM}}}:digests:{kept}", f"{channel}:daily", value)
    for _ in range(2):
        await make_jobs(journey.bot).digest({})
    there = await posted(journey, "Digest of the day", "This was due", "comes late", "1 digest before it was left out")
    assert f"{clock.now(UTC):%Y-%m-%d} 09:00 UTC" in there.text
    await journey.all_said()
    assert len([one for one in await mona.messages(CHANNEL) if "Digest of the day" in one.text]) == 1


async def test_s6_an_errand_that_breaks_is_told_with_a_reference(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    (rita,) = journey.people("rita")
    await journey.buys()
    shown = await summary(journey, rita)
    monkeypatch.setattr("bot.clerk.csv_file.spend", lambda *_: 1 / 0)
    await rita.clicks(shown, "report_csv")
    told = await journey.private(rita, "Something went wrong")
    assert journey.logged(told)["event"] == "errand_broke"
