"""The tables that connect names to handlers: complete, and agreeing with what is written about them."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.blocks.ids import Action, Callback, Shortcut
from bot.domain.catalog import Field
from bot.handlers import commands
from bot.handlers.commands import COMMANDS, help_lines, help_message
from bot.handlers.listeners import LISTENERS, PRESSES, SUBMISSIONS

ROOT = Path(__file__).parents[2]


def test_every_button_and_every_field_has_a_handler() -> None:
    assert set(PRESSES) == {*Action, *Field}


def test_no_two_names_that_slack_reports_are_the_same() -> None:
    assert not {str(one) for one in Action} & {str(one) for one in Field}


def test_every_modal_has_a_handler() -> None:
    assert set(SUBMISSIONS) == set(Callback)


def test_the_help_is_the_table() -> None:
    assert [line.usage for line in help_lines()] == [command.usage for command in COMMANDS.values()]
    for word, command in COMMANDS.items():
        assert command.usage.split()[:2] == [commands.COMMAND, word]
        assert command.example.split()[:2] == [commands.COMMAND, word]
        assert command.summary.endswith(".")
        assert command.summary in str(help_message().blocks)


def test_the_commands_are_those_of_the_manifest() -> None:
    manifest = yaml.safe_load((ROOT / "manifest.yml").read_text())
    assert [one["command"] for one in manifest["features"]["slash_commands"]] == [commands.COMMAND]
    assert [one["callback_id"] for one in manifest["features"]["shortcuts"]] == [str(one) for one in Shortcut]


class Front:
    """Stands where a front does; nothing here is called."""


def test_every_kind_of_payload_that_slack_sends_an_app_has_a_listener() -> None:
    """Slack docs: interactivity, slash commands, the Events API."""
    kinds = {"block_actions", "block_suggestion", "event_callback", "message_action", "shortcut", "view_submission"}
    assert set(LISTENERS) == {*kinds, "command"}


def answer_of(text: str) -> Any:
    front: Any = Front()
    who: Any = None
    return commands.dispatch(front, who, text)


@pytest.mark.parametrize("text", ["help", "HELP", "  help  ", "help me"])
async def test_help_is_given_however_it_is_typed(text: str) -> None:
    assert await answer_of(text) == help_message()


@pytest.mark.parametrize("text", ["", "   "])
async def test_the_bare_command_offers_the_ways_to_go_on(text: str) -> None:
    shown = str((await answer_of(text)).blocks)
    assert Action.OPEN_FORM in shown
    assert Action.SHOW_HELP in shown


@pytest.mark.parametrize(("typed", "near"), [("byu", "buy"), ("request", "requests"), ("top-up", "topup")])
async def test_an_unknown_word_gets_the_nearest(typed: str, near: str) -> None:
    said = (await answer_of(typed)).text
    assert typed in said
    assert f"`{near}`" in said
    assert "Nothing was sent." in said


async def test_a_line_that_is_too_long_is_not_read() -> None:
    said = (await answer_of("buy " + "x" * 10_000)).text
    assert "10,004 characters" in said
    assert "form" in said


async def test_show_without_a_number_says_what_is_missing() -> None:
    assert "/proxy show" in (await answer_of("show")).text
