"""`policy.yaml`: read whole or not at all, with the line of every mistake, and read again when it changes.

A bad file never takes effect. The policy that was good stays, the log says so once, and `PolicyFile.problem` keeps
saying it until the file is good again.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import yaml
from msgspec import Struct
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bot.domain.policy import Policy
from bot.log import logger

CHECK_EVERY_S = 1.0
"""How long a changed file may go unnoticed."""
MAX_BYTES = 256_000
"""Nobody writes this much policy; a file of this size is some other file."""

Location = tuple[str | int, ...]
Lines = dict[Location, int]
log = logger(__name__)

_IDS = {
    "users": "a Slack user id, such as U012ABCDEF",
    "groups": "a Slack user group id, such as S012ABCDEF",
    "channels": "a Slack channel id, such as C012ABCDEF",
    "channel": "a Slack channel id, such as C012ABCDEF",
}
_SENTENCES = {
    "missing": "`{name}` is missing.",
    "int_type": "`{name}` should be a whole number, not {given}.",
    "int_from_float": "`{name}` should be a whole number, not {given}.",
    "decimal_type": "`{name}` should be a number, not {given}.",
    "decimal_parsing": "`{name}` should be a number, not {given}.",
    "finite_number": "`{name}` should be a number, not {given}.",
    "greater_than_equal": "`{name}` should be at least {ge}, not {given}.",
    "less_than_equal": "`{name}` should be at most {le}, not {given}.",
    "string_type": "`{name}` should be text, not {given}.",
    "tuple_type": "`{name}` should be a list: one line for each, beginning with `- `.",
    "dict_type": "`{name}` should have its settings below it, each on a line of its own.",
    "model_type": "`{name}` should have its settings below it, each on a line of its own.",
}
"""By pydantic's kind of error."""


class Problem(Struct, frozen=True, order=True):
    """One mistake. Line 0 means the file as a whole."""

    line: int
    sentence: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.sentence}" if self.line else self.sentence


class PolicyFileError(Exception):
    """The file cannot be used; `problems` are in the order of its lines."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join((f"{path} cannot be used:", *(f"  - {problem}" for problem in self.problems))))


class PolicyFile:
    """The policy as the file has it now, at most a second old. The first reading raises PolicyFileError."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._checked_at = clock()
        self._seen = _stamp(path)
        self._bad_content: str | None = None
        self._policy = load(path)
        self.problem: str | None = None

    @property
    def current(self) -> Policy:
        if self._clock() - self._checked_at >= CHECK_EVERY_S:
            self._checked_at = self._clock()
            self._look()
        return self._policy

    def _look(self) -> None:
        stamp = _stamp(self._path)
        if stamp != self._seen:
            self._seen = stamp
            self._read_again()

    def _read_again(self) -> None:
        try:
            self._policy = load(self._path)
        except PolicyFileError as error:
            self._keep_old(str(error))
            return
        self.problem = self._bad_content = None
        log.info("policy_read_again", path=str(self._path))

    def _keep_old(self, problem: str) -> None:
        self.problem = problem
        content = _digest(self._path)
        if content != self._bad_content:
            self._bad_content = content
            log.error("policy_file_bad", problem=problem, in_force="the policy before it")


def load(path: Path) -> Policy:
    """The policy in this file. Raises PolicyFileError with everything that is wrong with it."""
    text = _text(path)
    try:
        data, lines = _parsed(path, text)
    except yaml.MarkedYAMLError as error:
        raise PolicyFileError(path, [_syntax_problem(error)]) from None
    except RecursionError:
        raise PolicyFileError(path, [Problem(0, "It is nested too deeply.")]) from None
    except ValueError as error:  # a date or a number that cannot be
        raise PolicyFileError(path, [Problem(0, f"A value in it cannot be: {error}.")]) from None
    return _validated(path, data, lines)


def _parsed(path: Path, text: str) -> tuple[object, Lines]:
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        if problems := list(_shape_problems(root)):
            raise PolicyFileError(path, problems)
        return loader.construct_document(root), dict(_lines(root))
    finally:
        loader.dispose()


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
        yaml.reader.Reader(text)  # refuses characters that YAML does not allow
    except OSError as error:
        raise PolicyFileError(path, [Problem(0, f"It cannot be read: {error.strerror}.")]) from None
    except (UnicodeDecodeError, yaml.reader.ReaderError):
        raise PolicyFileError(path, [Problem(0, "It is not plain UTF-8 text.")]) from None
    if len(content) > MAX_BYTES:
        raise PolicyFileError(path, [Problem(0, f"It is larger than {MAX_BYTES:,} bytes.")])
    return text


