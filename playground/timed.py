"""`python -m playground.timed ARGUMENTS…`: the bot as a process whose clock is the sandbox's.

When somebody presses “Next month”, the bot lives that month too: deadlines pass, renewals come, digests fall due. The
bot itself knows nothing of this: what is exchanged is the `datetime` of the one function by which it reads the time.
The offset is a number of seconds in the file that the variable `PLAYGROUND_CLOCK` names.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from bot import jobs
from bot.__main__ import main as bot_main
from bot.usecases import desk

CLOCK = "PLAYGROUND_CLOCK"
OFTEN = "* * * * * */20"
"""How often it reads the account: whoever skips a month does not wait five minutes to see what comes of it."""


class OtherTime:
    """Stands where `bot/usecases/desk.py` has `datetime`, which it asks for nothing but `now`."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    def now(self, zone: tzinfo) -> datetime:
        return self._clock().astimezone(zone)


def set_offset(file: Path, offset: timedelta) -> None:
    """Whoever reads meanwhile reads the old one or the new one."""
    written = file.with_suffix(".new")
    written.write_text(str(offset.total_seconds()))
    written.replace(file)


def clock_of(file: Path) -> Callable[[], datetime]:
    """Real time, moved by what the file says now."""
    return lambda: datetime.now(UTC) + timedelta(seconds=float(file.read_text()))


def main() -> None:
    """Become the bot's command line."""
    vars(jobs)["SNAPSHOT_CRON"] = OFTEN
    vars(desk)["datetime"] = OtherTime(clock_of(Path(os.environ[CLOCK])))
    bot_main(sys.argv[1:])


if __name__ == "__main__":
    main()
