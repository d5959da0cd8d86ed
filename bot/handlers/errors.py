"""The one place where an error becomes sentences: what happened, what did not, what to do, and a reference."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

import structlog

from bot.blocks import notices
from bot.blocks.kit import Message
from bot.domain.errors import (
    AccessError,
    ChatError,
    InputError,
    MoveError,
    NeverSentError,
    NotFoundError,
    OutcomeUnknownError,
    OverBudgetError,
    ProviderError,
    RateLimitedError,
    RecordError,
    RefusedError,
    ReplayError,
    SecondFactorError,
    StaleError,
    StoreError,
)
from bot.log import new_reference

M = TypeVar("M", bound=Message | None)
_log = structlog.get_logger()


class Explanation(NamedTuple):
    happened: str
    did_not: str
    to_do: str


NOTHING_BOUGHT = "Nothing was bought and nothing changed."


EXPLANATIONS: dict[type[BaseException], Explanation] = {
    InputError: Explanation("{error}", "Nothing was sent.", "Change it and try again."),
    SecondFactorError: Explanation(
        "Byteful asks for a second factor before it answers us.",
        NOTHING_BOUGHT,
        "An admin has to confirm it in Byteful's dashboard, then try again.",
    ),
    AccessError: Explanation(
        "Byteful refuses our keys.", NOTHING_BOUGHT, "An admin has to check the API keys. Requests are kept meanwhile."
    ),
    RateLimitedError: Explanation(
        "Byteful asks us to slow down.", NOTHING_BOUGHT, "Try again in {wait_s:.0f} seconds."
    ),
    NotFoundError: Explanation("Byteful does not know it: {error}", NOTHING_BOUGHT, "Check the ID and try again."),
    RefusedError: Explanation("Byteful refused: {error}", NOTHING_BOUGHT, "Change the request and try again."),
    NeverSentError: Explanation("Byteful cannot be reached.", NOTHING_BOUGHT, "Try again in a minute."),
    OutcomeUnknownError: Explanation("Byteful did not give a clear answer.", NOTHING_BOUGHT, "Try again in a minute."),
    ProviderError: Explanation(
        "Byteful's answer cannot be used: {error}", NOTHING_BOUGHT, "If it stays, give an admin the reference."
    ),
    RecordError: Explanation("This record cannot be read.", NOTHING_BOUGHT, "Give an admin the reference."),
    StaleError: Explanation(
        "Somebody changed it in the same moment.", "Your click had no effect.", "Look at the card again."
    ),
    OverBudgetError: Explanation(
        "{error}", NOTHING_BOUGHT, "Ask an admin to raise the budget, or wait for room in it."
    ),
    StoreError: Explanation(
        "The bot's memory does not answer, so nothing can be recorded now.",
        "Nothing was bought. Your click may not have been recorded.",
        "Try again in a minute.",
    ),
    MoveError: Explanation("{error}", "Nothing changed.", "Look at the card."),
    ChatError: Explanation(
        "Slack did not answer as it should ({error}).",
        "Nothing was approved, sent or bought.",
        "Try again in a moment.",
    ),
    BaseException: Explanation(
        "Something went wrong on our side.",
        "As far as this step goes, nothing was bought.",
        "Try again; if it stays, give an admin the reference.",
    ),
}
"""What is said for each kind of error; a kind without words of its own takes its parent's."""


def explain(error: BaseException) -> Explanation:
    """Words for a person. Provider texts arrive cleaned; the text of anything unforeseen is not shown."""
    words = next(EXPLANATIONS[kind] for kind in type(error).__mro__ if kind in EXPLANATIONS)
    wait_s = max(1.0, getattr(error, "wait_s", 1.0))
    return Explanation(*(part.format(error=error, wait_s=wait_s) for part in words))


def message_for(error: BaseException) -> Message:
    """The private message for an error, logged under the reference it shows."""
    reference = new_reference()
    explanation = explain(error)
    if isinstance(error, InputError):
        return notices.sentence(f"{explanation.happened} {explanation.did_not}")
    log = _log.bind(reference=reference, kind=type(error).__name__)
    if isinstance(error, ProviderError):
        log.warning("provider_error", error=str(error), status=error.status, provider_request=error.request_id)
        return notices.error(*explanation, reference, error.request_id)
    if isinstance(error, StoreError | ChatError | MoveError):
        log.warning("answered_with_error", error=str(error))
    else:
        log.error("unforeseen_error", exc_info=error)
    return notices.error(*explanation, reference)


async def explained(work: Callable[[], Awaitable[M]]) -> M | Message:
    """The work's answer, or the message that explains why there is none. Raises ReplayError: nobody is owed one."""
    try:
        return await work()
    except ReplayError:
        raise
    except Exception as error:
        return message_for(error)
