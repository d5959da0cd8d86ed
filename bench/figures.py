"""What was measured beside what was to be reached: figures, goals, verdicts, and the table of a run."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Goal:
    """`must` and `aim` in `unit`; smaller is better unless `is_at_least`."""

    must: float
    aim: float
    unit: str
    is_at_least: bool = False

    def verdict(self, value: float) -> str:
        if self._holds(value, self.aim):
            return "aim"
        return "must" if self._holds(value, self.must) else "missed"

    def _holds(self, value: float, bound: float) -> bool:
        return value >= bound if self.is_at_least else value <= bound

    def said(self, bound: float) -> str:
        return f"{'≥' if self.is_at_least else '≤'} {shown(bound)} {self.unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `values` holds one number a round; none before it is measured, and when it could not be:
    then `note` says why.

    Without a goal it is there to be read beside the others.
    """

    what: str
    unit: str
    values: tuple[float, ...] = ()
    goal: Goal | None = None
    note: str = ""
    samples: tuple[float, ...] = ()
    """What the value of a single round was taken from."""
    cpu_ms: float | None = None
    """CPU time the programs watched took for one event, beside the wall time that is measured."""

    def measured(
        self,
        *values: float,
        samples: Sequence[float] = (),
        cpu_ms: float | None = None,
        note: str | None = None,
    ) -> Figure:
        said = self.note if note is None else note
        return replace(self, values=values, samples=tuple(samples), cpu_ms=cpu_ms, note=said)

    @property
    def median(self) -> float | None:
        return statistics.median(self.values) if self.values else None

    @property
    def verdict(self) -> str:
        if self.median is None:
            return "not measured"
        return self.goal.verdict(self.median) if self.goal else "–"

    @property
    def figure(self) -> str:
        return "–" if self.median is None else f"{shown(self.median)} {self.unit}".rstrip()

    @property
    def spread(self) -> str:
        """From round to round; within the round when there is one only."""
        if len(self.values) > 1:
            return f"{shown(min(self.values))} … {shown(max(self.values))}"
        if self.middle_half:
            low, high = self.middle_half
            return f"{shown(low)} … {shown(high)} (p25 … p75)"
        return "–"

    @property
    def middle_half(self) -> tuple[float, float] | None:
        return (percentile(self.samples, 25), percentile(self.samples, 75)) if len(self.samples) > 1 else None

    @property
    def cpu(self) -> str:
        return "–" if self.cpu_ms is None else f"{shown(self.cpu_ms)} ms"

    def as_json(self) -> dict[str, Any]:
        goal = {"must": self.goal.must, "aim": self.goal.aim, "at_least": self.goal.is_at_least} if self.goal else None
        return {
            "what": self.what,
            "unit": self.unit,
            "median": self.median,
            "rounds": list(self.values),
            "p25_p75_of_samples": self.middle_half,
            "cpu_ms": self.cpu_ms,
            "goal": goal,
            "verdict": self.verdict,
            "note": self.note,
        }


@dataclass(slots=True)
class Rounds:
    """Numbers gathered by name over several rounds, each round beside its anchors."""

    kept: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, value: float) -> None:
        self.kept.setdefault(name, []).append(value)

    def of(self, name: str) -> tuple[float, ...]:
        return tuple(self.kept.get(name, ()))

    def middle(self, name: str) -> float:
        return statistics.median(self.kept[name])

    def ratio(self, name: str, anchor: str) -> tuple[float, ...]:
        """Round by round, so that what slows the machine for a while slows both sides."""
        return tuple(one / other for one, other in zip(self.of(name), self.of(anchor), strict=True))


def percentile(values: Sequence[float], percent: float) -> float:
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(len(ranked) * percent / 100))]


def shown(value: float) -> str:
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


HEAD = ("what", "must", "aim", "measured", "spread", "CPU beside", "verdict")


def table(figures: Sequence[Figure]) -> str:
    """GitHub's kind of table; every note below it once."""
    lines = ["| " + " | ".join(HEAD) + " |", "| " + " | ".join("---" for _ in HEAD) + " |"]
    notes: list[str] = []
    for one in figures:
        mark = ""
        if one.note:
            if one.note not in notes:
                notes.append(one.note)
            mark = f" ({notes.index(one.note) + 1})"
        must, aim = (one.goal.said(one.goal.must), one.goal.said(one.goal.aim)) if one.goal else ("–", "–")
        cells = (f"{one.what}{mark}", must, aim, one.figure, one.spread, one.cpu, one.verdict)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", *(f"{number}. {note}" for number, note in enumerate(notes, 1))]).rstrip()


def replaced(text: str, name: str, content: str) -> str:
    """The text with what stands between its two markers of this name replaced. Raises ValueError without them."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the file has no markers {begin} and {end}")
    return f"{before}{begin}\n\n{content}\n\n{end}{after}"
