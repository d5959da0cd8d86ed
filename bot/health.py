"""What readiness depends on, and what an operator has to know of: each a question that is answered by words or None."""

from __future__ import annotations

from bot.app import Bot
from bot.domain.errors import RecordError, StoreError, StoreUnavailableError
from bot.metrics import GIVEN_UP, OLDEST, PAUSED, UNPRICED, WAITING
from bot.slack_http import SkewWatch
from bot.usecases import pausing
from bot.usecases.desk import utcnow
from bot.web import Check

SLACK_REMEDY = "install the app again or set the token anew. Messages are kept and leave by themselves once it is taken"


def make_checks(bot: Bot, skew: SkewWatch, socket: Check | None = None) -> dict[str, Check]:
    """What readiness depends on."""

    async def store() -> str | None:
        try:
            await bot.store.ping()
        except StoreError as error:
            return str(error)
        return None

    async def policy() -> str | None:
        _ = bot.policy.current
        return bot.policy.problem

    async def store_settings() -> str | None:
        try:
            return await bot.store.danger()
        except StoreError:
            return None  # the other check says so

    async def slack() -> str | None:
        try:
            silences = [await bot.store.silence(workspace) for workspace in await bot.store.workspaces()]
        except StoreError:
            return None
        codes = sorted({silence.code for silence in silences if silence})
        return f"Slack refuses our token ({', '.join(codes)}); {SLACK_REMEDY}" if codes else None

    checks: dict[str, Check] = {
        "store": store,
        "store_settings": store_settings,
        "policy": policy,
        "clock": skew.problem,
        "slack": slack,
    }
    return checks if socket is None else {**checks, "socket": socket}


def make_warnings(bot: Bot) -> dict[str, Check]:
    """What an operator has to know of, read from the store so that every process says the same."""

    async def purchases() -> str | None:
        try:
            pause = await pausing.present_pause(bot.desk)
        except StoreUnavailableError:
            return None  # readiness says so
        except RecordError as error:
            return str(error)
        PAUSED.set(pause is not None)
        return f"paused since {pause.since:%Y-%m-%d %H:%M} UTC: {pause.reason}" if pause else None

    async def prices() -> str | None:
        try:
            waiting = [await bot.store.count_waiting(workspace) for workspace in await bot.store.workspaces()]
        except StoreUnavailableError:
            return None
        UNPRICED.set(sum(waiting))
        return f"{sum(waiting)} requests wait for a price" if any(waiting) else None

    async def messages() -> str | None:
        try:
            found = [await bot.store.backlog(workspace, utcnow()) for workspace in await bot.store.workspaces()]
        except StoreError:
            return None
        parked = sum(one.parked for one in found)
        WAITING.set(sum(one.waiting for one in found))
        OLDEST.set(max((one.oldest.total_seconds() for one in found), default=0.0))
        GIVEN_UP.set(parked)
        return f"{parked} messages were given up; the log says why (message_parked)" if parked else None

    async def records() -> str | None:
        try:
            found = [await bot.store.unreadable(workspace) for workspace in await bot.store.workspaces()]
        except StoreError:
            return None
        numbers = ", ".join(f"#{number}" for one in found for number in one)
        return f"these requests cannot be read and are left alone: {numbers}" if numbers else None

    return {"purchases": purchases, "prices": prices, "messages": messages, "records": records}
