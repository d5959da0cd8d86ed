"""The bench's history: what it copies is what really living through a request leaves, and it stays small."""

from bench import history
from bot.domain.ids import WorkspaceId
from bot.usecases.why import Reason

COPIES = 400


async def test_scale_a_copied_request_is_found_like_a_lived_one_and_nothing_searches_all_keys() -> None:
    async with history._server() as client:
        there = WorkspaceId("T0COPY")
        archive = await history._archive(client, there, COPIES)
        await client.config_resetstat()
        inbox = await archive.asks["a list"]()
        assert len(inbox.mine) == COPIES // history.PEOPLE  # type: ignore[attr-defined]
        reason = await archive.asks["/proxy why"]()
        assert isinstance(reason, Reason)
        assert reason.request is not None
        assert [entry.amount for entry in reason.entries] == [700]
        totals = await archive.desk.ledger.spend(there, history.FIRST, history.LAST)
        assert totals.sums.count == COPIES + 1, "the copies and the one they were made from"
        used = {name.removeprefix("cmdstat_") for name in await client.info("commandstats")}
        assert not used & history.FORBIDDEN


async def test_scale_a_finished_request_takes_no_more_than_three_kibibytes() -> None:
    async with history._server() as client:
        await history._archive(client, WorkspaceId("T0FIRST"), 50)
        before = await history._memory(client)
        await history._archive(client, WorkspaceId("T0NEXT"), COPIES)
        assert (await history._memory(client) - before) / COPIES < history.BYTES.must
