"""`python -m playground.timed ARGUMENTS…`: the bot as a process whose clock is the sandbox's.

When somebody presses “Next month”, the bot lives that month too: deadlines pass, renewals come, digests fall due. The
bot itself knows nothing of this: the one function by which it reads the time is exchanged before anything imports it.
The offset is a number of seconds in the file that the variable `PLAYGROUND_CLOCK` names.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.usecases import desk

CLOCK = "PLAYGROUND_CLOCK"


def set_offset(file: Path, offset: timedelta) -> None:
    """Whoever reads meanwhile reads the old one or the new one."""
    written = file.with_suffix(".new")
    written.write_text(str(offset.total_seconds()))
    written.replace(file)


def clock(file: Path) -> Callable[[], datetime]:
    """Real time, moved by what the file says now."""
    return lambda: datetime.now(UTC) + timedelta(seconds=float(file.read_text()))


def main() -> None:
    """Become the bot's command line."""
    desk.utcnow = clock(Path(os.environ[CLOCK]))
    from bot.__main__ import main as bot_main  # noqa: PLC0415 - it takes the clock along when it is imported

    bot_main(sys.argv[1:])


if __name__ == "__main__":
    main()
