"""A small language for describing what a piece of JSON may look like.

Block Kit is a few dozen shapes with limits on every string and list. `workspace_blocks.py` and the modules it draws on
write them down as tables of these checks; each check yields the problems of one value and never raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Problem:
    """One thing Slack would refuse (`error`) or that only some of its documents allow (`warning`)."""

    pointer: str
    code: str
    message: str
    constraint: str = ""
    severity: str = "error"

    def __str__(self) -> str:
        return f"[{self.severity.upper()}] {self.message} [json-pointer:{self.pointer}]"


Check = Callable[[Any, str], Iterator[Problem]]
Rule = Callable[[Json, str], Iterator[Problem]]


def errors(problems: list[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity == "error"]


def anything(_value: Any, _at: str) -> Iterator[Problem]:
    yield from ()


def string(most: int, least: int = 1, *, one_of: tuple[str, ...] = (), like: str = "") -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield Problem(at, "wrong_type", "must provide a string")
        elif len(value) < least:
            yield Problem(at, "too_short", f"must be more than {least - 1} characters", str(least))
        elif len(value) > most:
            yield Problem(at, "too_long", f"must be less than {most + 1} characters", str(most))
        elif one_of and value not in one_of:
            yield Problem(at, "unknown_value", f"must be one of: {', '.join(one_of)}", "|".join(one_of))
        elif like and not re.fullmatch(like, value):
            yield Problem(at, "bad_format", "value does not match the expected format", like)

    return check


def boolean(value: Any, at: str) -> Iterator[Problem]:
    if not isinstance(value, bool):
        yield Problem(at, "wrong_type", "must provide a boolean")


def integer(least: int, most: int) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield Problem(at, "wrong_type", "must provide a number")
        elif not least <= value <= most:
            yield Problem(at, "out_of_range", f"must be between {least} and {most}", f"{least}..{most}")

    return check


def number(value: Any, at: str) -> Iterator[Problem]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield Problem(at, "wrong_type", "must provide a number")


def number_string(value: Any, at: str) -> Iterator[Problem]:
    """Numbers of a `number_input` travel as strings."""
    if not isinstance(value, str):
        yield Problem(at, "wrong_type", "must provide a string")
    elif not re.fullmatch(r"-?\d+(\.\d+)?", value):
        yield Problem(at, "bad_format", "must be a number written as a string")


def array(item: Check, most: int, least: int = 1) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield Problem(at, "wrong_type", "must provide an array")
            return
        if len(value) < least:
            yield Problem(at, "too_few", f"no fewer than {least} items allowed", str(least))
        if len(value) > most:
            yield Problem(at, "too_many", f"no more than {most} items allowed", str(most))
        for position, one in enumerate(value):
            yield from item(one, f"{at}/{position}")

    return check


def record(required: Mapping[str, Check], optional: Mapping[str, Check], *rules: Rule) -> Check:
    """An object with exactly these keys; the rules run only when every field is sound by itself."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(at, "wrong_type", "must provide an object")
            return
        found = list(_fields(value, at, required, optional))
        yield from found
        if not errors(found):
            for rule in rules:
                yield from rule(value, at)

    return check


def _fields(value: Json, at: str, required: Mapping[str, Check], optional: Mapping[str, Check]) -> Iterator[Problem]:
    for key in required:
        if key not in value:
            yield Problem(at, "missing_field", f"missing required field: {key}", key)
    for key, inner in value.items():
        check = required.get(key) or optional.get(key)
        if check is None:
            yield Problem(f"{at}/{key}", "unknown_field", f"invalid additional property: {key}", key)
        else:
            yield from check(inner, f"{at}/{key}")


def shape(required: Mapping[str, Check], optional: Mapping[str, Check], *rules: Rule) -> Check:
    """A record that also carries its `type`."""
    return record(required, {"type": anything, **optional}, *rules)


def typed(table: Mapping[str, Check], allowed: frozenset[str] | None = None) -> Check:
    """An object whose `type` picks its shape from the table, as far as this place allows that type."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(at, "wrong_type", "must provide an object")
            return
        kind = value.get("type")
        if not isinstance(kind, str):
            yield Problem(at, "missing_field", "missing required field: type", "type")
        elif kind not in table or (allowed is not None and kind not in allowed):
            yield Problem(f"{at}/type", "unsupported_type", f"unsupported type: {kind}", kind)
        else:
            yield from table[kind](value, at)

    return check


def exactly_one_of(*keys: str) -> Rule:
    def rule(value: Json, at: str) -> Iterator[Problem]:
        given = [key for key in keys if key in value]
        if len(given) != 1:
            yield Problem(at, "one_of", f"must define exactly one of: {', '.join(keys)}", "|".join(keys))

    return rule


def at_least_one_of(*keys: str) -> Rule:
    def rule(value: Json, at: str) -> Iterator[Problem]:
        if not any(key in value for key in keys):
            yield Problem(at, "one_of", f"must define at least one of: {', '.join(keys)}", "|".join(keys))

    return rule


def in_order(low: str, high: str) -> Rule:
    def rule(value: Json, at: str) -> Iterator[Problem]:
        if low in value and high in value and float(value[low]) > float(value[high]):
            yield Problem(f"{at}/{low}", "out_of_range", f"{low} must not be above {high}")

    return rule
