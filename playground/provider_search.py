"""One search for every resource: filters, operators, metadata, sorting, paging.

A resource is declared once, as its fields and their kinds; whatever it declares can be filtered and sorted by.
Retrieve and search show the same rows.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from playground.provider_values import RefusalError, Row, parse_date, parse_datetime, stamp

Kind = Literal["text", "code", "int", "float", "bool", "date", "datetime"]
"""`code` is text compared without regard to case, such as a country id."""

Test = Callable[[Any], bool]

PER_PAGE_MAX = 100
OPERATORS = ("min_", "max_", "like_", "not_")
METADATA_OPERATORS = (*OPERATORS, "exists_")
RANGED: frozenset[Kind] = frozenset({"int", "float", "date", "datetime"})


@dataclass(frozen=True)
class Resource:
    """What can be asked about one kind of record."""

    name: str
    key: str
    fields: Mapping[str, Kind]
    order: tuple[str, ...] = ()
    """Default order; none keeps the order of the rows."""
    members: Mapping[str, str] = field(default_factory=dict)
    """Filter name to the list field it looks into."""
    metadata: str | None = None
    options: frozenset[str] = frozenset()
    """Parameters that are not filters."""

    @property
    def title(self) -> str:
        return self.name.replace("_", " ").capitalize()


@dataclass(frozen=True)
class Page:
    rows: list[Row]
    page: int
    per_page: int
    total: int

    def envelope(self, message: str) -> Row:
        return {
            "data": self.rows,
            "page": self.page,
            "per_page": self.per_page,
            "item_count": len(self.rows),
            "total_count": self.total,
            "message": message,
        }


def find(resource: Resource, rows: Iterable[Row], query: Mapping[str, str], *, strict: bool = False) -> Page:
    """The page of `rows` a query asks for."""
    return paginate(select(resource, rows, query, strict=strict), query)


def select(resource: Resource, rows: Iterable[Row], query: Mapping[str, str], *, strict: bool = False) -> list[Row]:
    """All rows a query matches, in the order it asks for."""
    tests = [
        test
        for name, value in query.items()
        if name not in {"page", "per_page", "sort_by"} and name not in resource.options
        for test in _tests(resource, name, value, strict=strict)
    ]
    found = [row for row in rows if all(test(row) for test in tests)]
    return _sorted(resource, found, query.get("sort_by"))


def paginate(rows: Sequence[Row], query: Mapping[str, str]) -> Page:
    page = _positive(query, "page", 1)
    per_page = min(_positive(query, "per_page", PER_PAGE_MAX), PER_PAGE_MAX)
    start = (page - 1) * per_page
    return Page([*rows[start : start + per_page]], page, per_page, len(rows))


def _positive(query: Mapping[str, str], name: str, default: int) -> int:
    number = cast_value("int", query.get(name, str(default)), name)
    if number < 1:
        raise RefusalError(400, f"{name} must be at least 1.")
    return int(number)


def cast_value(kind: Kind, value: str, name: str) -> Any:
    """A query value as the kind of its field; 400 if it is not one."""
    try:
        match kind:
            case "int":
                return _integer(value)
            case "float":
                return _number(value)
            case "bool":
                return _boolean(value)
            case "date":
                return parse_date(value)
            case "datetime":
                return stamp(parse_datetime(value))
            case "code":
                return value.lower()
            case "text":
                return value
    except (ValueError, RefusalError):
        raise RefusalError(400, f"{name}: '{value}' is not a valid {kind}.") from None


def _integer(value: str) -> int:
    """Plain digits that fit the vendor's integers; not everything Python calls one."""
    if not re.fullmatch(r"-?[0-9]{1,18}", value):
        raise ValueError(value)
    return int(value)


def _number(value: str) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _boolean(value: str) -> bool:
    known = {"true": True, "1": True, "false": False, "0": False}
    if value.lower() not in known:
        raise ValueError(value)
    return known[value.lower()]


def flag(query: Mapping[str, str], name: str) -> bool:
    """A boolean parameter that is false when absent."""
    return bool(cast_value("bool", query.get(name, "false"), name))


