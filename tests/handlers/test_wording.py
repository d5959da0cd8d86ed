"""One-line orders: every word is understood or named, nothing is guessed."""

from typing import Any

import pytest
from msgspec.structs import replace

from bot.domain.catalog import MAX_PROMO, Catalog, Cycle, Filter
from bot.domain.draft import Draft
from bot.domain.ids import DraftId, ProductCode
from bot.handlers.wording import read
from tests.examples import CHANNEL, MONTH, REQUESTER, WORKSPACE, data_product, product

EMPTY = Draft(DraftId("d"), WORKSPACE, REQUESTER, CHANNEL)
MONTHS = (MONTH, Cycle(3, "month"))
CATALOG: Catalog = {
    one.code: one
    for one in (
        product(),
        product(code=ProductCode("isp_gb"), name="BT ISP Proxies [GB]", country_id="gb"),
        product(code=ProductCode("datacenter_us"), name="Datacenter", type="datacenter"),
        product(code=ProductCode("static_isp_us"), name="Static"),
        product(code=ProductCode("retired_us"), name="Retired", cycles=()),
        data_product(),
    )
}


def drafted(**given: Any) -> Draft:
    """What `isp_us` alone gives, changed."""
    return replace(EMPTY, **{"product_code": ProductCode("isp_us"), "cycle": MONTH, **given})


UNDERSTOOD: dict[str, Draft] = {
    "": EMPTY,
    "   ": EMPTY,
    "for scraping": replace(EMPTY, reason="scraping"),
    "isp_us": drafted(),
    "ISP_US": drafted(),
    "isp-us 5": drafted(quantity=5),
    "isp us 5": drafted(quantity=5),
    "Static ISP US x5": drafted(product_code="static_isp_us", quantity=5),
    "isp_us 5x": drafted(quantity=5),
    "isp_us 5proxies": drafted(quantity=5),
    "isp_us 12ips": drafted(quantity=12),
    "isp_us 1,000": drafted(quantity=1_000),
    "residential 1,000gb": drafted(product_code="residential", quantity=1_000),
    "residential 25GB": drafted(product_code="residential", quantity=25),
    "residential 25gb 3m": drafted(product_code="residential", quantity=25, cycle=Cycle(3, "month")),
    "isp_us 5 1:month": drafted(quantity=5),
    "isp_us 1 month": drafted(quantity=1),
    "isp_us 3m 5": drafted(quantity=5, cycle=Cycle(3, "month")),
    "isp_us 5 yearly": drafted(quantity=5, cycle=Cycle(1, "year")),
    "isp_us 5 WELCOME10": drafted(quantity=5, promo_code="WELCOME10"),
    "isp_us 5 promo welcome10": drafted(quantity=5, promo_code="welcome10"),
    "isp_us 5 code 123": drafted(quantity=5, promo_code="123"),
    "isp_us 5 promo:welcome10": drafted(quantity=5, promo_code="welcome10"),
    "isp_us 5 code=W": drafted(quantity=5, promo_code="W"),
    f"isp_us promo {'x' * 100}": drafted(promo_code="x" * MAX_PROMO),
    "isp_us 5 asn:7018": drafted(quantity=5, filter=Filter(asn_id=7018)),
    "isp_us asn=AS7018": drafted(filter=Filter(asn_id=7018)),
    "isp_us ASN:as7018": drafted(filter=Filter(asn_id=7018)),
    "isp_us subdivision:US-TX": drafted(filter=Filter(subdivision_id="us-tx")),
    "isp_us state:us-tx city:75202": drafted(filter=Filter(subdivision_id="us-tx", city_id=75202)),
    "isp_us region:us-tx": drafted(filter=Filter(subdivision_id="us-tx")),
    "retired_us 5": drafted(product_code="retired_us", quantity=5, cycle=None),
    "isp_us 0": drafted(quantity=0),
    "isp_us 999999999999": drafted(quantity=999_999_999_999),
    "isp us 25 1m promo WELCOME10 for scraping-eu": drafted(quantity=25, promo_code="WELCOME10", reason="scraping-eu"),
    "isp_us 5 1:month WELCOME10 asn:7018 for scraping": drafted(
        quantity=5, promo_code="WELCOME10", filter=Filter(asn_id=7018), reason="scraping"
    ),
    "isp_us 5 for price checks for the EU team": drafted(quantity=5, reason="price checks for the EU team"),
    "isp_us 5 for 10 promo asn:1": drafted(quantity=5, reason="10 promo asn:1"),
    "isp_us for &lt;@U0BOSS|boss&gt; & *friends*": drafted(reason="&lt;@U0BOSS|boss&gt; & *friends*"),
    "isp_us 5 for <@U0BOSS|boss> in <#C1|general>": drafted(quantity=5, reason="<@U0BOSS|boss> in <#C1|general>"),
    "isp_us  5   1:month   for   two  spaces ": drafted(quantity=5, reason="two  spaces"),
}