def _syntax_problem(error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    return Problem(mark.line + 1 if mark else 0, f"This is not YAML: {error.problem or error.context}.")


def _shape_problems(root: Node | None) -> Iterator[Problem]:
    """What YAML accepts and we do not: nothing at all, keys that are no text, keys given twice, aliases."""
    if not isinstance(root, MappingNode):
        yield Problem(0, "It should hold settings such as `roles:`, and holds none.")
        return
    seen: set[int] = set()
    waiting: list[Node] = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            yield Problem(_line(node), "An alias (`*name`) points here. Write the lines out again instead.")
            continue
        seen.add(id(node))
        if isinstance(node, MappingNode):
            yield from _key_problems(node)
        waiting.extend(_children(node))


def _children(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [value for _, value in node.value]
    return list(node.value) if isinstance(node, SequenceNode) else []


def _key_problems(node: MappingNode) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, ScalarNode) or key.tag != "tag:yaml.org,2002:str":
            yield Problem(_line(key), "A name here is not text. Put it in quotes.")
        elif key.value in first:
            yield Problem(_line(key), f"`{key.value}` is given twice, first on line {first[key.value]}. Keep one.")
        else:
            first[key.value] = _line(key)


def _lines(node: Node | None, at: Location = ()) -> Iterator[tuple[Location, int]]:
    """Every place in the file with its line; a setting stands where its name stands."""
    match node:
        case MappingNode():
            for key, value in node.value:
                yield (*at, key.value), _line(key)
                yield from _lines(value, (*at, key.value))
        case SequenceNode():
            for index, item in enumerate(node.value):
                yield (*at, index), _line(item)
                yield from _lines(item, (*at, index))


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _validated(path: Path, data: object, lines: Lines) -> Policy:
    """Validated as JSON, where text is never taken for a number, nor a yes for a 1."""
    try:
        return Policy.model_validate_json(json.dumps(data, default=str), strict=True)
    except ValidationError as error:
        raise PolicyFileError(path, [_problem(detail, lines) for detail in error.errors()]) from None


def _problem(detail: ErrorDetails, lines: Lines) -> Problem:
    at: Location = detail["loc"]
    sentence = _sentence(detail, at)
    about = tuple(sentence.split(" ", 1)[0].split("."))
    line = lines.get(about) if not at else _nearest_line(at, lines)
    return Problem(line or 0, sentence)


def _nearest_line(at: Location, lines: Lines) -> int | None:
    """The line of this place, or of what holds it when it is not there."""
    return next((lines[at[:length]] for length in range(len(at), 0, -1) if at[:length] in lines), None)


def _sentence(detail: ErrorDetails, at: Location) -> str:
    kind, limits = detail["type"], detail.get("ctx", {})
    name, given = _name(at), json.dumps(detail["input"], default=str)
    about = next((str(part) for part in (*at[-2:-1], *at[-1:]) if part in _IDS), None)
    if kind in ("string_pattern_mismatch", "string_type") and about:
        return f"{given} is not {_IDS[about]}."
    if kind == "value_error":
        return f"{f'`{name}`: ' if at else ''}{limits['error']}."
    if kind == "extra_forbidden":
        return f"`{name}` is not a setting.{_perhaps(at)}"
    template = _SENTENCES.get(kind, "`{name}` cannot be used: {msg}.")
    return template.format(name=name or "policy", given=given, msg=detail["msg"], **limits)


def _name(at: Location) -> str:
    return ".".join(str(part) for part in at if part != "[key]")  # pydantic's mark of a name that cannot be


def _perhaps(at: Location) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - for mistakes alone

    near = get_close_matches(str(at[-1]), _names_at(Policy, at[:-1]), n=1)
    return f" Did you mean `{near[0]}`?" if near else ""


def _names_at(kind: Any, at: Location) -> list[str]:
    """The names that may stand at a place, found by walking the model's annotations."""
    if get_origin(kind) in (Union, UnionType):
        kind = next(part for part in get_args(kind) if part is not type(None))
    is_model = isinstance(kind, type) and issubclass(kind, BaseModel)
    if not at:
        return list(kind.model_fields) if is_model else []
    if is_model:
        return _names_at(kind.model_fields[str(at[0])].annotation, at[1:])
    return _names_at(get_args(kind)[1 if get_origin(kind) is dict else 0], at[1:])


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes when the file does; None when it cannot be seen."""
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _digest(path: Path) -> str:
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return str(error.strerror)
