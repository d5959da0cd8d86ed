"""The browser the page is tried in: the system's own Chromium."""

from __future__ import annotations

import importlib.util
import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import ViewportSize

CHROMIUM = os.environ.get("PROXYDESK_CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP: ViewportSize = {"width": 1366, "height": 820}


def _missing() -> str:
    if shutil.which(CHROMIUM) is None:
        return f"the page was not tried: no Chromium at {CHROMIUM}, set PROXYDESK_CHROMIUM"
    if importlib.util.find_spec("playwright") is None:
        return "the page was not tried: playwright is not installed"
    return ""


MISSING = _missing()
"""Why there is no browser to try the page in, or nothing."""
