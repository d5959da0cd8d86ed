"""The cells of the crash matrix: where the bot is killed, how the provider behaves, what must be true afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from playground.crashing import POINTS
from playground.slack_seen import SeenMessage

LATE_S = 4.0
"""A charge that lands four minutes later, with a minute of the settle time told as a second."""
NO_CRASH = "no crash"
IN_FLIGHT = "in flight"
OWN_POINTS = {NO_CRASH: "never", IN_FLIGHT: "while the provider has the request and has not answered"}
"""Points that are no line of the bot's log."""


@dataclass(frozen=True)
class Behaviour:
    """How the provider treats the checkout, and whether it is bought in the end."""

    name: str
    fault: str | None
    parameters: dict[str, float]
    is_bought: bool


BEHAVIOURS = (
    Behaviour("answers", None, {}, True),
    Behaviour("refuses", "unprocessable", {}, False),
    Behaviour("times out before charging", "timeout_before_charge", {"seconds": 3}, False),
    Behaviour("times out after charging", "timeout_after_charge", {"seconds": 3}, True),
    Behaviour("500 after charging", "server_error_after_charge", {}, True),
    Behaviour("reset after charging", "reset_after_charge", {}, True),
    Behaviour("charges minutes later", "late_charge", {"delay_s": LATE_S, "seconds": 3}, True),
    Behaviour("HTML 502", "html_error", {}, False),
)


@dataclass(frozen=True)
class Trial:
    """One cell to be tried."""

    point: str
    behaviour: Behaviour

    @property
    def name(self) -> str:
        return f"{self.point_in_words}, {self.behaviour.name}"

    @property
    def point_in_words(self) -> str:
        return OWN_POINTS.get(self.point) or POINTS[self.point]


@dataclass(frozen=True)
class Cell:
    """What was tried and how it ended. `problem` is empty when every promise held."""

    trial: Trial
    deaths: int
    bought: int
    state: str
    cards: int
    notices: int
    problem: str

    @property
    def verdict(self) -> str:
        return self.problem or "ok"


TRIALS = tuple(Trial(point, behaviour) for point in (*OWN_POINTS, *POINTS) for behaviour in BEHAVIOURS)
"""Every point with every behaviour; a point that a behaviour never passes is the cell without a crash."""

SAMPLE = (
    Trial("checkout_claimed", BEHAVIOURS[0]),
    Trial("checkout_ordered", BEHAVIOURS[0]),
    Trial(IN_FLIGHT, BEHAVIOURS[3]),
)
"""A quick look at the cells that go wrong most easily."""


def chosen(words: Sequence[str]) -> list[Trial]:
    """The trials whose name holds each of these words, all of them without words."""
    return [trial for trial in TRIALS if all(word.lower() in f"{trial.point} {trial.name}".lower() for word in words)]


def judge(trial: Trial, deaths: int, bought: int, cards: Sequence[SeenMessage], notices: Sequence[str]) -> str:
    """What is wrong, in words; empty when every promise held."""
    if bought > 1:
        return f"BOUGHT {bought} TIMES"
    if len(cards) != 1:
        return f"{len(cards)} CARDS"
    said_twice = [text for text, times in Counter(notices).items() if times > 1]
    if said_twice:
        return f"SAID TWICE: {said_twice[0].splitlines()[0]}"
    says_ordered = "Ordered" in cards[0].text
    if bought and not says_ordered:
        return "LOST: bought, and the card does not say so"
    if says_ordered and not bought:
        return "WRONG CARD: says ordered, nothing was bought"
    if not deaths and trial.behaviour.is_bought != bool(bought):
        return "NOT AS TOLD: the provider did not do what this cell is about"
    return ""


def table(cells: Iterable[Cell]) -> str:
    """One line per cell, as it stands in docs/reliability.md."""
    lines = [
        "| killed | provider | deaths | purchases | ended | cards | notices | verdict |",
        "| --- | --- | --: | --: | --- | --: | --: | --- |",
    ]
    for cell in cells:
        shown = (
            *(cell.trial.point_in_words, cell.trial.behaviour.name, cell.deaths, cell.bought),
            *(cell.state, cell.cards, cell.notices, cell.verdict),
        )
        lines.append(f"| {' | '.join(str(part) for part in shown)} |")
    return "\n".join(lines)
