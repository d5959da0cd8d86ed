"""Reference data of the Byteful world: countries, subdivisions, cities, postcodes, networks.

Real where a reader would notice (countries, subdivisions, well-known networks, a few capitals), otherwise generated
from fixed seeds: the same rows in every run, made on first use.
"""

from __future__ import annotations

import random
import re
import unicodedata
from functools import cache
from typing import NamedTuple

from playground.provider_geo import CONTINENTS, COUNTRIES, SUBDIVISIONS, WORDS, WORLD_COUNTRIES
from playground.provider_values import Row

GENERATED_ASNS = 5_100
CITIES_PER_SUBDIVISION = 21
GB_CITIES_PER_SUBDIVISION = 60


class City(NamedTuple):
    city_id: int
    name: str
    subdivision_id: str
    time_zone: str
    latitude: float
    longitude: float
    postcode: str
    population: int


KNOWN_CITIES = (
    City(75202, "Dallas", "us-tx", "America/Chicago", 32.7767, -96.7970, "75202", 1304379),
    City(10001, "New York City", "us-ny", "America/New_York", 40.7128, -74.0060, "10001", 8336817),
    City(90012, "Los Angeles", "us-ca", "America/Los_Angeles", 34.0522, -118.2437, "90012", 3898747),
    City(60601, "Chicago", "us-il", "America/Chicago", 41.8781, -87.6298, "60601", 2746388),
    City(33101, "Miami", "us-fl", "America/New_York", 25.7617, -80.1918, "33101", 442241),
    City(20147, "Ashburn", "us-va", "America/New_York", 39.0438, -77.4874, "20147", 46349),
    City(379657, "Paris", "fr-idf", "Europe/Paris", 48.8566, 2.3522, "75001", 2102650),
    City(341201, "London", "gb-eng", "Europe/London", 51.5074, -0.1278, "EC1A 1BB", 8799800),
    City(341202, "Manchester", "gb-eng", "Europe/London", 53.4808, -2.2426, "M1 1AE", 552000),
    City(351301, "Berlin", "de-be", "Europe/Berlin", 52.5200, 13.4050, "10115", 3677472),
    City(351302, "Frankfurt am Main", "de-he", "Europe/Berlin", 50.1109, 8.6821, "60311", 764104),
    City(351303, "München", "de-by", "Europe/Berlin", 48.1351, 11.5820, "80331", 1487708),
    City(361401, "Amsterdam", "nl-nh", "Europe/Amsterdam", 52.3676, 4.9041, "1012", 921402),
    City(361402, "Toronto", "ca-on", "America/Toronto", 43.6532, -79.3832, "M5H", 2794356),
    City(361403, "Sydney", "au-nsw", "Australia/Sydney", -33.8688, 151.2093, "2000", 5312163),
    City(361404, "Madrid", "es-md", "Europe/Madrid", 40.4168, -3.7038, "28001", 3305408),
    City(361405, "Roma", "it-62", "Europe/Rome", 41.9028, 12.4964, "00118", 2755309),
    City(361406, "Tokyo", "jp-13", "Asia/Tokyo", 35.6762, 139.6503, "100-0001", 13960000),
    City(361407, "São Paulo", "br-sp", "America/Sao_Paulo", -23.5505, -46.6333, "01000-000", 11451999),
    City(361408, "Warszawa", "pl-14", "Europe/Warsaw", 52.2297, 21.0122, "00-001", 1860281),
)

