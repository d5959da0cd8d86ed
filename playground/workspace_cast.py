"""Who lives in the playground's workspace and where: the same people in every test, tour and demo."""

from __future__ import annotations

from playground.workspace_model import Channel, Person, UserGroup

TEAM_ID = "T0PLAYGROUND"
TEAM_DOMAIN = "playground"
OTHER_TEAM_ID = "T0STRANGERS"
BOT_USER_ID = "U00000BOT"

RITA, RAVI, MONA, MAX = "U0000RITA", "U0000RAVI", "U0000MONA", "U00000MAX"
FAY, ADA, GUS = "U00000FAY", "U00000ADA", "U00000GUS"
SID, DEE, WES = "U00000SID", "U00000DEE", "U00000WES"

PROXIES, SCRAPING, OPS_SECRET = "C00PROXIES", "C0SCRAPING", "C0OPSSECRET"
RANDOM, OLD_PROXIES = "C000RANDOM", "C0OLDPROXIES"
APPROVERS, FINANCE = "S0APPROVERS", "S00FINANCE"


def people() -> list[Person]:
    cast = [
        Person(RITA, "rita", "Rita Requester"),
        Person(RAVI, "ravi", "Ravi Requester", tz="Asia/Kolkata"),
        Person(MONA, "mona", "Mona Manager", tz="America/New_York"),
        Person(MAX, "max", "Max Manager", tz="Pacific/Auckland"),
        Person(FAY, "fay", "Fay Finance", locale="de-DE"),
        Person(ADA, "ada", "Ada Admin", is_admin=True),
        Person(GUS, "gus", "Gus Guest", is_restricted=True),
        Person(SID, "sid", "Sid Stranger", team_id=OTHER_TEAM_ID, is_stranger=True),
        Person(DEE, "dee", "Dee Departed", deleted=True),
        Person(WES, "wes", "Wes Workflow", is_bot=True),
        Person("USLACKBOT", "slackbot", "Slackbot"),
        Person(BOT_USER_ID, "proxydesk", "Proxydesk", is_bot=True),
    ]
    for person in cast:
        person.team_id = person.team_id or TEAM_ID
        person.email = f"{person.name}@example.com"
    return cast


def channels() -> list[Channel]:
    everyone = [RITA, RAVI, MONA, MAX, FAY, ADA, GUS, SID, WES]
    return [
        Channel(PROXIES, "proxies", [*everyone, BOT_USER_ID]),
        Channel(SCRAPING, "scraping", [RITA, RAVI, MONA, BOT_USER_ID]),
        Channel(OPS_SECRET, "ops-secret", [MONA, MAX, ADA, BOT_USER_ID], is_private=True),
        Channel(RANDOM, "random", [RITA, RAVI, MONA, MAX]),
        Channel(OLD_PROXIES, "old-proxies", [RITA, MONA, BOT_USER_ID], is_archived=True),
    ]


def groups() -> list[UserGroup]:
    return [
        UserGroup(APPROVERS, "proxy-approvers", "Proxy approvers", [MONA, MAX]),
        UserGroup(FINANCE, "finance", "Finance", [FAY]),
    ]
