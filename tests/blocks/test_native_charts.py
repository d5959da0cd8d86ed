"""Slack's own charts: the numbers of the summary within Slack's limits, and the same in words."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from bot.blocks import kit, native_charts, tables, text
from bot.blocks.kit import Block
from bot.domain.account import UsageDay
from bot.domain.ids import ChannelId, ProductCode, UserId
from bot.domain.ledger import Row, Sums, Totals
from bot.domain.period import Period
from bot.domain.summary import Known, Part, Spend, Unit, spend_of
from bot.domain.usage import BYTES_PER_GB as GB
from bot.domain.used import Left, Used, used_of
from playground.workspace_surfaces import validate_blocks
from tests.blocks.test_charts import LONG, MONTH, spend

TODAY = MONTH.last
YEARS = Period(date(2024, 1, 1), TODAY)


def named(*names: str) -> Spend:
    rows = tuple(
        Row(MONTH.first, ChannelId("C1"), UserId("U1"), ProductCode(f"p{n}"), Sums(paid=900 - n, count=1, quantity=1))
        for n in range(len(names))
    )
    catalog = {ProductCode(f"p{n}"): Known(name, Unit.PROXY) for n, name in enumerate(names)}
    return spend_of(Totals(MONTH.first, MONTH.last, rows), Totals(MONTH.first, MONTH.last, ()), catalog)


def used(*left: Left, period: Period = MONTH, networks: int = 2, size: int = 5 * GB) -> Used:
    names = ["residential", "mobile", *(f"network-of-the-{n}th-kind" for n in range(2, 9))][:networks]
    rows = [UsageDay(period.first + timedelta(days=n), name, None, None, size + n, 1) for n, name in enumerate(names)]
    return used_of(period, rows, [], {}, left=left)


def left(network: str = "residential", of: int = 40 * GB, daily: int = 2 * GB, ends_in: int | None = 20) -> Left:
    ends_on = TODAY + timedelta(days=ends_in) if ends_in is not None else None
    return Left(network, 50 * GB, of, daily, ends_on, TODAY)


def must(block: Block | None) -> Block:
    assert block is not None
    assert validate_blocks([block]) == []
    return block


def series(block: Block) -> dict[str, list[Any]]:
    return {one["name"]: [point["value"] for point in one["data"]] for one in block["chart"]["series"]}


def labels(block: Block) -> list[str]:
    return list(block["chart"]["axis_config"]["categories"])


def test_t135_there_is_no_chart_of_nothing() -> None:
    assert native_charts.spend_by_product(spend(products=0)) is None
    assert native_charts.spend_by_product(spend(cents=0)) is None
    assert native_charts.spend_by_part("By person", [("Rita", Part("U1", Sums(), Sums()))]) is None
    assert native_charts.used_over_time(used_of(MONTH, [], [], {})) is None
    assert native_charts.data_left(used_of(MONTH, [], [], {})) is None
    assert native_charts.data_left(used(left(daily=0, ends_in=None))) is None
    assert native_charts.data_left(used(left(of=0, ends_in=0))) is None


@pytest.mark.parametrize(
    "period", [Period(TODAY, TODAY), Period(TODAY - timedelta(days=13), TODAY), MONTH, YEARS], ids=str
)
@pytest.mark.parametrize("products", [1, 5, 6, 12])
def test_s3_the_amounts_of_a_chart_are_those_of_the_summary(period: Period, products: int) -> None:
    shown = spend(period, products=products, days=min(period.days, 400))
    block = must(native_charts.spend_by_product(shown))
    values = series(block)
    assert round(sum(map(sum, values.values())) * 100) == shown.sums.spent
    assert len(values) * len(labels(block)) <= native_charts.MOST_BARS


def test_s3_what_has_no_colour_of_its_own_is_summed_as_other() -> None:
    assert list(series(must(native_charts.spend_by_product(spend(products=12)))))[-1] == "Other products"
    assert "Other products" not in series(must(native_charts.spend_by_product(spend(products=5))))


def test_s3_a_chart_of_years_puts_months_together() -> None:
    block = must(native_charts.spend_by_product(spend(YEARS, 2, days=900)))
    assert (labels(block)[0], labels(block)[-1]) == ("Jan ’24 to Feb ’24", "Nov ’26")


def test_s3_names_are_short_and_stay_apart() -> None:
    shown = named(
        "Residential Proxies (Global)",
        "Static Residential ISP Proxies [US]",
        "Static Residential ISP Proxies [GB]",
        "Static Residential ISP Proxies [US]",
        "<!channel> & *bold*",
    )
    assert sorted(series(must(native_charts.spend_by_product(shown)))) == [
        "<!channel> & *bold*",
        "Residential (Global)",
        "Static… ISP [GB]",
        "Static… ISP [US]",
        "Static… ISP [US] (2)",
    ]


def test_s3_people_of_the_same_long_name_stay_apart_and_the_rest_is_one_bar() -> None:
    people = [(LONG, Part(f"U{n}", Sums(paid=10**n), Sums())) for n in range(12)]
    block = must(native_charts.spend_by_part(native_charts.BY_PERSON, people))
    assert len(labels(block)) == len(set(labels(block))) == 9
    assert labels(block)[-1] == "4 more"
    assert round(sum(series(block)["Spent"]) * 100) == sum(10**n for n in range(12))


def test_s3_data_is_told_by_network_in_gigabytes_or_megabytes() -> None:
    block = must(native_charts.used_over_time(used()))
    assert block["chart"]["axis_config"]["y_label"] == "GB"
    assert {name: sum(values) for name, values in series(block).items()} == {"Residential": 5.0, "Mobile": 5.0}
    small = must(native_charts.used_over_time(used(networks=1, size=3 * 1024**2)))
    assert small["chart"]["axis_config"]["y_label"] == "MB"
    assert sum(series(small)["Residential"]) == 3
    many = series(must(native_charts.used_over_time(used(networks=9))))
    assert len(many) == 6
    assert sum(many["Other networks"]) == 20.0


def test_s3_what_is_left_goes_down_to_nothing_on_the_day_it_ends() -> None:
    block = must(native_charts.data_left(used(left(), left("mobile", of=60 * GB, daily=0, ends_in=None))))
    values = series(block)
    assert block["chart"]["type"] == "line"
    assert (labels(block)[0], values["Residential"][0], values["Mobile"][0]) == ("26 Nov", 40.0, 60.0)
    end = labels(block).index("16 Dec")
    assert values["Residential"][end] == 0
    assert values["Residential"][: end + 1] == sorted(set(values["Residential"]), reverse=True)
    assert set(values["Mobile"]) == {60.0}


def test_s3_an_end_far_away_does_not_hide_the_one_that_is_near() -> None:
    block = must(native_charts.data_left(used(left(ends_in=2, of=4 * GB), left("mobile", daily=1, ends_in=3_000))))
    assert labels(block)[-1] == "10 Dec"
    assert series(block)["Residential"][2] == 0


def test_c5_t136_a_chart_can_be_said_in_words() -> None:
    block = must(native_charts.spend_by_product(named("ISP <!here>", "Mobile")))
    day = "1 Nov"
    assert native_charts.in_short(block) == f"Spent from 1 to 26 Nov 2026: {day} $17.99."
    assert native_charts.in_words(block).splitlines() == [
        "*Spent from 1 to 26 Nov 2026*",
        f"{day}: $17.99 (ISP &lt;!here&gt; $9.00, Mobile $8.99)",
    ]


def test_t136_without_charts_their_numbers_stand_in_sections_once() -> None:
    over_time = must(native_charts.spend_by_product(named("ISP", "Mobile")))
    by_person = must(native_charts.spend_by_part(native_charts.BY_PERSON, [("R", Part("U1", Sums(paid=1), Sums()))]))
    plain = tables.without_rich_blocks(kit.message("said", kit.section("lead"), over_time, by_person))
    assert plain is not None
    assert [block["type"] for block in plain.blocks] == ["section", "section"]
    assert "1 Nov: $17.99" in plain.blocks[1]["text"]["text"]


def test_names_are_cut_inside_or_numbered() -> None:
    assert text.cut_inside("Datacenter [US]", 20) == "Datacenter [US]"
    assert text.cut_inside("Datacenter [US] Dual-Stack", 20) == "Datacenter [US] Dua…"
    assert text.cut_inside("x" * 30, 20) == "x" * 19 + "…"
    assert text.distinct(["Alex", "Alex", "Alex (2)"], 20) == ["Alex", "Alex (2)", "Alex (2) (2)"]