KNOWN_ASNS = """
7018:us:isp:AT&T|701:us:isp:Verizon Business|7922:us:isp:Comcast Cable|20115:us:isp:Charter Communications
22773:us:isp:Cox Communications|209:us:isp:CenturyLink|6167:us:isp:Verizon Wireless|21928:us:isp:T-Mobile USA
5650:us:isp:Frontier Communications|11427:us:isp:Charter Spectrum|6128:us:isp:Optimum Online|7029:us:isp:Windstream
10796:us:isp:Charter Midwest|33363:us:isp:Charter Bright House|30036:us:isp:Mediacom|4181:us:isp:TDS Telecom
16509:us:hosting:Amazon.com|14618:us:hosting:Amazon AES|15169:us:hosting:Google|8075:us:hosting:Microsoft
14061:us:hosting:DigitalOcean|20473:us:hosting:The Constant Company|63949:us:hosting:Akamai Connected Cloud
36352:us:hosting:HostPapa|46606:us:hosting:Unified Layer|54290:us:hosting:Hostwinds|62904:us:hosting:Eonix
13335:us:cdn:Cloudflare|54113:us:cdn:Fastly|20940:us:cdn:Akamai|32934:us:business:Meta Platforms
714:us:business:Apple|2906:us:business:Netflix|3356:us:business:Level 3|174:us:business:Cogent Communications
6939:us:business:Hurricane Electric|6461:us:business:Zayo Bandwidth|3:us:education:MIT|25:us:education:UC Berkeley
668:us:gov:DoD Network Information Center|306:us:gov:DoD
2856:gb:isp:British Telecommunications|5089:gb:isp:Virgin Media|5607:gb:isp:Sky UK|13285:gb:isp:TalkTalk
12576:gb:isp:EE|5378:gb:isp:Vodafone UK|206067:gb:isp:Three UK|6871:gb:isp:Plusnet|786:gb:education:Jisc
9009:gb:hosting:M247 Europe|60068:gb:cdn:Datacamp|20860:gb:hosting:iomart Cloud|34282:gb:hosting:UKServers
3320:de:isp:Deutsche Telekom|3209:de:isp:Vodafone DE|6805:de:isp:Telefonica Germany|8881:de:isp:1&1 Versatel
31334:de:isp:Vodafone Kabel|24940:de:hosting:Hetzner Online|51167:de:hosting:Contabo|8560:de:hosting:IONOS
197540:de:hosting:netcup|680:de:education:DFN
3215:fr:isp:Orange|12322:fr:isp:Free|5410:fr:isp:Bouygues Telecom|15557:fr:isp:SFR|16276:fr:hosting:OVH
12876:fr:hosting:Scaleway|2200:fr:education:Renater
577:ca:isp:Bell Canada|812:ca:isp:Rogers|852:ca:isp:Telus|6327:ca:isp:Shaw Communications|5769:ca:isp:Videotron
32613:ca:hosting:Leaseweb Canada
1221:au:isp:Telstra|4804:au:isp:Optus|7545:au:isp:TPG Telecom|4764:au:isp:Aussie Broadband|1299:se:business:Arelion
1136:nl:isp:KPN|33915:nl:isp:Vodafone Libertel|50266:nl:isp:Odido|60781:nl:hosting:LeaseWeb Netherlands
49981:nl:hosting:WorldStream|1103:nl:education:SURF
3352:es:isp:Telefonica de Espana|12479:es:isp:Orange Espagne|12430:es:isp:Vodafone Spain
3269:it:isp:Telecom Italia|1267:it:isp:Wind Tre|30722:it:isp:Vodafone Italia|12874:it:isp:Fastweb
31034:it:hosting:Aruba
4713:jp:isp:NTT OCN|2516:jp:isp:KDDI|17676:jp:isp:SoftBank|2914:jp:business:NTT Global|9370:jp:hosting:Sakura Internet
28573:br:isp:Claro NXT|27699:br:isp:Telefonica Brasil|26615:br:isp:TIM Brasil
5617:pl:isp:Orange Polska|12741:pl:isp:Netia|29314:pl:isp:Vectra
"""

RIRS = {"na": "arin", "eu": "ripe", "as": "apnic", "oc": "apnic", "sa": "lacnic", "af": "afrinic", "an": "ripe"}


def slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.replace("Ł", "L").replace("ł", "l")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")


@cache
def continents() -> tuple[Row, ...]:
    return tuple(
        {"continent_id": key, "continent_name": name, "continent_alias": slug(name)} for key, name in CONTINENTS.items()
    )


@cache
def countries() -> tuple[Row, ...]:
    rng = random.Random("countries")
    return tuple(
        {
            "country_id": key,
            "country_name": name,
            "country_alias": slug(name),
            "continent_id": continent,
            "country_is_european_union": in_eu,
            "country_node_count": rng.randrange(200, 900_000),
        }
        for key, continent, in_eu, name in WORLD_COUNTRIES
    )


@cache
def subdivisions() -> tuple[Row, ...]:
    rng = random.Random("subdivisions")
    return tuple(
        {
            "subdivision_id": f"{country}-{code}",
            "subdivision_name": name,
            "subdivision_alias": slug(name),
            "country_id": country,
            "subdivision_node_count": rng.randrange(50, 60_000),
        }
        for country, entries in SUBDIVISIONS.items()
        for code, name in entries
    )


def _city(known: City) -> Row:
    return {
        "city_id": known.city_id,
        "city_name": known.name,
        "city_alias": slug(known.name),
        "subdivision_id": known.subdivision_id,
        "city_timezone": known.time_zone,
        "city_is_populous": known.population > 100_000,
        "city_example_postcode": known.postcode,
        "city_latitude": known.latitude,
        "city_longitude": known.longitude,
        "city_population": known.population,
        "city_node_count": known.population // 97,
    }


