"""In the place of Bolt's app: Bolt's checks, one after the other, then our listeners.

Bolt's own app makes each request ready for listeners that it finds and fills itself: a client, a token, a context.
Nothing of that is used here, and with it a click would cost an eighth more and a command twice as much.
"""

from __future__ import annotations

import logging

import structlog
from slack_bolt.middleware.async_builtins import AsyncRequestVerification, AsyncSslCheck, AsyncUrlVerification
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.handlers.front import Front
from bot.handlers.listeners import answered

_PASSED = BoltResponse(status=200)
_log = structlog.get_logger()


class SlackApp:
    """What Slack sends, checked and answered. Over Socket Mode there is no signature: the connection is our own."""

    def __init__(self, signing_secret: str, front: Front) -> None:
        self._front = front
        quiet = logging.getLogger("slack_bolt")  # left to itself, Bolt logs the body of whatever it refuses
        self._checks = (
            AsyncSslCheck(base_logger=quiet),
            AsyncRequestVerification(signing_secret, base_logger=quiet),
            AsyncUrlVerification(base_logger=quiet),
        )

    async def async_dispatch(self, request: AsyncBoltRequest) -> BoltResponse:
        """Named as in Bolt's app, for its adapter to Socket Mode."""
        try:
            for check in self._checks:
                answer = await check.async_process(req=request, resp=_PASSED, next=_pass)
                if answer is not _PASSED:
                    return answer
            return await answered(self._front, request)
        except Exception:
            _log.exception("payload_not_answered")
            return BoltResponse(status=500)


async def _pass() -> BoltResponse:
    return _PASSED
