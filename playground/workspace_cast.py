"""Who lives in the playground's workspace and where: the same people in every test, tour and demo."""

from __future__ import annotations

from dataclasses import dataclass

from playground.workspace_model import Channel, Person, UserGroup


@dataclass(frozen=True)
class Team:
    """A workspace; its number is the second character of every id in it."""

    id: str
    domain: str
    name: str
    number: int = 0

    def own(self, slack_id: str) -> str:
        """The id of the first workspace as this one has it."""
        shared = self.number == 0 or slack_id == "USLACKBOT"
        return slack_id if shared else f"{slack_id[0]}{self.number}{slack_id[2:]}"


HOME = Team("T0PLAYGROUND", "playground", "Playground")
NEIGHBOUR = Team("T1NEIGHBOUR", "neighbour", "Neighbour Inc", 1)
TEAM_ID = HOME.id
OTHER_TEAM_ID = "T0STRANGERS"
BOT_USER_ID = "U00000BOT"

RITA, RAVI, MONA, MAX = "U0000RITA", "U0000RAVI", "U0000MONA", "U00000MAX"
FAY, ADA, GUS = "U00000FAY", "U00000ADA", "U00000GUS"
SID, DEE, WES = "U00000SID", "U00000DEE", "U00000WES"

PROXIES, SCRAPING, OPS_SECRET = "C00PROXIES", "C0SCRAPING", "C0OPSSECRET"
RANDOM, OLD_PROXIES = "C000RANDOM", "C0OLDPROXIES"
APPROVERS, FINANCE = "S0APPROVERS", "S00FINANCE"


def bot(team: Team = HOME) -> Person:
    person = Person(BOT_USER_ID, "proxydesk", "Proxydesk", is_bot=True)
    return _at_home(person, team)


def _at_home(person: Person, team: Team) -> Person:
    person.id = team.own(person.id)
    person.team_id = person.team_id or team.id
    person.email = f"{person.name}@{'' if team is HOME else team.domain + '.'}example.com"
    return person


def people(team: Team = HOME, *, with_bot: bool = True) -> list[Person]:
    cast = [
        Person(RITA, "rita", "Rita Requester"),
        Person(RAVI, "ravi", "Ravi Requester", tz="Asia/Kolkata"),
        Person(MONA, "mona", "Mona Manager", tz="America/New_York"),
        Person(MAX, "max", "Max Manager", tz="Pacific/Auckland"),
        Person(FAY, "fay", "Fay Finance", locale="de-DE"),
        Person(ADA, "ada", "Ada Admin", is_admin=True),
        Person(GUS, "gus", "Gus Guest", is_restricted=True),
        Person(SID, "sid", "Sid Stranger", team_id=OTHER_TEAM_ID),
        Person(DEE, "dee", "Dee Departed", deleted=True),
        Person(WES, "wes", "Wes Workflow", is_bot=True),
        Person("USLACKBOT", "slackbot", "Slackbot"),
    ]
    return [*(_at_home(person, team) for person in cast), *([bot(team)] if with_bot else [])]


def channels(team: Team = HOME, *, with_bot: bool = True) -> list[Channel]:
    return [_for(channel, team, with_bot) for channel in _home_channels()]


def _for(channel: Channel, team: Team, with_bot: bool) -> Channel:
    channel.id = team.own(channel.id)
    channel.members = [team.own(member) for member in channel.members if with_bot or member != BOT_USER_ID]
    return channel


def _home_channels() -> list[Channel]:
    everyone = [RITA, RAVI, MONA, MAX, FAY, ADA, GUS, SID, WES]
    return [
        Channel(PROXIES, "proxies", [*everyone, BOT_USER_ID], topic="Ask for proxies here: /proxy buy"),
        Channel(SCRAPING, "scraping", [RITA, RAVI, MONA, BOT_USER_ID], topic="What we scrape and how"),
        Channel(OPS_SECRET, "ops-secret", [MONA, MAX, ADA, BOT_USER_ID], is_private=True, topic="Managers only"),
        Channel(RANDOM, "random", [RITA, RAVI, MONA, MAX]),
        Channel(OLD_PROXIES, "old-proxies", [RITA, MONA, BOT_USER_ID], is_archived=True),
    ]


def groups(team: Team = HOME) -> list[UserGroup]:
    found = [
        UserGroup(APPROVERS, "proxy-approvers", "Proxy approvers", [MONA, MAX]),
        UserGroup(FINANCE, "finance", "Finance", [FAY]),
    ]
    for group in found:
        group.id, group.members = team.own(group.id), [team.own(member) for member in group.members]
    return found
