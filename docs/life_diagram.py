"""Draws the life of a request into `how-it-works.md`, from the table the code runs on.

.venv/bin/python docs/life_diagram.py
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # so that it runs from any folder

from bot.domain.request import FINAL, TRANSITIONS, State

PAGE = Path(__file__).with_name("how-it-works.md")
BEGIN = "<!-- drawn by life_diagram.py -->"
END = "<!-- end of the drawing -->"


def drawing() -> str:
    """The table as a mermaid diagram."""
    moves = [
        f"    {source.name} --> {target.name}: {event.__name__.lower()}"
        for (source, event), target in TRANSITIONS.items()
    ]
    first, last = (
        [f"    [*] --> {State.PENDING.name}"],
        [f"    {state.name} --> [*]" for state in State if state in FINAL],
    )
    return "\n".join(["```mermaid", "stateDiagram-v2", *first, *moves, *last, "```"])


def drawn(page: str) -> str:
    """The page with the present drawing between its two marks."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{drawing()}\n\n{END}{tail}"


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text()))
