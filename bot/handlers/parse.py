"""Slack's payloads as typed values. Ids are taken from the signed payload alone, never from text or names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from bot.blocks.ids import ANYWHERE, field_of, parse_request_value, parse_view_metadata
from bot.domain.audit import Origin
from bot.domain.catalog import Cycle, Field, Filter
from bot.domain.draft import Draft
from bot.domain.ids import ChannelId, ProductCode, UserId, WorkspaceId
from bot.domain.money import parse_dollars
from bot.usecases.decide import Click

Body = Mapping[str, Any]
NOT_WHOLE = "Write a whole number, such as 1000."
_LINK = re.compile(r"<([@#!]?)([^>|]*)(?:\|([^>]*))?>")
_IN_THOUSANDS = re.compile(r"-?\d{1,3}([, \u00a0\u202f])\d{3}(?:\1\d{3})*")
_SIGNS = {"@": "@", "#": "#", "!": "@"}


class Actor(Struct, frozen=True):
    """Who did something, where, and how to answer them. The answer address works five times in 30 minutes."""

    workspace: WorkspaceId
    user: UserId
    channel: ChannelId | None
    response_url: str | None
    trigger_id: str | None
    message: str | None = None
    """The `ts` of the message a button was on."""
    signature: str = ""
    """Slack's, when it is still to be found out whether this was here before (`Origin`)."""

    @property
    def origin(self) -> Origin:
        return Origin(self.channel, self.message, self.signature)


class Press(Struct, frozen=True):
    """One press of a button or change of an input. `ordinal` orders what one person does."""

    actor: Actor
    action_id: str
    block_id: str
    value: str
    ordinal: float
    view: Mapping[str, Any] | None
    is_in_message: bool
    is_ephemeral: bool = False
    """In a message that only this person sees."""


def workspace_of(body: Body) -> WorkspaceId:
    """Where a payload of any kind comes from. A form comes from where it was opened, whatever else Slack says."""
    _, opened_in = _metadata(body.get("view") or {})
    if opened_in:
        return opened_in
    installed: Body = next(iter(body.get("authorizations") or ()), {})  # events alone say whose app they are for
    team, user, enterprise = body.get("team") or {}, body.get("user") or {}, body.get("enterprise") or {}
    enterprise_id = body.get("enterprise_id") or enterprise.get("id") or installed.get("enterprise_id")
    team_id = installed.get("team_id") or body.get("team_id") or team.get("id") or user.get("team_id")
    return _workspace(team_id, enterprise_id)


def subject(view: Mapping[str, Any]) -> str:
    """What a form of ours is about: a draft, or a request as on a button."""
    return _metadata(view)[0]


def _metadata(view: Mapping[str, Any]) -> tuple[str, WorkspaceId | None]:
    return parse_view_metadata(str(view.get("private_metadata") or ""))


def command_actor(body: Body, signature: str = "") -> Actor:
    return Actor(
        workspace=workspace_of(body),
        user=UserId(str(body["user_id"])),
        channel=ChannelId(str(body["channel_id"])),
        response_url=body.get("response_url"),
        trigger_id=body.get("trigger_id"),
        signature=signature,
    )


def command_text(body: Body) -> str:
    """What follows the command, as it was typed: Slack escapes it and turns names into links (Slack docs)."""
    return as_typed(raw_text(body))


def raw_text(body: Body) -> str:
    """What follows the command, with people and channels as Slack's ids: `<@U…|rita>`."""
    return str(body.get("text") or "")


def message_text(body: Body) -> str:
    """The words of the message a shortcut was used on; empty for one that has none, such as a picture."""
    return as_typed(str((body.get("message") or {}).get("text") or "")).strip()


def as_typed(raw: str) -> str:
    named = _LINK.sub(lambda link: f"{_SIGNS.get(link[1], '')}{link[3] or link[2]}", raw)
    return named.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def actor(body: Body, signature: str = "") -> Actor:
    """The actor of an interactive payload."""
    user = body["user"]
    channel = (body.get("channel") or {}).get("id") or (body.get("container") or {}).get("channel_id")
    return Actor(
        workspace=workspace_of(body),
        user=UserId(str(user["id"])),
        channel=ChannelId(channel) if channel else None,
        response_url=_response_url(body),
        trigger_id=body.get("trigger_id"),
        message=(body.get("container") or {}).get("message_ts") or (body.get("message") or {}).get("ts"),
        signature=signature,
    )


def event_actor(body: Body) -> Actor:
    event = body["event"]
    return Actor(workspace_of(body), UserId(str(event["user"])), None, None, None)