@cache
def cities() -> tuple[Row, ...]:
    rng = random.Random("cities")
    rows = [_city(known) for known in KNOWN_CITIES]
    next_id = 400_000
    for area in subdivisions():
        country = area["country_id"]
        zone, lat, lon = COUNTRIES[country]
        heads, tails = WORDS[country]
        count = GB_CITIES_PER_SUBDIVISION if country == "gb" else CITIES_PER_SUBDIVISION
        for number in rng.sample(range(len(heads) * len(tails)), count):
            next_id += rng.randrange(1, 9)
            name = heads[number // len(tails)] + tails[number % len(tails)]
            spot = (round(lat + rng.uniform(-3, 3), 4), round(lon + rng.uniform(-4, 4), 4))
            population = int(10 ** rng.uniform(3.3, 5.6))
            rows.append(
                _city(City(next_id, name, area["subdivision_id"], zone, *spot, f"{next_id % 100_000:05d}", population))
            )
    return tuple(sorted(rows, key=lambda row: int(row["city_id"])))


@cache
def zip_codes() -> tuple[Row, ...]:
    rng = random.Random("zip_codes")
    return tuple(
        {
            "zip_code_id": 900_000 + number,
            "zip_code_alias": city["city_example_postcode"],
            "subdivision_id": city["subdivision_id"],
            "zip_code_node_count": rng.randrange(1, 4_000),
        }
        for number, city in enumerate(cities())
    )


@cache
def _rir_of() -> dict[str, str]:
    return {key: RIRS[continent] for key, continent, _, _ in WORLD_COUNTRIES} | {"jp": "jpnic"}


def _asn(asn_id: int, country: str, kind: str, name: str, *, rng: random.Random) -> Row:
    return {
        "asn_id": asn_id,
        "asn_name": name,
        "asn_type": kind,
        "asn_rir": _rir_of()[country],
        "country_id": country,
        "asn_ip_address_count": 256 * rng.randrange(1, 60_000),
        "asn_node_count": rng.randrange(0, 90_000),
    }


@cache
def known_asns() -> frozenset[int]:
    """The networks with real names: the ones products are stocked on."""
    return frozenset(int(entry.split(":")[0]) for entry in re.split(r"[|\n]", KNOWN_ASNS.strip()))


@cache
def asns() -> tuple[Row, ...]:
    rng = random.Random("asns")
    rows = []
    for entry in re.split(r"[|\n]", KNOWN_ASNS.strip()):
        number, country, kind, name = entry.split(":", 3)
        rows.append(_asn(int(number), country, kind, name, rng=rng))
    suffixes = (
        "Telecom",
        "Fiber",
        "Networks",
        "Broadband",
        "Internet",
        "Hosting",
        "Cloud",
        "Data",
        "Wireless",
        "Online",
    )
    kinds = ("isp", "isp", "isp", "hosting", "hosting", "business", "business", "education", "gov", "cdn")
    covered = list(COUNTRIES)
    for number in rng.sample(range(262_144, 399_000), GENERATED_ASNS):
        country = rng.choice(covered)
        heads, tails = WORDS[country]
        name = f"{rng.choice(heads)}{rng.choice(tails)} {rng.choice(suffixes)}"
        rows.append(_asn(number, country, rng.choice(kinds), name, rng=rng))
    return tuple(sorted(rows, key=lambda row: int(row["asn_id"])))


@cache
def asn_by_id() -> dict[int, Row]:
    return {row["asn_id"]: row for row in asns()}


@cache
def city_by_id() -> dict[int, Row]:
    return {row["city_id"]: row for row in cities()}


@cache
def subdivision_by_id() -> dict[str, Row]:
    return {row["subdivision_id"]: row for row in subdivisions()}


@cache
def country_by_id() -> dict[str, Row]:
    return {row["country_id"]: row for row in countries()}


@cache
def cities_of(country: str) -> tuple[Row, ...]:
    return tuple(row for row in cities() if row["subdivision_id"].startswith(f"{country}-"))


@cache
def stocked_asns(country: str, product_type: str) -> tuple[Row, ...]:
    """The networks on which a per-IP product of this type has addresses."""
    kinds = {"isp"} if product_type == "isp" else {"hosting", "cdn"}
    return tuple(
        row
        for row in asns()
        if row["country_id"] == country and row["asn_type"] in kinds and row["asn_id"] in known_asns()
    )


@cache
def proxy_test_servers() -> tuple[Row, ...]:
    sites = (("iad", 20147), ("lon", 341201), ("fra", 351302), ("syd", 361403))
    return tuple(
        {
            "proxy_test_server_id": key,
            "city_id": city,
            "country_id": city_by_id()[city]["subdivision_id"][:2],
        }
        for key, city in sites
    )
