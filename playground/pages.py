"""Numbers on a page of the docs come from the program that measured them: it writes them between two marks."""

from __future__ import annotations

import re
from pathlib import Path


def fill(page: Path, mark: str, text: str) -> None:
    """Put `text` between `<!-- begin MARK -->` and `<!-- end MARK -->`. Raises ValueError on a page without them."""
    written = page.read_text()
    between = re.compile(rf"(<!-- begin {re.escape(mark)} -->\n).*?(<!-- end {re.escape(mark)} -->)", re.DOTALL)
    if not between.search(written):
        raise ValueError(f"{page} has no place marked {mark!r}")
    page.write_text(between.sub(lambda found: f"{found[1]}{text.rstrip()}\n{found[2]}", written))
