"""A client of the store whose calls share one connection, so that what is asked at the same time travels together.

redis-py's own client takes a connection out of a pool for each command, which costs several times the CPU of the
command itself; and a click waits for nothing as often as for the store.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Iterable
from typing import Any

import redis.asyncio as redis_asyncio
from redis import exceptions
from redis.asyncio.connection import AbstractConnection
from redis.connection import HiredisRespSerializer

from bot.tasks import ended

PATIENCE_S = 1.2
"""How long an answer may take before its connection is given up, with all that was asked on it."""


class SharedClient(redis_asyncio.Redis):
    """redis-py's client with one connection for all plain commands. None of them may block, and all may come twice:
    one whose answer was lost is asked once more.

    Pipelines and subscriptions have connections of their own, as with redis-py.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._line: Line | None = None
        self._connecting = asyncio.Lock()
        self._is_closed = False

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        try:
            answer = await (await self._open_line()).ask(args)
        except exceptions.ConnectionError:
            answer = await (await self._open_line()).ask(args)
        return await self.parse_response(_Answered(answer), args[0], **options)  # type: ignore[arg-type]

    async def ask_together(self, *commands: tuple[Any, ...]) -> list[Any]:
        """The answers to several questions that leave in one piece, as the server words them: keys and values in turn
        where redis-py would make a dict. A pipeline does the same over a connection of its own, for twice the CPU.
        """
        try:
            return await (await self._open_line()).ask_together(commands)
        except exceptions.ConnectionError:
            return await (await self._open_line()).ask_together(commands)

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        self._is_closed = True
        async with self._connecting:
            if self._line is not None:
                await self._line.close()
        await super().aclose(close_connection_pool)

    async def _open_line(self) -> Line:
        if self._line is not None and self._line.is_open:
            return self._line
        if self._is_closed:
            raise exceptions.ConnectionError("This client is closed.")
        async with self._connecting:
            if self._line is None or not self._line.is_open:
                connection = self.connection_pool.make_connection()  # type: ignore[no-untyped-call]
                connection.socket_timeout = None  # `_look` limits each call; a timer of its own would cost as much
                await connection.connect()
                self._line = Line(connection)
            return self._line


class Line:
    """One connection. The server answers in the order in which it is asked: an answer is for the oldest question."""

    def __init__(self, connection: AbstractConnection) -> None:
        self.is_open = True
        self._connection = connection
        self._packer = HiredisRespSerializer()  # in C; an asyncio connection of redis-py packs in Python
        self._loop = asyncio.get_running_loop()
        self._questions: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._leaving: list[bytes] = []
        self._sending: asyncio.Task[None] | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._reading = self._loop.create_task(self._read())

    async def ask(self, command: tuple[Any, ...]) -> Any:
        """Raises ConnectionError or TimeoutError when there is no answer, ResponseError when that is the answer."""
        return await self._put(command)

    async def ask_together(self, commands: Iterable[tuple[Any, ...]]) -> list[Any]:
        """Raises as `ask` does, for the first that has no answer or a refusal."""
        return await asyncio.gather(*[self._put(command) for command in commands])

    def _put(self, command: tuple[Any, ...]) -> asyncio.Future[Any]:
        if not self.is_open:
            raise exceptions.ConnectionError("closed meanwhile")  # nobody would read on a connection made anew
        self._leaving += self._packer.pack(*command)
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._questions.append((self._loop.time(), answer))
        if self._watch is None:
            self._watch = self._loop.call_later(PATIENCE_S, self._look)
        if self._sending is None:
            self._sending = self._loop.create_task(self._send())
        return answer

    async def close(self) -> None:
        self._give_up(exceptions.ConnectionError("closed by us"))
        await ended(self._reading)

    async def _send(self) -> None:
        """All that is asked before the event loop comes round leaves at once: each sending wakes the server."""
        while self._leaving and self.is_open:
            packed, self._leaving = self._leaving, []
            try:
                await self._connection.send_packed_command(packed, check_health=False)
            except exceptions.RedisError as error:
                self._give_up(error)
        self._sending = None

    async def _read(self) -> None:
        try:
            while True:
                self._settle(await self._next_answer())
        except (exceptions.RedisError, OSError) as error:
            self._give_up(error)
        finally:
            await self._connection.disconnect(nowait=True)

    async def _next_answer(self) -> Any:
        try:
            return await self._connection.read_response(timeout=math.inf)  # `_look` sees to it that nobody waits long
        except exceptions.ResponseError as error:
            return error

    def _settle(self, found: Any) -> None:
        _, answer = self._questions.popleft()
        if answer.done():
            return  # whoever asked has gone
        if isinstance(found, Exception):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def _look(self) -> None:
        """A server that hangs keeps its connection open: whoever waits is told, and the next one connects anew."""
        self._watch = None
        if not self._questions:
            return
        left_s = self._questions[0][0] + PATIENCE_S - self._loop.time()
        if left_s > 0:
            self._watch = self._loop.call_later(left_s, self._look)
        else:
            self._give_up(exceptions.TimeoutError("no answer in time"))
            self._reading.cancel()

    def _give_up(self, error: Exception) -> None:
        self.is_open = False
        if self._watch is not None:
            self._watch.cancel()
        for _, answer in self._questions:
            if not answer.done():
                answer.set_exception(type(error)(*error.args))
        self._questions.clear()


class _Answered:
    """An answer that has arrived, in the place of the connection from which redis-py would read it."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    async def read_response(self, **_options: Any) -> Any:
        return self._answer
