"""The manifest is within Slack's limits, and says the same as the code and the install guide."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.blocks.ids import Shortcut
from bot.handlers import install
from bot.handlers.commands import COMMAND, COMMANDS

ROOT = Path(__file__).parents[1]
EVENTS_URL = "https://YOUR-HOST/slack/events"

NEEDS: dict[str, set[str]] = {
    "auth_test": set(),
    "apps_connections_open": set(),
    "chat_postMessage": {"chat:write", "im:write"},  # im:write because people are written to directly, too
    "chat_postEphemeral": {"chat:write"},
    "chat_update": {"chat:write"},
    "chat_delete": {"chat:write"},
    "conversations_open": {"im:write"},
    "conversations_history": {"channels:history", "groups:history", "im:history"},
    "conversations_replies": {"channels:history", "groups:history", "im:history"},
    "conversations_info": {"channels:read", "groups:read"},
    "conversations_members": {"channels:read", "groups:read"},
    "usergroups_users_list": {"usergroups:read"},
    "users_info": {"users:read"},
    "users_conversations": {"channels:read"},  # asked for public channels alone: private ones stay without a name
    "files_getUploadURLExternal": {"files:write"},
    "files_completeUploadExternal": {"files:write"},
    "views_open": set(),
    "views_push": set(),
    "views_update": set(),
    "views_publish": set(),
}
"""Method of slack_sdk's client → the scopes Slack asks for (Slack's method pages). A new call adds its line here."""

OPTIONAL = {
    *("conversations_history", "conversations_replies", "users_conversations"),
    *("files_getUploadURLExternal", "files_completeUploadExternal"),
}
"""Methods the bot gets along without: `missing_scope` has an answer in the code (test T90 of the outbox, T136)."""


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text())
    return loaded


def test_names_and_descriptions_are_within_slacks_limits(manifest: dict[str, Any]) -> None:
    display = manifest["display_information"]
    assert len(display["name"]) <= 35
    assert len(display["description"]) <= 140
    assert 175 <= len(display["long_description"]) <= 4000
    assert re.fullmatch(r"#[0-9a-f]{6}", display["background_color"])
    assert len(manifest["features"]["bot_user"]["display_name"]) <= 80


def test_only_keys_that_slack_knows(manifest: dict[str, Any]) -> None:
    assert set(manifest) == {"display_information", "features", "oauth_config", "settings"}
    assert set(manifest["features"]) == {"app_home", "bot_user", "slash_commands", "shortcuts"}
    assert set(manifest["oauth_config"]) == {"scopes"}
    assert set(manifest["settings"]) == {
        *("event_subscriptions", "interactivity"),
        *("org_deploy_enabled", "socket_mode_enabled", "token_rotation_enabled"),
    }


def test_commands_are_within_slacks_limits_and_mentions_arrive_as_ids(manifest: dict[str, Any]) -> None:
    (command,) = manifest["features"]["slash_commands"]
    assert command["command"] == "/proxy"
    assert command["should_escape"] is True
    assert len(command["command"]) <= 32
    assert len(command["description"]) <= 2000
    assert len(command["usage_hint"]) <= 1000
    assert command["url"] == EVENTS_URL


def test_shortcuts_are_within_slacks_limits(manifest: dict[str, Any]) -> None:
    shortcuts = manifest["features"]["shortcuts"]
    assert [(one["type"], one["callback_id"]) for one in shortcuts] == [
        ("global", "buy_proxies"),
        ("message", "ask_about_message"),
    ]
    for shortcut in shortcuts:
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150


def test_every_kind_of_payload_comes_to_one_address(manifest: dict[str, Any]) -> None:
    settings = manifest["settings"]
    assert settings["interactivity"] == {
        "is_enabled": True,
        "request_url": EVENTS_URL,
        "message_menu_options_url": EVENTS_URL,
    }
    assert settings["event_subscriptions"] == {
        "request_url": EVENTS_URL,
        "bot_events": ["app_home_opened", *sorted(install.ENDINGS)],
    }


def test_the_home_tab_and_messages_are_open(manifest: dict[str, Any]) -> None:
    assert manifest["features"]["app_home"] == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }


def test_a_fixed_token_is_not_rotated_away(manifest: dict[str, Any]) -> None:
    assert manifest["settings"]["token_rotation_enabled"] is False
    assert manifest["settings"]["org_deploy_enabled"] is False


def called_methods() -> set[str]:
    """Methods of Slack's Web API that the bot calls, as slack_sdk spells them."""
    families = ("apps", "auth", "chat", "conversations", "files", "reactions", "usergroups", "users", "views")
    is_method = re.compile(rf"(?:{'|'.join(families)})_[a-zA-Z_]+")
    return {
        node.func.attr
        for path in (ROOT / "bot").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and is_method.fullmatch(node.func.attr)
    }


def test_z5_the_scopes_are_those_the_calls_need_and_no_more(manifest: dict[str, Any]) -> None:
    called = called_methods()
    assert called <= set(NEEDS), "add the new method and its scopes to NEEDS"
    needed = {"commands"}.union(*(NEEDS[method] for method in called))
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == needed


def test_z5_what_may_be_left_out_is_marked_as_optional_and_nothing_else(manifest: dict[str, Any]) -> None:
    """Slack wants an optional scope in both lists."""
    scopes = manifest["oauth_config"]["scopes"]
    assert set(scopes) == {"bot", "bot_optional"}
    required = {"commands"}.union(*(NEEDS[method] for method in called_methods() - OPTIONAL))
    assert set(scopes["bot_optional"]) == set(scopes["bot"]) - required
    guide = (ROOT / "docs" / "install.md").read_text()
    for scope in scopes["bot_optional"]:
        assert re.search(rf"^\| `{scope}` \| Optional\. ", guide, re.MULTILINE), scope


def test_z5_the_install_guide_gives_a_reason_for_each_scope(manifest: dict[str, Any]) -> None:
    guide = (ROOT / "docs" / "install.md").read_text()
    reasons = dict(re.findall(r"^\| `([a-z:._]+)` \| (.+?) \|$", guide, re.MULTILINE))
    assert list(reasons) == manifest["oauth_config"]["scopes"]["bot"]
    assert all(len(reason) > 20 for reason in reasons.values())


def test_the_usage_hint_names_the_commands_of_the_code(manifest: dict[str, Any]) -> None:
    hint = manifest["features"]["slash_commands"][0]["usage_hint"]
    assert set(re.findall(r"[a-z]+", hint)) == set(COMMANDS)


def test_commands_and_shortcuts_are_those_the_code_answers(manifest: dict[str, Any]) -> None:
    features = manifest["features"]
    assert [command["command"] for command in features["slash_commands"]] == [COMMAND]
    assert {shortcut["callback_id"] for shortcut in features["shortcuts"]} == {one.value for one in Shortcut}
