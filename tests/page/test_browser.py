"""Whether the page could be tried at all: skips where there is no browser, and fails in CI, which must have one."""

from __future__ import annotations

import os

import pytest

from tests.page.browser import MISSING


def test_there_is_a_browser_to_try_the_page_in() -> None:
    if MISSING and not os.environ.get("CI"):
        pytest.skip(MISSING)
    assert MISSING == ""
