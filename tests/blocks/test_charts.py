"""Pictures as data: what is in them, what is said of them, and that they can be drawn."""

from __future__ import annotations

import json
import struct
from datetime import date, timedelta
from typing import Any

import pytest

from bot.blocks import charts
from bot.blocks.charts import Picture
from bot.domain.account import UsageDay
from bot.domain.ids import ChannelId, ProductCode, UserId
from bot.domain.ledger import Row, Sums, Totals
from bot.domain.period import Period
from bot.domain.summary import Known, Part, Spend, Unit, spend_of
from bot.domain.usage import BYTES_PER_GB as GB
from bot.domain.used import Left, used_of
from bot.pictures import Painter, PictureError

MONTH = Period(date(2026, 11, 1), date(2026, 11, 26))
LONG = "Deutsche Telekom ISP Proxies & more, with a name that goes on and on [DE]"


LEFT = (
    Left("residential", 50 * GB, 40 * GB, 2 * GB, date(2026, 12, 16), MONTH.last),
    Left("mobile", 20 * GB, 7 * GB, 0, None, MONTH.last),
)


def spend(period: Period = MONTH, products: int = 1, cents: int = 630, days: int = 1) -> Spend:
    rows = tuple(
        Row(
            period.first + timedelta(days=at % period.days),
            ChannelId("C1"),
            UserId("U1"),
            ProductCode(f"p{n}"),
            Sums(paid=cents * (n + 1), count=1, quantity=2),
        )
        for n in range(products)
        for at in range(days)
    )
    catalog = {ProductCode(f"p{n}"): Known(LONG if n == 0 else f"Product {n}", Unit.PROXY) for n in range(products)}
    before = period.before()
    return spend_of(Totals(period.first, period.last, rows), Totals(before.first, before.last, ()), catalog)


def values(picture: Picture) -> list[dict[str, Any]]:
    return list(picture.spec["layer"][0]["data"]["values"])


def must(picture: Picture | None) -> Picture:
    assert picture is not None
    return picture


def test_t135_there_is_no_picture_of_nothing() -> None:
    assert charts.spend_by_product(spend(products=0)) is None
    assert charts.spend_by_part("By person", []) is None
    assert charts.used_over_time(used_of(MONTH, [], [], {})) is None
    assert charts.data_left(used_of(MONTH, [], [], {})) is None


def test_s3_the_amounts_drawn_are_those_of_the_summary() -> None:
    shown = spend(products=8, days=20)
    picture = must(charts.spend_by_product(shown))
    assert round(sum(value["spent"] for value in values(picture)) * 100) == shown.sums.spent
    assert len({value["product"] for value in values(picture)}) == 6  # five, and the others together


def test_s3_the_words_beside_a_picture_hold_its_numbers() -> None:
    picture = must(charts.spend_by_product(spend(products=2, days=2)))
    assert "Spent from 1 to 26 Nov 2026: $37.80 in all." in picture.alt
    assert "Product 1 · $25.20" in picture.alt
    assert len(picture.alt) <= 2_000


def test_s3_a_picture_can_be_read_on_a_phone_and_on_any_background() -> None:
    for picture in (
        charts.spend_by_product(spend()),
        charts.spend_by_part("By", [("Rita", Part("U1", Sums(paid=1), Sums()))]),
    ):
        spec = must(picture).spec
        assert spec["background"] == charts.BACKGROUND
        # shrunk to a phone's 360 points, letters are still 9 points tall
        assert charts.LETTER * 360 / (spec["width"] + 180) >= 9


def test_s3_the_end_of_the_data_is_a_line_that_reaches_nothing_and_a_rule_at_its_day() -> None:
    picture = must(charts.data_left(used_of(MONTH, [], [], {}, left=LEFT)))
    lines, rule, label = picture.spec["layer"]
    residential = [one for one in lines["data"]["values"] if one["product"].startswith("Residential")]
    assert residential[0] == {"at": "2026-11-26", "product": "Residential · 40 GB · until 16 Dec", "left": 40.0}
    assert next(one["at"] for one in residential if one["left"] == 0) == "2026-12-16"
    assert [one["at"] for one in rule["data"]["values"]] == ["2026-12-16"]
    assert [one["label"] for one in label["data"]["values"]] == ["16 Dec"]
    assert "Mobile · 7 GB · not used" in picture.alt


def test_s3_who_has_no_name_is_counted_in_the_rest() -> None:
    people = [(name, Part(f"U{n}", Sums(paid=100 + n), Sums())) for n, name in enumerate(["Rita", "", "Alex", ""])]
    assert charts.bars_of(people) == [("Rita", 100), ("Alex", 102), ("2 more", 204)]


def test_s3_two_of_the_same_name_stay_two() -> None:
    people = [("Alex", Part("U1", Sums(paid=100), Sums())), ("Alex", Part("U2", Sums(paid=50), Sums()))]
    picture = must(charts.spend_by_part("By person", people))
    assert [value["who"] for value in picture.spec["data"]["values"]] == ["Alex", "Alex (2)"]


@pytest.mark.parametrize(
    "picture",
    [
        charts.spend_by_product(spend()),
        charts.spend_by_product(spend(Period(MONTH.last, MONTH.last))),
        charts.spend_by_product(spend(products=9, days=26)),
        charts.spend_by_product(spend(Period(date(2024, 1, 1), date(2026, 11, 26)), 9, 10**9, 1_000)),
        charts.spend_by_part("By person", [(LONG, Part(f"U{n}", Sums(paid=10**n), Sums())) for n in range(12)]),
        charts.used_over_time(used_of(MONTH, [UsageDay(MONTH.first, "isp", None, None, 5 * GB, 1)], [], {})),
        charts.data_left(used_of(MONTH, [], [], {}, left=LEFT)),
    ],
    ids=["one", "one day", "a month", "three years", "people", "used", "left"],
)
async def test_s3_it_is_drawn(picture: Picture | None) -> None:
    shown = must(picture)
    json.dumps(shown.spec)
    png = await Painter().png(shown.spec)
    width, height = struct.unpack(">II", png[16:24])
    assert png.startswith(b"\x89PNG")
    assert 900 <= width <= 1_900
    assert 300 <= height <= 1_500


async def test_t136_what_cannot_be_drawn_is_an_error_of_its_own() -> None:
    with pytest.raises(PictureError):
        await Painter().png({"mark": "no such mark"})