def press(body: Body, signature: str = "") -> Press | None:
    """The one action of a `block_actions` payload; None for a payload with none or several."""
    actions = body.get("actions") or []
    if len(actions) != 1:
        return None
    action, container = actions[0], body.get("container") or {}
    return Press(
        actor=actor(body, signature),
        action_id=str(action.get("action_id", "")),
        block_id=str(action.get("block_id", "")),
        value=str(action.get("value") or ""),
        ordinal=float(action.get("action_ts") or 0),
        view=body.get("view"),
        is_in_message=container.get("type") == "message",
        is_ephemeral=bool(container.get("is_ephemeral")),
    )


def click(actor: Actor, value: str) -> Click | None:
    """The decision a button's value stands for; None when it is no request of ours."""
    parsed = parse_request_value(value)
    if parsed is None:
        return None
    request, revision = parsed
    return Click(actor.workspace, actor.user, request, revision, actor.origin)


def chosen(draft: Draft, view: Mapping[str, Any]) -> Draft:
    """The draft with everything the person has chosen in the form so far."""
    values = _values(view)
    product = values.get(Field.PRODUCT, draft.product_code)
    changes: dict[str, Any] = {"product_code": ProductCode(product) if product else None}
    if Field.QUANTITY in values:
        changes["quantity"] = whole_number(values[Field.QUANTITY])
    if Field.CYCLE in values:
        changes["cycle"] = Cycle.parse(values[Field.CYCLE] or "")
    if Field.PROMO in values:
        changes["promo_code"] = (values[Field.PROMO] or "").strip() or None
    if Field.REASON in values:
        changes["reason"] = values[Field.REASON] or ""
    if Field.CHANNEL in values:
        changes["channel"] = ChannelId(values[Field.CHANNEL] or "") or None
    if Field.AMOUNT in values:
        changes["top_up_cents"] = parse_dollars(values[Field.AMOUNT] or "")
    changes["filter"] = _filter(values, draft.filter)
    after = replace(draft, **changes)
    return after if after.selection else after.with_problems(_unreadable(values))


def _unreadable(values: Mapping[str, str | None]) -> dict[str, str]:
    """What was typed and cannot be taken for anything: beside its field, or nobody would see why there is no price."""
    typed_in = (values.get(Field.QUANTITY) or "").strip()
    return {Field.QUANTITY: NOT_WHOLE} if typed_in and whole_number(typed_in) is None else {}


def labels(view: Mapping[str, Any]) -> dict[str, str]:
    """The words beside each chosen option, so that a redrawn form shows the same ones."""
    found: dict[str, str] = {}
    for block, elements in ((view.get("state") or {}).get("values") or {}).items():
        for element in elements.values():
            option = element.get("selected_option")
            if option:
                found[field_of(block)] = str(option["text"]["text"])
    return found


def typed(view: Mapping[str, Any], field: str) -> str:
    return (_values(view).get(field) or "").strip()


def block_of(view: Mapping[str, Any], field: str) -> str | None:
    """The block id under which this field stands in the form now."""
    for block in view.get("blocks") or ():
        if block.get("type") == "input" and field_of(str(block.get("block_id"))) == field:
            return str(block["block_id"])
    return None


def _values(view: Mapping[str, Any]) -> dict[str, str | None]:
    """Field → what is in it now, whatever kind of input it is."""
    found: dict[str, str | None] = {}
    for block, elements in ((view.get("state") or {}).get("values") or {}).items():
        for element in elements.values():
            option = element.get("selected_option")
            value = option["value"] if option else element.get("selected_conversation") or element.get("value")
            found[field_of(block)] = value
    return found


def _filter(values: Mapping[str, str | None], before: Filter) -> Filter:
    def part(field: Field, known: object) -> str | None:
        value = values[field] if field in values else (str(known) if known is not None else None)
        return None if value in (None, "", ANYWHERE) else value

    return Filter(
        asn_id=whole_number(part(Field.ASN, before.asn_id)),
        subdivision_id=part(Field.SUBDIVISION, before.subdivision_id),
        city_id=whole_number(part(Field.CITY, before.city_id)),
    )


def whole_number(text: str | None) -> int | None:
    """`1000`, or `1,000` as the bot itself writes it; one too long to be meant stays too large to pass any check."""
    digits = (text or "").strip()
    if grouped := _IN_THOUSANDS.fullmatch(digits):
        digits = digits.replace(grouped[1], "")
    return int(digits[:12]) if digits.removeprefix("-").isdecimal() else None


def _workspace(team: str | None, enterprise: str | None) -> WorkspaceId:
    return WorkspaceId(".".join(part for part in (enterprise, team) if part))


def _response_url(body: Body) -> str | None:
    url = body.get("response_url")
    if url:
        return str(url)
    urls = body.get("response_urls") or []
    return str(urls[0]["response_url"]) if urls else None