@pytest.mark.parametrize("line", UNDERSTOOD)
def test_i2_a_line_that_is_understood_becomes_the_draft_a_form_would_make(line: str) -> None:
    wording = read(line, EMPTY, CATALOG)
    assert wording.unknown is None
    assert wording.draft == UNDERSTOOD[line]


NOT_UNDERSTOOD: dict[str, tuple[str, str]] = {
    "ips_us 5": ("ips_us", "isp_us"),
    "isp_uk 5": ("isp_uk", "isp_us"),
    "datacentre_us 5": ("datacentre_us", "datacenter_us"),
    "residental 5": ("residental", "residential"),
    "5 isp_us": ("5", ""),
    "isp_us 5 proxies": ("proxies", ""),
    "isp_us five": ("five", ""),
    "isp_us -5": ("-5", "5"),
    "isp_us 5.5": ("5.5", "6"),
    "isp_us 1,5": ("1,5", "2"),
    "residential 0.5gb": ("0.5gb", "1"),
    "isp_us 5 7": ("7", ""),
    "isp_us 5 1:moon": ("1:moon", "1:month"),
    "isp_us 5 0m": ("0m", ""),
    "isp_us 5 welcome10": ("welcome10", "WELCOME10"),
    "isp_us 5 Welcome10": ("Welcome10", "promo Welcome10"),
    "isp_us 5 WELCOME10 SPRING20": ("SPRING20", "promo SPRING20"),
    "isp_us 5 promo": ("promo", "promo CODE"),
    "isp_us 5 asm:7018": ("asm:7018", "asn:7018"),
    "isp_us asn:at&t": ("asn:at&t", "asn:7018"),
    "isp_us city:Dallas": ("city:Dallas", "city:75202"),
    "isp_us asn:": ("asn:", "asn:7018"),
    "isp_us asn:99999999999": ("asn:99999999999", "asn:7018"),
    "isp_us 5 fore scraping": ("fore", "for REASON"),
    "isp_us 5 for": ("for", "for REASON"),
    "isp_us 5 &lt;script&gt;": ("&lt;script&gt;", ""),
    "isp_us 5 m": ("m", ""),
    "<@U0BOSS|boss> 5": ("<@U0BOSS|boss>", ""),
    "isp_us 5 <!channel>": ("<!channel>", ""),
}
"""Line → the word that fits nothing, and one that must be among the nearest ("" for: whatever it is)."""


@pytest.mark.parametrize("line", NOT_UNDERSTOOD)
def test_i2_a_word_that_fits_nothing_is_named_with_the_nearest_that_would(line: str) -> None:
    word, near = NOT_UNDERSTOOD[line]
    unknown = read(line, EMPTY, CATALOG).unknown
    assert unknown is not None
    assert unknown.word == word
    assert near in (*unknown.nearest, "")
    assert len(unknown.nearest) <= 3


@pytest.mark.parametrize("word", ["five", "scraping", "1.5gb", "-3"])
def test_a_reason_that_is_given_is_not_asked_for_again(word: str) -> None:
    unknown = read(f"isp_us {word} for a crawler", EMPTY, CATALOG).unknown
    assert unknown is not None
    assert not [near for near in unknown.nearest if "REASON" in near or ":" in near]


def test_the_reason_of_the_draft_stays_when_the_line_gives_none() -> None:
    assert read("isp_us 5", replace(EMPTY, reason="before"), CATALOG).draft.reason == "before"


def test_an_empty_catalog_knows_no_product() -> None:
    unknown = read("isp_us 5", EMPTY, {}).unknown
    assert unknown is not None
    assert (unknown.word, unknown.nearest) == ("isp_us", ())


def test_digits_of_every_script_count() -> None:
    assert read("isp_us ٣", EMPTY, CATALOG).draft.quantity == 3


@pytest.mark.parametrize("line", ["x" * 3_000, "isp_us " + "9" * 2_900, "isp_us " + "a:" * 1_400, "٣ isp"])
def test_strange_and_long_lines_are_answered(line: str) -> None:
    """With the word that fits nothing, or what is wrong with the one that does."""
    wording = read(line, EMPTY, CATALOG)
    assert wording.unknown or wording.problems
