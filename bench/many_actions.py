"""`proxydesk` with another number of registered actions, for the row that compares 200 with 5."""

from __future__ import annotations

import os

from bot.__main__ import main
from bot.blocks.ids import Action
from bot.handlers.listeners import PRESSES

if __name__ == "__main__":
    wanted = int(os.environ["ACTIONS"])
    approve = PRESSES[Action.APPROVE]
    if len(PRESSES) > wanted:
        PRESSES.clear()
    PRESSES.update({f"another_{number}": approve for number in range(wanted - len(PRESSES) - 1)})
    PRESSES[Action.APPROVE] = approve
    main()
