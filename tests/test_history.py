"""The bench's history: what it copies is what really living through a request leaves, it is asked as Slack asks, and it
stays small.
"""

from bench import history
from bench.history import HOME, LIST, QUESTIONS, SPEND, WHY
from bench.traffic import APPROVER
from bot.domain.ids import WorkspaceId

COPIES = 400


async def test_scale_a_copied_request_is_found_like_a_lived_one_and_nothing_searches_all_keys() -> None:
    said: dict[str, str] = {}
    async with history._server() as server:
        archive = await history._archive(server.client, WorkspaceId("T0COPY"), COPIES)
        await server.client.config_resetstat()
        for name in QUESTIONS:
            await archive.seconds(archive.question(name))
            said[name] = str(archive.screen.said)
        entries = await archive.front.desk.ledger.entries_of_service(archive.workspace, archive.service)
        used = {name.removeprefix("cmdstat_") for name in await server.client.info("commandstats")}
        assert not used & history.FORBIDDEN
    assert f"Your requests ({COPIES // history.PEOPLE})" in said[HOME]
    assert "Ordered" in said[LIST]
    assert f"{COPIES + 1} orders" in said[SPEND], "the copies and the one they were made from"
    assert f"Approved by <@{APPROVER}>" in said[WHY]
    assert [entry.amount for entry in entries] == [700]


async def test_scale_trips_to_the_store_are_counted_one_after_the_other() -> None:
    async with history._server() as server:
        near = await history._archive(server.client, WorkspaceId("T0COPY"), COPIES)
        await near.seconds(near.question(LIST))
        async with server.from_afar() as client:
            far = history._bot(client, WorkspaceId("T0COPY"), COPIES)
            assert await history._trips(LIST, far) >= 2


async def test_scale_a_finished_request_takes_no_more_than_three_kibibytes() -> None:
    async with history._server() as server:
        await history._archive(server.client, WorkspaceId("T0FIRST"), 50)
        before = await history._memory(server.client)
        await history._archive(server.client, WorkspaceId("T0NEXT"), COPIES)
        assert (await history._memory(server.client) - before) / COPIES < history.BYTES.must
