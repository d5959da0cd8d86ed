"""Slack's limits on blocks, as named numbers. Text lengths are characters after escaping (Slack docs, Block Kit)."""

from __future__ import annotations

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100

FALLBACK = 2_990
"""`text` beside blocks. Slack takes 4,000 on an update; screen readers read all of it, so it stays shorter."""
SECTION = 3_000
FIELDS = 10
FIELD = 2_000
HEADER = 150
CONTEXT_ELEMENTS = 10
CONTEXT = 2_000
ALT = 2_000
ACTIONS = 25

CHARTS = 2
"""Of Slack's own in one message. What follows is about one of them (Slack docs, data visualization block)."""
CHART_TITLE = 50
CHART_SERIES = 6
CHART_POINTS = 20
CHART_LABEL = 20
"""Of a series, a segment, or a place on the axis."""

BUTTON = 75
BUTTON_VALUE = 2_000
URL = 3_000
CONFIRM_TITLE = 100
CONFIRM_TEXT = 300
CONFIRM_BUTTON = 30

MODAL_TITLE = 24
METADATA = 3_000
BLOCK_ID = 255
LABEL = 2_000
PLACEHOLDER = 150

OPTIONS = 100
OPTION = 75
OPTION_VALUE = 75
"""Slack's pages say 150, its own types say 75."""

# Ours: how much of a thing is worth showing.

NAME = 120
"""A product's or a line item's name."""
DETAIL = 600
"""A sentence from the provider or a problem with a field."""
SHORT_REASON = 160
"""A reason as one line of a list."""
REASON_LINES = 12
"""Line breaks kept in somebody's text; what follows runs on in the last line."""
DECLINE_REASON = 500
SERVICE_ID = 100
FALLBACK_URL = 400
"""A longer invoice address is left to the button."""
MENTIONS = 5
LINE_ITEMS = 8
HISTORY = 15
LISTED = 10
"""Requests in one list; each is two blocks at most."""
