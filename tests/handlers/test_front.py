"""Work behind acks: one piece at a time under a name, and none of it lost at the end."""

import asyncio

from bot.handlers.front import Background


async def a_few_turns() -> None:
    """Enough for every task that can go on to do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_t66_newer_work_under_a_name_ends_the_older() -> None:
    background, started, ended = Background(), [], []

    async def work(number: int) -> None:
        background.take_over("form:V1")
        started.append(number)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append(number)
            raise

    for number in (1, 2, 3):
        background.spawn(work(number))
        await a_few_turns()
    assert (started, ended) == ([1, 2, 3], [1, 2])
    background.give_up("form:V2")
    background.give_up("form:V1")
    await a_few_turns()
    assert ended == [1, 2, 3]
    background.give_up("form:V1")
    await background.drain(1)


async def test_work_that_takes_over_its_own_name_goes_on_and_leaves_nothing_behind() -> None:
    background, done = Background(), asyncio.Event()

    async def work() -> None:
        background.take_over("form:V1")
        background.take_over("form:V1")
        background.give_up("form:V1")
        await asyncio.sleep(0)
        background.take_over("form:V1")
        done.set()

    background.spawn(work())
    await done.wait()
    await background.drain(1)
    await a_few_turns()
    assert background._newest == {}
