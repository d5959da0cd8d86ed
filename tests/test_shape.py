"""The shape of the code, read from its source: who may import whom, and what may not happen where."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "bot").rglob("*.py"))
}
TREES = {name: ast.parse(path.read_text()) for name, path in MODULES.items()}

MAY_IMPORT: dict[str, set[str]] = {
    "domain": set(),
    "log": set(),
    "metrics": set(),
    "settings": set(),
    "policy_file": {"domain", "log"},
    "pictures": set(),
    "slack_files": {"domain", "slack"},
    "clerk": {"domain", "ports", "usecases", "blocks", "slack", "slack_files", "gallery", "log"},
    "gallery": {"domain", "blocks", "pictures", "slack_files"},
    "ports": {"domain"},
    "usecases": {"domain", "ports", "log", "metrics", "tasks"},
    "blocks": {"domain", "ports"},
    "providers": {"domain", "ports", "log", "tasks"},
    "store": {"domain", "ports", "log", "tasks"},
    "slack": {"domain", "ports", "blocks", "log"},
    "slack_notifier": {"domain", "ports", "blocks", "slack", "metrics"},
    "handlers": {"domain", "ports", "usecases", "blocks", "slack", "log", "tasks"},
    "jobs": {"domain", "ports", "usecases", "queue", "log", "tasks"},
    "queue": {"domain", "ports", "store"},
    "tasks": set(),
    "web": {"log"},
    "slack_http": {"metrics", "web", "log"},
    "slack_app": {"handlers"},
    "socket_mode": {"metrics", "slack_app", "tasks"},
    "app": {
        *("domain", "ports", "usecases", "providers", "store", "slack", "queue"),
        *("policy_file", "settings", "log"),
    },
    "health": {"app", "domain", "usecases", "web", "slack_http", "socket_mode", "metrics"},
    "serve_web": {
        *("app", "domain", "handlers", "health", "queue", "slack", "slack_app", "slack_http", "socket_mode", "tasks"),
        "web",
    },
    "serve_worker": {
        *("app", "clerk", "gallery", "jobs", "pictures", "slack", "slack_files", "slack_notifier", "tasks", "usecases"),
    },
    "operate": {"domain", "usecases", "store", "settings"},
    "process": {"app", "policy_file", "settings", "store", "log"},
    "__main__": {"domain", "operate", "process", "serve_web", "serve_worker", "store"},
}
"""Layer → layers it may import besides itself. A layer is the first name below `bot`."""

ONLY_IN = {
    "httpx2": {"bot.providers.byteful.exchange"},
    "redis": {"bot.store", "bot.queue", "bot.jobs", "bot.operate"},
    "slack_sdk": {
        *("bot.slack", "bot.slack_files", "bot.slack_notifier", "bot.handlers"),
        *("bot.slack_http", "bot.socket_mode", "bot.app", "bot.serve_web", "bot.serve_worker"),
    },
    "slack_bolt": {"bot.handlers", "bot.slack_app", "bot.slack_http", "bot.socket_mode"},
    "aiohttp": {"bot.slack", "bot.slack_files", "bot.app"},
    "saq": {"bot.jobs", "bot.queue"},
    "yaml": {"bot.policy_file"},
    "uvicorn": {"bot.serve_web"},
    "click": {"bot.__main__"},
    "vl_convert": {"bot.pictures"},
}
"""Library → the modules (or packages) that may know it."""


def imports(name: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every imported module with the names taken from it, wherever in the file the import stands."""
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            yield from ((alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            yield node.module or "", tuple(alias.name for alias in node.names)


def own_imports(name: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Imports of the bot's own modules; `from bot import log` counts as `bot.log`."""
    for module, names in imports(name):
        if module == "bot":
            yield from ((f"bot.{one}", ()) for one in names)
        elif module.startswith("bot."):
            yield module, names


def layer(name: str) -> str:
    return name.split(".")[1]


def calls(name: str) -> Iterator[tuple[str, int]]:
    """Every name that is called, in the last part of its spelling, with its line."""
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Call):
            function = node.func
            spelled = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            yield spelled, node.lineno


PARTS = [name for name in MODULES if name != "bot"]


def in_layers(*layers: str) -> list[str]:
    return [name for name in PARTS if layer(name) in layers]


@pytest.mark.parametrize("name", PARTS)
def test_a_module_imports_only_what_its_layer_may(name: str) -> None:
    assert layer(name) in MAY_IMPORT, f"{name} is a new layer: say in MAY_IMPORT whom it may import"
    allowed = MAY_IMPORT[layer(name)] | {layer(name)}
    assert {layer(module) for module, _ in own_imports(name)} <= allowed


@pytest.mark.parametrize("name", in_layers("blocks"))
def test_blocks_know_of_the_ports_only_the_value_they_show(name: str) -> None:
    taken = {one for module, names in own_imports(name) if layer(module) == "ports" for one in names}
    assert taken <= {"PlaceOption"}


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_known_only_where_it_belongs(library: str) -> None:
    users = {name for name in MODULES for module, _ in imports(name) if module.split(".")[0] == library}
    strangers = {
        name for name in users if not any(name == place or name.startswith(f"{place}.") for place in ONLY_IN[library])
    }
    assert not strangers


def test_the_domain_knows_only_the_standard_library_its_values_and_the_matcher() -> None:
    known = {*sys.stdlib_module_names, "msgspec", "pydantic", "rapidfuzz", "bot"}
    for name in in_layers("domain"):
        assert {module.split(".")[0] for module, _ in imports(name)} <= known, name


def test_nobody_takes_a_private_name_from_another_module() -> None:
    for name in MODULES:
        for module, names in own_imports(name):
            assert not [one for one in names if one.startswith("_")], f"{name} from {module}"


@pytest.mark.parametrize("name", in_layers("domain", "blocks"))
def test_values_and_views_read_no_clock_and_wait_for_nothing(name: str) -> None:
    clocks = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter", "open", "getenv", "urandom"}
    assert not [call for call in calls(name) if call[0] in clocks]
    waits = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    assert not [node for node in ast.walk(TREES[name]) if isinstance(node, waits)]


def test_nobody_waits_with_what_can_swallow_a_cancellation() -> None:
    """`asyncio.wait_for` of Python 3.11 loses one that comes as its work is done; `asyncio.timeout` does not."""
    assert [(name, line) for name in MODULES for called, line in calls(name) if called == "wait_for"] == []


def test_one_module_spends() -> None:
    deeds = {"create_checkout", "set_renewal"}
    spenders = {name for name in MODULES for called, _ in calls(name) if called in deeds}
    assert spenders <= {"bot.usecases.checkout"}


def test_the_environment_is_read_in_one_place() -> None:
    readers = {
        name
        for name in MODULES
        for node in ast.walk(TREES[name])
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
    }
    assert readers <= {"bot.__main__"}


MONEY = re.compile(
    r"cents|price|total|due|discount|amount|balance|credit|cost|renewal|spend|budget|per_unit", re.IGNORECASE
)


def annotated(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Everything that has an annotation: variables, fields, parameters and what functions return."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign):
            yield ast.unparse(node.target), node.annotation
        elif isinstance(node, ast.arg) and node.annotation:
            yield node.arg, node.annotation
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns:
            yield node.name, node.returns


@pytest.mark.parametrize("name", PARTS)
def test_money_is_never_a_float(name: str) -> None:
    floats = [what for what, kind in annotated(TREES[name]) if re.search(r"\bfloat\b", ast.unparse(kind))]
    assert not [what for what in floats if MONEY.search(what)]


def test_the_bot_does_not_know_the_sandbox() -> None:
    word = "play" + "ground"
    for path in (ROOT / "bot").rglob("*"):
        if path.suffix in (".py", ".lua", ".json", ".yaml"):
            assert word not in path.read_text().lower(), path


@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_what_it_is_for(name: str) -> None:
    assert ast.get_docstring(TREES[name])


def test_nothing_is_left_for_later() -> None:
    marks = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")
    for folder in ("bot", "playground", "tests", "bench", "docs", ".ci"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".lua", ".md", ".yaml", ""):
                text = path.read_text() if path.is_file() else ""
                assert not marks.search(text), path


def test_importing_any_module_does_nothing() -> None:
    """In a process of its own, where connecting, binding, starting a process and writing a file raise."""
    program = f"""
import importlib, logging, sys, threading
sys.dont_write_bytecode = True
FORBIDDEN = ("socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.mkdir", "os.remove")

def watch(event, args):
    writes = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
    if event in FORBIDDEN or writes:
        raise RuntimeError(f"{{event}} {{args}} while importing")

sys.addaudithook(watch)
for name in {list(MODULES)!r}:
    importlib.import_module(name)
assert threading.active_count() == 1, threading.enumerate()
assert not logging.getLogger().handlers
print("quiet")
"""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert (ended.stdout, ended.stderr, ended.returncode) == ("quiet\n", "", 0)
