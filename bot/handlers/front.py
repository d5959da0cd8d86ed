"""What every handler works with, and the ways to answer a person: in the ack, soon, or privately later."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field

import structlog

from bot.blocks import notices
from bot.blocks.kit import Message
from bot.domain.errors import ChatError
from bot.domain.policy import Verdict
from bot.handlers.errors import explained
from bot.handlers.parse import Actor
from bot.ports import Errands, FormStore
from bot.slack import Chat
from bot.tasks import ended
from bot.usecases import home
from bot.usecases.desk import Desk

FAST_ANSWER_S = 0.3
"""An answer this quick goes into the ack; a slower one is announced there and follows."""

UNKNOWN_BUTTON = "I do not know this button. Nothing was done; look at `/proxy requests`."

_log = structlog.get_logger()


class Background:
    """Work that goes on after an ack. It is kept track of, its errors are logged, and closing waits for it."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()
        self._newest: dict[str, asyncio.Task[object]] = {}

    def spawn(self, work: Coroutine[object, object, object]) -> None:
        task = asyncio.get_running_loop().create_task(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def take_over(self, name: str) -> None:
        """The task this is called in replaces the one that did so before under this name."""
        self.give_up(name)
        task = asyncio.current_task()
        if task is not None:
            self._newest[name] = task
            task.add_done_callback(lambda done: self._forget(name, done))

    def give_up(self, name: str) -> None:
        """End the task that works under this name: nobody waits for it any more."""
        task = self._newest.pop(name, None)
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    def _forget(self, name: str, done: asyncio.Task[object]) -> None:
        if self._newest.get(name) is done:
            del self._newest[name]

    async def drain(self, seconds: float) -> None:
        """Let what is under way finish; what takes longer is cancelled."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=seconds)
        await ended(*late)


async def _logged(work: Coroutine[object, object, object]) -> None:
    try:
        await work
    except Exception:
        _log.exception("background_work_failed")


@dataclass(frozen=True, slots=True)
class Front:
    """`store` is here for what forms need (drafts, order of clicks); requests go through the use-cases."""

    desk: Desk
    chat: Chat
    store: FormStore
    errands: Errands
    background: Background = field(default_factory=Background)

    def unknown(self, who: Actor, name: str) -> Message:
        """The answer to a button that is none of ours, or carries what none of ours would; noted in the audit trail."""
        _log.warning("unknown_button", action=name[:80], user=who.user)
        noted = self.desk.note(who.workspace, "unknown_button", by=who.user, detail=name[:80], origin=who.origin)
        self.background.spawn(noted)
        return notices.sentence(UNKNOWN_BUTTON)

    async def denied(self, who: Actor, verdict: Verdict, about: str) -> None:
        """Somebody asked for what they may not have: that is part of the record."""
        await self.desk.note(
            who.workspace, f"refused:{verdict.rule}", by=who.user, detail=about[:200], origin=who.origin
        )

    async def whisper(self, actor: Actor, message: Message, *, replace: bool = False) -> None:
        """Tell the actor privately; what Slack takes nowhere stands in their Home."""
        try:
            await self.chat.whisper(
                message, user=actor.user, channel=actor.channel, response_url=actor.response_url, replace=replace
            )
        except ChatError as error:
            _log.warning("answer_not_delivered", user=actor.user, code=error.code)
            await home.keep_untold(self.desk, actor.workspace, actor.user, message.text)

    def whisper_later(self, actor: Actor, message: Message, *, replace: bool = False) -> None:
        self.background.spawn(self.whisper(actor, message, replace=replace))

    def answer_later(self, actor: Actor, work: Callable[[], Awaitable[Message]], *, replace: bool = False) -> None:
        """The answer privately, within moments. Not in the ack: there, nobody would learn that Slack refused it."""

        async def answer() -> None:
            await self.whisper(actor, await explained(work), replace=replace)

        self.background.spawn(answer())

    async def soon(self, actor: Actor, work: Callable[[], Awaitable[Message]], waiting: Message) -> Message:
        """The work's answer when it is quick; else `waiting` now and the answer privately afterwards."""
        task = asyncio.ensure_future(explained(work))
        done, _ = await asyncio.wait({task}, timeout=FAST_ANSWER_S)
        if done:
            return task.result()
        self.background.spawn(self._follow(actor, task))
        return waiting

    async def _follow(self, actor: Actor, task: asyncio.Future[Message]) -> None:
        await self.whisper(actor, await task)
