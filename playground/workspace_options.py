"""Options of menus, lists and overflows: what one may hold, which ones an element has, and when two are the same."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from playground.workspace_composition import plain, rich, url
from playground.workspace_schema import Check, Json, Problem, array, record, string

OPTION_VALUE_ADVICE = 75


def _value_advice(option: Json, at: str) -> Iterator[Problem]:
    if len(option.get("value", "")) > OPTION_VALUE_ADVICE:
        yield Problem(
            f"{at}/value",
            "too_long",
            f"Slack's types allow {OPTION_VALUE_ADVICE} characters in an option value",
            str(OPTION_VALUE_ADVICE),
            severity="warning",
        )


def _option(text: Check, **extra: Check) -> Check:
    return record({"text": text, "value": string(150)}, {"description": text, **extra}, _value_advice)


menu_option = _option(plain(75))
list_option = _option(rich(75))
overflow_option = _option(plain(75), url=url)
option_group = record({"label": plain(75), "options": array(menu_option, 100)}, {})


def options_of(element: Json) -> list[Json]:
    groups = element.get("option_groups", [])
    return [*element.get("options", []), *chain.from_iterable(group.get("options", []) for group in groups)]


def distinct_values(element: Json, at: str) -> Iterator[Problem]:
    values = [option.get("value") for option in options_of(element)]
    if len(set(values)) < len(values):
        message = "options share a value: whoever picks one cannot be told from whoever picks the other"
        yield Problem(at, "duplicate_value", message, severity="warning")


def same_option(left: Json, right: Json) -> bool:
    """Equal as Slack compares them: the words and the value, not the `emoji` and `verbatim` flags it fills in."""

    def essence(option: Json) -> list[Any]:
        texts = (option.get("text") or {}, option.get("description") or {})
        return [option.get("value"), *((text.get("type"), text.get("text")) for text in texts)]

    return essence(left) == essence(right)


def initial_in_options(element: Json, at: str) -> Iterator[Problem]:
    given = [("initial_option", element["initial_option"])] if "initial_option" in element else []
    given += [(f"initial_options/{n}", option) for n, option in enumerate(element.get("initial_options", []))]
    for where, option in given:
        if not any(same_option(option, known) for known in options_of(element)):
            yield Problem(f"{at}/{where}", "not_an_option", "initial option must equal one of the options exactly")
