"""A record that nobody here understands is left alone, said aloud, and holds up nobody else."""

import msgspec

from bot.domain.request import State
from bot.health import make_warnings
from bot.store import codec
from tests.stories.journey import TEAM, Journey


async def test_t121_d5_x6_a_record_of_a_newer_version_is_left_alone_and_the_sweep_goes_on(journey: Journey) -> None:
    """Rolling deploy: a newer version wrote one of two approved requests."""
    rita, mona = journey.people("rita", "mona")
    await journey.asks(rita)
    theirs, key = journey.numbers[-1], f"{{{TEAM}}}:request:{journey.numbers[-1]}"
    redis = journey.bot.store._redis
    stored = await redis.hget(key, "body")
    assert stored is not None
    body = msgspec.json.decode(stored)
    newer = msgspec.json.encode({**body, "format": codec.FORMAT + 1})
    await redis.hset(key, "body", newer)
    await redis.zadd(f"{{{TEAM}}}:state:{State.APPROVED}", {str(theirs): theirs})
    await redis.zadd(f"{{{TEAM}}}:deadline", {str(theirs): 0})

    card = await journey.asks(rita)
    await mona.clicks(card, "approve")
    await journey.sweep()
    await journey.card("Ordered")

    assert await redis.hget(key, "body") == newer
    assert await redis.zscore(f"{{{TEAM}}}:deadline", theirs) == 0
    assert any(line["event"] == "record_not_understood" and line["request"] == theirs for line in journey.log)
    warning = await make_warnings(journey.bot)["records"]()
    assert warning is not None
    assert f"#{theirs}" in warning

    await redis.hset(key, "body", msgspec.json.encode(body))  # this version can read it, say after an upgrade
    assert await make_warnings(journey.bot)["records"]() is None
    assert await redis.smembers(f"{{{TEAM}}}:unreadable") == set()
