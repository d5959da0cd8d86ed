"""F1: every error says what happened, what did not, and what to do, with a reference that is also in the log."""

import re
from typing import Any

import pytest
import structlog

from bot.domain import errors
from bot.domain.errors import (
    ChatError,
    InputError,
    OutcomeUnknownError,
    OverBudgetError,
    ProviderError,
    ProxydeskError,
    RateLimitedError,
    SelectionRefusedError,
    StoreUnavailableError,
)
from bot.handlers.errors import EXPLANATIONS, explain, explained, message_for
from bot.log import REFERENCE_LENGTH
from tests.examples import full_budget, request

TREE = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ProxydeskError)]
HIDDEN = "secret-in-a-foreign-error"


def one(kind: type[BaseException]) -> BaseException:
    made: dict[type[Any], BaseException] = {
        InputError: InputError({"quantity": "Write a whole number."}),
        RateLimitedError: RateLimitedError("slow down", wait_s=12.4),
        ChatError: ChatError("channel_not_found"),
        OverBudgetError: OverBudgetError("Said by the thing that failed.", full_budget(request())),
    }
    return made.get(kind) or kind("Said by the thing that failed.")


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_f1_every_error_of_the_tree_is_explained_in_three_parts(kind: type[BaseException]) -> None:
    words = explain(one(kind))
    for part in words:
        assert part.endswith("."), part
        assert "{" not in part
        assert len(part) > len("Try it.")


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_no_error_falls_through_to_the_words_for_the_unforeseen(kind: type[BaseException]) -> None:
    if kind in (ProxydeskError, errors.StoreError):
        return
    assert explain(one(kind)) != explain(RuntimeError())


def test_the_tree_that_is_drawn_is_the_tree_that_is() -> None:
    drawn = re.findall(r"(\w+Error)\b", (errors.__doc__ or "").split("\n\n", 1)[1])
    assert drawn == [kind.__name__ for kind in TREE]


@pytest.mark.parametrize("kind", [kind for kind in TREE if kind is not InputError], ids=lambda kind: kind.__name__)
def test_f1_the_message_shows_a_reference_that_is_in_the_log(kind: type[BaseException]) -> None:
    with structlog.testing.capture_logs() as lines:
        message = message_for(one(kind))
    (line,) = lines
    assert len(line["reference"]) == REFERENCE_LENGTH
    assert line["reference"] in message.text
    for part in explain(one(kind)):
        assert part.partition(" ")[0] in message.text


def test_what_a_person_mistyped_needs_no_reference() -> None:
    with structlog.testing.capture_logs() as lines:
        message = message_for(InputError({"quantity": "Write a whole number."}))
    assert not lines
    assert message.text == "Write a whole number. Nothing was sent."


def test_f1_the_providers_own_id_of_an_answer_is_in_the_log() -> None:
    with structlog.testing.capture_logs() as lines:
        message_for(SelectionRefusedError("no stock", field="quantity", status=422, request_id="req_7"))
    assert (lines[0]["status"], lines[0]["provider_request"]) == (422, "req_7")


def test_the_text_of_an_unforeseen_error_is_for_the_log_alone() -> None:
    with structlog.testing.capture_logs() as lines:
        message = message_for(RuntimeError(HIDDEN))
    assert HIDDEN not in message.text
    assert HIDDEN not in str(message.blocks)
    assert (lines[0]["log_level"], HIDDEN in repr(lines[0]["exc_info"])) == ("error", True)


def test_how_long_to_wait_is_said_in_whole_seconds() -> None:
    assert explain(RateLimitedError("x", wait_s=12.4)).to_do == "Try again in 12 seconds."
    assert explain(RateLimitedError("x", wait_s=0.1)).to_do == "Try again in 1 seconds."


def test_words_of_an_error_with_braces_are_not_a_template() -> None:
    assert "{0.__class__}" in explain(SelectionRefusedError("{0.__class__} {error}")).happened


@pytest.mark.parametrize("kind", [StoreUnavailableError, OutcomeUnknownError, ProviderError])
def test_nobody_is_told_that_something_was_bought(kind: type[BaseException]) -> None:
    assert "Nothing was bought" in explain(one(kind)).did_not


async def test_work_that_fails_becomes_its_explanation() -> None:
    async def work() -> Any:
        raise StoreUnavailableError("gone")

    assert "Reference" in (await explained(work)).text


def test_every_explanation_belongs_to_a_kind_of_error() -> None:
    assert all(issubclass(kind, BaseException) for kind in EXPLANATIONS)
