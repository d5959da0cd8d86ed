"""Summaries on the real store: equal to the ledger, cheap, and shown to those who may see them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from bot.blocks import limits, looks
from bot.blocks import spend_summary as views
from bot.blocks.kit import Message
from bot.domain.account import UsageDay
from bot.domain.errors import ChatError
from bot.domain.ids import ChannelId, ProductCode, RequestId, ServiceId, UserId
from bot.domain.ledger import Entry, EntryId, Kind, sums_of
from bot.domain.period import Period
from bot.domain.policy import ChannelSettings, Role
from bot.domain.scope import Asked, Measure, Scope, ScopeError
from bot.domain.scope import Kind as Of
from bot.usecases import summaries
from tests.examples import APPROVER, CHANNEL, REQUESTER, WORKSPACE
from tests.usecases.conftest import Office, policy

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
OTHER = ChannelId("C0OTHER")
OUTSIDER = UserId("U0NOROLE")


def entry(number: int, kind: Kind = Kind.CHARGE, amount: int = 1575, **given: object) -> Entry:
    facts: dict[str, object] = {
        "id": EntryId(f"{number}:{kind}"),
        "at": datetime(2026, 11, 5, 10, tzinfo=UTC),
        "day": date(2026, 11, 5),
        "kind": kind,
        "amount": amount,
        "is_paid": True,
        "request": RequestId(number),
        "service": ServiceId(f"API-{number}"),
        "requester": REQUESTER,
        "approvers": (APPROVER,),
        "channel": CHANNEL,
        "product": ProductCode("isp_us"),
        "product_type": "isp",
        "quantity": 5,
    }
    return Entry(**{**facts, **given})  # type: ignore[arg-type]


MIXED = [
    entry(1),
    entry(2, amount=700, is_paid=False),
    entry(3, amount=300, is_paid=False),
    entry(3, Kind.VOID, -300),
    entry(1, Kind.RENEWAL),
    entry(1, Kind.REFUND, -200),
    entry(2, Kind.CREDIT_NOTE, -50),
    entry(9, Kind.TOP_UP, 10_000, product=ProductCode("credit"), is_paid=False),
    entry(7, amount=99, channel=OTHER, requester=OUTSIDER),
]


@pytest.mark.parametrize(
    "scope",
    [
        Scope(Of.CHANNEL, CHANNEL),
        Scope(Of.PERSON, REQUESTER),
        Scope(Of.PRODUCT, "isp_us"),
        Scope(Of.SERVICE, "API-1"),
        Scope(Of.WORKSPACE),
    ],
    ids=lambda scope: scope.kind,
)
async def test_t137_every_summary_equals_the_lines_of_its_file_to_the_cent(scope: Scope, office: Office) -> None:
    await office.desk.ledger.book(WORKSPACE, MIXED)
    shown = await summaries.spend(office.desk, WORKSPACE, scope, NOVEMBER)
    lines = await summaries.entries(office.desk, WORKSPACE, Asked(Measure.SPEND, scope, NOVEMBER))
    assert lines
    assert shown.sums == sums_of(lines)


async def test_t137_what_came_back_was_cancelled_or_is_open_is_told_apart(office: Office) -> None:
    await office.desk.ledger.book(WORKSPACE, MIXED)
    scope = Scope(Of.CHANNEL, CHANNEL)
    shown = await summaries.spend(office.desk, WORKSPACE, scope, NOVEMBER)
    said = views.spend(Asked(Measure.SPEND, scope, NOVEMBER), shown, time_zone="UTC").text
    for words in (
        "*$38.50*",
        "$31.50 paid and $7.00 not paid in full yet",
        "$2.00 refunded",
        "$0.50 came back as credit",
        "$3.00 cancelled and never paid",
        "$100.00 of top-ups not paid yet",
        "$36.00 remain spent",
    ):
        assert words in said


DIVIDED = policy(
    teams={"scraping": Role(users=(REQUESTER,)), "research": Role(users=(OUTSIDER, REQUESTER))},
    channel_settings={CHANNEL: ChannelSettings(project="crawler")},
)


@pytest.mark.parametrize(
    ("word", "only"),
    [("team:scraping", {REQUESTER}), ("team:research", {OUTSIDER}), ("project:crawler", {REQUESTER})],
)
async def test_n22_a_team_and_a_project_are_summed_up_to_the_cent(word: str, only: set[str], office: Office) -> None:
    office.policy = DIVIDED
    await office.desk.ledger.book(WORKSPACE, MIXED)
    scope = await summaries.scope_called(office.desk, WORKSPACE, word)
    shown = await summaries.spend(office.desk, WORKSPACE, scope, NOVEMBER)
    lines = await summaries.entries(office.desk, WORKSPACE, Asked(Measure.SPEND, scope, NOVEMBER))
    assert {line.requester for line in lines} == only
    assert shown.sums == sums_of(lines)


async def test_n22_teams_and_projects_of_everything_add_up_to_the_ledger(office: Office) -> None:
    office.policy = DIVIDED
    await office.desk.ledger.book(WORKSPACE, [*MIXED, entry(8, amount=40, requester=None, channel=None)])
    shown = await summaries.spend(office.desk, WORKSPACE, Scope(Of.WORKSPACE), NOVEMBER)
    assert [(part.id, part.sums.spent) for part in shown.teams] == [("scraping", 3_850), ("research", 99), ("", 40)]
    assert [(part.id, part.sums.spent) for part in shown.projects] == [("crawler", 3_850), (OTHER, 99), ("", 40)]
    for parts in (shown.teams, shown.projects):
        assert sum(part.sums.net for part in parts) == shown.sums.net


async def test_s1_a_team_whose_members_slack_does_not_tell_is_no_sum_of_zero(office: Office) -> None:
    office.policy = DIVIDED
    await office.desk.ledger.book(WORKSPACE, MIXED)
    office.directory.is_away = True
    with pytest.raises(ChatError):
        await summaries.spend(office.desk, WORKSPACE, Scope(Of.TEAM, "scraping"), NOVEMBER)
    shown = await summaries.spend(office.desk, WORKSPACE, Scope(Of.WORKSPACE), NOVEMBER)
    assert (shown.sums.spent, shown.teams) == (3_949, ())
    assert [part.id for part in shown.projects] == ["crawler", OTHER]


async def test_n22_by_team_and_project_it_is_said_what_changed_the_sum_most(office: Office) -> None:
    office.policy = DIVIDED
    code = next(code for code, one in (await office.provider.catalog()).items() if one.is_per_ip)
    october = date(2026, 10, 5)
    await office.desk.ledger.book(
        WORKSPACE,
        [
            entry(1, product=code, amount=3_000, quantity=10),
            entry(2, product=code, amount=1_400, quantity=4, requester=OUTSIDER, channel=OTHER),
            entry(4, amount=1_500, day=october, product=code),
            entry(5, amount=1_200, quantity=4, requester=OUTSIDER, channel=OTHER, day=october, product=code),
        ],
    )
    everything = Scope(Of.WORKSPACE)
    shown = await summaries.spend(office.desk, WORKSPACE, everything, NOVEMBER)
    said = views.spend(Asked(Measure.SPEND, everything, NOVEMBER), shown, time_zone="UTC").text.splitlines()
    name = "AT&amp;T ISP Proxies [US]"
    assert f"*$44.00*, 63 % more than before ($27.00): more of {name} was ordered" in said
    teams, projects = said.index("*By team*"), said.index("*By project*")
    assert said[teams + 1 : teams + 3] == [
        f"scraping $30.00, $15.00 more: more of {name} was ordered · one proxy $3.00, as before",
        f"research $14.00, $2.00 more: {name} costs more or was ordered for longer · one proxy $3.50, before $3.00",
    ]
    assert said[projects + 1] == (
        f"crawler $30.00, $15.00 more: more of {name} was ordered · one proxy $3.00, as before"
    )
    assert said[projects + 2].startswith(f"<#{OTHER}> $14.00")
    assert "*By channel*" not in said


async def test_t138_ten_thousand_requests_are_summed_up_without_asking_the_provider(office: Office) -> None:
    random = Random(1)
    start = date(2026, 11, 1)
    for batch in range(20):
        await office.desk.ledger.book(
            WORKSPACE,
            [
                entry(
                    10_000 + batch * 500 + number,
                    amount=random.randrange(100, 9_000),
                    day=start + timedelta(days=random.randrange(30)),
                    product=ProductCode(f"p{random.randrange(30)}"),
                    requester=UserId(f"U{random.randrange(40)}"),
                    channel=ChannelId(f"C{random.randrange(20)}"),
                )
                for number in range(500)
            ],
        )
    office.moments.passed.clear()
    shown = await summaries.spend(office.desk, WORKSPACE, Scope(Of.WORKSPACE), NOVEMBER)
    assert shown.sums.count == 10_000
    assert len(shown.products) <= 12
    assert not [moment for moment in office.moments.passed if moment != "catalog"]


async def test_n22_a_gigabyte_used_has_a_price_only_for_who_may_see_it(office: Office) -> None:
    await office.store.keep_usage(WORKSPACE, [UsageDay(date(2026, 11, 2), "residential", None, None, 5 * 1024**3, 9)])
    scope = Scope(Of.WORKSPACE)
    hidden = await summaries.used(office.desk, WORKSPACE, scope, NOVEMBER, shows_cost=False)
    assert (hidden.bytes, hidden.spent_on_data) == (5 * 1024**3, None)
    assert (await summaries.used(office.desk, WORKSPACE, scope, NOVEMBER, shows_cost=True)).spent_on_data == 0


def cost_said(message: Message) -> list[str]:
    """The lines by person and by channel."""
    lines = message.text.splitlines()
    first = next(at for at, line in enumerate(lines) if line.startswith("*By "))
    return lines[first : next(at for at, line in enumerate(lines) if line.startswith("Spent "))]


async def test_n22_by_person_and_channel_one_proxy_has_its_price_beside_the_amount(office: Office) -> None:
    catalog = await office.provider.catalog()
    code = next(code for code, one in catalog.items() if one.is_per_ip)
    data = next(code for code, one in catalog.items() if not one.is_per_ip)
    october = date(2026, 10, 5)
    await office.desk.ledger.book(
        WORKSPACE,
        [
            entry(1, product=code),
            entry(2, product=code, amount=1200, quantity=4, requester=OUTSIDER, channel=OTHER),
            entry(3, product=data, amount=705, quantity=3, requester=OUTSIDER, channel=OTHER),
            entry(4, amount=1500, day=october, product=code),
            entry(5, amount=300, quantity=1, requester=OUTSIDER, channel=OTHER, day=october, product=code),
        ],
    )
    everything = Scope(Of.WORKSPACE)
    shown = await summaries.spend(office.desk, WORKSPACE, everything, NOVEMBER)
    said = views.spend(Asked(Measure.SPEND, everything, NOVEMBER), shown, time_zone="UTC")
    assert cost_said(said) == [
        "*By person*",
        f"<@{OUTSIDER}> $19.05 · one proxy $3.00, as before · one GB $2.35",
        f"<@{REQUESTER}> $15.75 · one proxy $3.15, before $3.00",
        "*By channel*",
        f"<#{OTHER}> $19.05 · one proxy $3.00, as before · one GB $2.35",
        f"<#{CHANNEL}> $15.75 · one proxy $3.15, before $3.00",
    ]
    (table,) = [block for block in said.blocks if block["type"] == "table"]
    assert [row[3]["text"] for row in table["rows"][1:]] == ["$3.08 (was $3.00)", "$2.35/GB"]
    here = Scope(Of.CHANNEL, CHANNEL)
    shown = await summaries.spend(office.desk, WORKSPACE, here, NOVEMBER)
    said = views.spend(Asked(Measure.SPEND, here, NOVEMBER), shown, time_zone="UTC")
    assert cost_said(said) == ["*By person*", f"<@{REQUESTER}> $15.75 · one proxy $3.15, before $3.00"]


def chart_titles(message: Message) -> list[str]:
    return [block["title"] for block in message.blocks if block["type"] == "data_visualization"]


async def test_s3_a_workspace_is_charted_by_channel_or_as_the_company_is_divided(office: Office) -> None:
    await office.desk.ledger.book(WORKSPACE, MIXED)
    scope = Scope(Of.WORKSPACE)
    asked = Asked(Measure.SPEND, scope, NOVEMBER)
    office.directory.channels = {CHANNEL: "#proxies", OTHER: "#other"}

    async def charted() -> tuple[list[str], list[str]]:
        """The second chart and its labels, and the titles of the pictures after the first."""
        shown = await summaries.spend(office.desk, WORKSPACE, scope, NOVEMBER)
        names = await summaries.names_of(office.desk, shown)
        message = views.spend(asked, shown, time_zone="UTC", names=names)
        pictures = [one.title.partition(",")[0] for one in looks.spend_pictures(shown, names)[1:]]
        labels = [
            label
            for block in message.blocks[2:3]
            for label in block.get("chart", {}).get("axis_config", {}).get("categories", [])
        ]
        return [*chart_titles(message)[1:], *labels], pictures

    assert await charted() == (
        ["By channel", "#proxies", "#other"],
        ["By channel", "By person"],
    )
    office.directory.is_away = True
    assert await charted() == ([], [])
    office.directory.is_away = False
    office.policy = DIVIDED
    assert await charted() == (["By team", "scraping", "research"], ["By team", "By project", "By person"])


async def test_n22_the_longest_list_of_people_and_channels_fits_into_one_section(office: Office) -> None:
    catalog = await office.provider.catalog()
    code = next(code for code, one in catalog.items() if one.is_per_ip)
    data = next(code for code, one in catalog.items() if not one.is_per_ip)
    lines = [
        entry(
            number,
            product=(code, data)[number % 2],
            amount=10**9 + number,
            requester=UserId(f"U0{number // 4:09}"),
            channel=ChannelId(f"C0{number // 4:09}"),
            day=NOVEMBER.first if number % 4 < 2 else date(2026, 10, 5),
        )
        for number in range(200)
    ]
    await office.desk.ledger.book(WORKSPACE, lines)
    everything = Scope(Of.WORKSPACE)
    shown = await summaries.spend(office.desk, WORKSPACE, everything, NOVEMBER)
    (details,) = views.spend_details(shown, everything)
    assert len(details) < limits.SECTION
    assert details.count("others $") == 2


@pytest.mark.parametrize(
    ("user", "here", "scope", "is_shown"),
    [
        (OUTSIDER, CHANNEL, Scope(Of.CHANNEL, CHANNEL), True),
        (OUTSIDER, OTHER, Scope(Of.CHANNEL, CHANNEL), False),
        (OUTSIDER, None, Scope(Of.CHANNEL, CHANNEL), False),
        (OUTSIDER, CHANNEL, Scope(Of.WORKSPACE), False),
        (OUTSIDER, CHANNEL, Scope(Of.PRODUCT, "isp_us"), False),
        (OUTSIDER, CHANNEL, Scope(Of.PERSON, OUTSIDER), True),
        (OUTSIDER, CHANNEL, Scope(Of.PERSON, APPROVER), False),
        (APPROVER, None, Scope(Of.WORKSPACE), True),
        (UserId("U0GUEST"), CHANNEL, Scope(Of.CHANNEL, CHANNEL), False),
    ],
)
async def test_t139_who_is_shown_what_was_spent(
    user: UserId, here: ChannelId | None, scope: Scope, is_shown: bool, office: Office
) -> None:
    _, spend = await summaries.may_see(office.desk, user, here, scope)
    assert spend.is_allowed is is_shown
    assert is_shown or spend.sentence


async def test_t139_a_policy_without_the_channel_shows_it_nothing(office: Office) -> None:
    office.policy = policy(prices_visible_to=("approver",))
    _, spend = await summaries.may_see(office.desk, OUTSIDER, CHANNEL, Scope(Of.CHANNEL, CHANNEL))
    assert not spend.is_allowed


async def test_s1_a_product_is_found_by_code_and_name_and_a_near_miss_is_named(office: Office) -> None:
    catalog = await office.provider.catalog()
    code, product = next((code, one) for code, one in catalog.items() if one.is_per_ip)
    assert await summaries.scope_called(office.desk, WORKSPACE, code.upper()) == Scope(Of.PRODUCT, code)
    assert await summaries.scope_called(office.desk, WORKSPACE, product.name) == Scope(Of.PRODUCT, code)
    with pytest.raises(ScopeError, match="Did you mean"):
        await summaries.scope_called(office.desk, WORKSPACE, f"{code}x")


async def test_s6_a_file_holds_no_more_lines_than_a_worker_can(office: Office) -> None:
    await office.desk.ledger.book(WORKSPACE, MIXED)
    asked = Asked(Measure.SPEND, Scope(Of.WORKSPACE), NOVEMBER)
    assert len(await summaries.entries(office.desk, WORKSPACE, asked, most=3)) == 3