def _tests(resource: Resource, name: str, value: str, *, strict: bool) -> list[Callable[[Row], bool]]:
    if resource.metadata and name.startswith(f"{resource.metadata}."):
        return [_metadata_test(resource.metadata, name.split(".", 1)[1], value)]
    if name in resource.members:
        member = resource.members[name]
        return [lambda row: value in (row[member] or [])]
    operator, field_name = _split(name, resource.fields)
    if field_name is None:
        if strict:
            raise RefusalError(400, f"Unknown parameter '{name}'.")
        return []
    test = _field_test(resource.fields[field_name], operator, value, name)
    return [lambda row: test(row[field_name])]


def _split(name: str, fields: Mapping[str, Kind]) -> tuple[str, str | None]:
    if name in fields:
        return "", name
    for operator in OPERATORS:
        if name.startswith(operator) and name.removeprefix(operator) in fields:
            return operator, name.removeprefix(operator)
    return "", None


def _field_test(kind: Kind, operator: str, value: str, name: str) -> Test:
    if operator == "like_":
        return _like(value)
    wanted = cast_value(kind, value, name)
    if operator in {"min_", "max_"} and kind not in RANGED:
        raise RefusalError(400, f"{name}: the field has no order.")

    def test(got: Any) -> bool:
        if kind == "code" and got is not None:
            got = got.lower()
        match operator:
            case "min_":
                return got is not None and got >= wanted
            case "max_":
                return got is not None and got <= wanted
            case "not_":
                return bool(got != wanted)
            case _:
                return bool(got == wanted)

    return test


def _like(pattern: str) -> Test:
    compiled = re.compile(".*".join(re.escape(part) for part in pattern.split("%")), re.IGNORECASE | re.DOTALL)
    return lambda got: got is not None and compiled.fullmatch(str(got)) is not None


def _metadata_test(field_name: str, path: str, value: str) -> Callable[[Row], bool]:
    operator = next((op for op in METADATA_OPERATORS if path.startswith(op)), "")
    key = path.removeprefix(operator)
    if operator == "exists_":
        wanted = cast_value("bool", value, path)
        return lambda row: (key in row[field_name]) is wanted
    test = _metadata_value_test(operator, value, path)
    return lambda row: test(row[field_name].get(key))


def _metadata_value_test(operator: str, value: str, name: str) -> Test:
    match operator:
        case "like_":
            return _like(value)
        case "min_" | "max_":
            bound = cast_value("float", value, name)
            sign = 1 if operator == "min_" else -1
            return lambda got: _is_number(got) and sign * got >= sign * bound
        case "not_":
            return lambda got: not _same(got, value)
        case _:
            return lambda got: _same(got, value)


def _is_number(got: Any) -> bool:
    return isinstance(got, int | float) and not isinstance(got, bool)


def _same(got: Any, text: str) -> bool:
    """A typed metadata value against the text of a query."""
    if isinstance(got, bool):
        return text.lower() in ({"true", "1"} if got else {"false", "0"})
    if _is_number(got):
        try:
            return bool(float(text) == got)
        except ValueError:
            return False
    return bool(got == text)


def _sorted(resource: Resource, rows: list[Row], sort_by: str | None) -> list[Row]:
    if sort_by == "random":
        return random.sample(rows, len(rows))
    if sort_by:
        field_name, descending = _sort_field(resource, sort_by)
        empty = [row for row in rows if row[field_name] is None]
        full = [row for row in rows if row[field_name] is not None]
        return sorted(full, key=lambda row: row[field_name], reverse=descending) + empty
    if resource.order:
        return sorted(rows, key=lambda row: tuple(row[name] for name in resource.order))
    return rows


def _sort_field(resource: Resource, sort_by: str) -> tuple[str, bool]:
    for suffix, descending in (("", False), ("_asc", False), ("_desc", True)):
        name = sort_by.removesuffix(suffix)
        if sort_by.endswith(suffix) and name in resource.fields:
            return name, descending
    raise RefusalError(400, f"Cannot sort by '{sort_by}'.")
