"""One of everything Block Kit has, as Slack takes it."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def words(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def option(text: str, value: str = "") -> Json:
    return {"text": words(text), "value": value or text.lower()}


def button(text: str, **more: Any) -> Json:
    return {"type": "button", "action_id": f"show_{text.lower()}", "text": words(text), **more}


def leaf(text: str, **style: bool) -> Json:
    return {"type": "text", "text": text, **({"style": style} if style else {})}


def part(kind: str, *elements: Json, **more: Any) -> Json:
    return {"type": f"rich_text_{kind}", "elements": list(elements), **more}


FRUIT = [option("Apple"), option("Banana"), option("Cherry")]
GROUPS = [{"label": words("Sweet"), "options": FRUIT[:2]}, {"label": words("Sour"), "options": FRUIT[2:]}]
PICTURE = {"type": "image", "image_url": "https://pictures.example/map.png", "alt_text": "A map of the network"}
SAID = (
    "*bold* _italic_ ~struck~ `code &lt;b&gt;` :tada: :no_such_emoji: <https://byteful.com|a link> <@U0000MONA> "
    "<#C00PROXIES> <!subteam^S0APPROVERS> <!here> 2 &lt; 3 &amp; 4 snake_case_stays 2*3*4\n"
    "> quoted *well*\n```block\n  of code```\n"
    "<!date^1760000000^On {date_long} at {time}|some day>"
)
TEXT = [leaf("plain "), leaf("bold", bold=True), leaf(" and "), leaf("code", code=True)]
RICH = {
    "type": "rich_text",
    "elements": [
        part("section", *TEXT, {"type": "emoji", "name": "rocket"}, {"type": "user", "user_id": "U0000RITA"}),
        part("list", part("section", leaf("first")), part("section", leaf("second")), style="ordered"),
        part("list", part("section", leaf("deeper")), style="bullet", indent=1),
        part("quote", leaf("so it is said")),
        part("preformatted", leaf("x = 1")),
    ],
}
MARKDOWN = (
    "# Title\n\nSome **bold**, *italic*, `code` and a [link](https://byteful.com).\n\n- one\n- two\n  - deeper\n\n"
    "1. first\n2. second\n\n- [x] done\n- [ ] open\n\n> quoted\n\n"
    "```\ncode\n```\n\n| a | b |\n|---|---|\n| 1 | **2** |\n\n---"
)


def chart(kind: str, **series: tuple[float, float]) -> Json:
    plotted = [
        {"name": name, "data": [{"label": "Mon", "value": first}, {"label": "Tue", "value": second}]}
        for name, (first, second) in series.items()
    ]
    axis = {"categories": ["Mon", "Tue"], "x_label": "Day", "y_label": "US dollars"}
    return {
        "type": "data_visualization",
        "title": f"A chart of {kind}s",
        "chart": {"type": kind, "series": plotted, "axis_config": axis},
    }


PIE: Json = {
    "type": "data_visualization",
    "title": "A pie",
    "chart": {"type": "pie", "segments": [{"label": "ISP", "value": 3}, {"label": "Mobile", "value": 1}]},
}
MESSAGE: list[Json] = [
    {"type": "header", "text": words("A header :package:")},
    {"type": "section", "text": mrkdwn(SAID), "accessory": PICTURE},
    {"type": "section", "fields": [mrkdwn(f"*Field {n}*\nvalue") for n in range(4)]},
    {
        "type": "section",
        "text": mrkdwn("With a menu"),
        "accessory": {"type": "overflow", "action_id": "overflow", "options": FRUIT},
    },
    {
        "type": "section",
        "text": mrkdwn("With a select"),
        "accessory": {"type": "static_select", "action_id": "one", "option_groups": GROUPS},
    },
    {
        "type": "section",
        "text": mrkdwn("With a day"),
        "accessory": {"type": "datepicker", "action_id": "day", "initial_date": "2026-02-03"},
    },
    {"type": "divider"},
    {
        "type": "actions",
        "elements": [
            button("Plain"),
            button("Primary", style="primary"),
            button("Danger", style="danger"),
            button("Link", url="https://byteful.com/"),
            {"type": "users_select", "action_id": "who", "placeholder": words("Somebody")},
            {"type": "checkboxes", "action_id": "some", "options": FRUIT[:2]},
            {"type": "radio_buttons", "action_id": "which", "options": FRUIT[:2]},
        ],
    },
    {"type": "context", "elements": [PICTURE, mrkdwn("context with *bold*")]},
    {
        "type": "image",
        "title": words("A picture"),
        "image_url": "https://pictures.example/map.png",
        "alt_text": "A map",
    },
    RICH,
    {"type": "markdown", "text": MARKDOWN},
    {
        "type": "table",
        "column_settings": [{"is_wrapped": True}, {"align": "right"}],
        "rows": [
            [{"type": "raw_text", "text": "Product"}, {"type": "raw_text", "text": "Price"}],
            [
                {"type": "raw_text", "text": "ISP"},
                {"type": "rich_text", "elements": [part("section", leaf("$3.50", bold=True))]},
            ],
        ],
    },
    chart("bar", ISP=(6.3, 3.15), Mobile=(2, 0)),
    PIE,
    {
        "type": "video",
        "title": words("A film"),
        "alt_text": "film",
        "video_url": "https://v.example/1",
        "thumbnail_url": "https://v.example/1.png",
    },
    {"type": "alert", "level": "warning", "text": mrkdwn("An *alert*")},
    {"type": "card", "title": mrkdwn("A card"), "body": mrkdwn("Its body"), "actions": [button("Card")]},
    {"type": "carousel", "elements": [{"type": "card", "title": words(f"Card {n}")} for n in range(3)]},
    {"type": "container", "title": words("A container"), "is_collapsible": True, "child_blocks": [{"type": "divider"}]},
]


def field(label: str, element: Json, **more: Any) -> Json:
    name = label.lower().replace(" ", "_")
    return {
        "type": "input",
        "block_id": name,
        "label": words(label),
        "element": {"action_id": name, **element},
        "optional": True,
        **more,
    }


def modal(title: str, *blocks: Json) -> Json:
    return {
        "type": "modal",
        "title": words(title),
        "submit": words("Save"),
        "close": words("Cancel"),
        "blocks": list(blocks),
    }


FORM = modal(
    "One of everything",
    field("Line", {"type": "plain_text_input", "max_length": 20, "placeholder": words("a line")}, hint=words("Short")),
    field("Lines", {"type": "plain_text_input", "multiline": True}),
    field("Number", {"type": "number_input", "is_decimal_allowed": False, "min_value": "1"}, optional=False),
    field("Mail", {"type": "email_text_input"}),
    field("Address", {"type": "url_text_input"}),
    field("Rich", {"type": "rich_text_input"}),
    field("Fruit", {"type": "static_select", "option_groups": GROUPS}),
    field("Fruits", {"type": "multi_static_select", "options": FRUIT, "max_selected_items": 2}),
    field("Person", {"type": "users_select"}),
    field("People", {"type": "multi_users_select"}),
    field("Channel", {"type": "channels_select"}),
    field("Conversation", {"type": "conversations_select"}),
    field("Some", {"type": "checkboxes", "options": FRUIT}),
    field("Which", {"type": "radio_buttons", "options": FRUIT}),
    field("Day", {"type": "datepicker"}),
    field("Time", {"type": "timepicker"}),
    field("Moment", {"type": "datetimepicker"}),
    field("Paper", {"type": "file_input"}),
)
