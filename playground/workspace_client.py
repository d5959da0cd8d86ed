"""What a person can do in Slack, as their client allows it, and what they see happen.

A client sends only what is on screen for that person, refuses forms that are not filled in, and shows an error when the
bot does not answer well within three seconds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from playground import workspace_messages as messages
from playground import workspace_payloads as payloads
from playground import workspace_seen as seen
from playground import workspace_views as views
from playground.workspace import Workspace
from playground.workspace_delivery import Courier, Receipt
from playground.workspace_elements import TYPED_IN
from playground.workspace_files import shown as shown_file
from playground.workspace_model import Channel, ImpossibleError, Message, Person, SlackError, View
from playground.workspace_offers import Offers, least
from playground.workspace_options import options_of
from playground.workspace_picking import own_file, picked
from playground.workspace_schema import Json
from playground.workspace_screen import Place, Spot, check_top, find, pick
from playground.workspace_submissions import TROUBLE, take_answer
from playground.workspace_text import text_object
from playground.workspace_values import MULTI, STATEFUL, action_of, client_refusal, state_key


@dataclass
class Outcome:
    """What a person's move led to, as far as they can tell."""

    receipt: Receipt | None = None
    answer: Json | None = None  # the message a command was answered with
    error: str | None = None  # what the client shows went wrong
    errors: dict[str, str] = field(default_factory=dict)  # under which fields
    view: Json | None = None  # what modal is on top now
    offered: Json = field(default_factory=dict)  # for an external select: its options, or its groups of them

    def as_json(self) -> Json:
        receipt = self.receipt
        return {
            "delivered": receipt is not None,
            "acked": receipt is not None and receipt.acked,
            "status": receipt.status if receipt else None,
            "ms": receipt.ms if receipt else 0.0,
            "failure": receipt.failure if receipt else None,
            "answer": self.answer,
            "error": self.error,
            "errors": self.errors,
            "view": self.view,
            "options": options_of(self.offered),
            "option_groups": self.offered.get("option_groups", []),
        }


class Client:
    """Slack's client, for any person of the workspace."""

    def __init__(self, ws: Workspace, courier: Courier) -> None:
        self.ws = ws
        self.courier = courier
        self._offers = Offers(ws, courier)

    # --- writing

    async def types(
        self, person: Person, text: str, channel: str, thread_ts: str | None = None, files: Sequence[str] = ()
    ) -> Outcome:
        """A command or a message; `files` are ids of what the person has just uploaded."""
        where = self._conversation(person, channel)
        if not text.startswith("/"):
            return await self._says(person, where, text, thread_ts, files)
        if thread_ts:
            raise ImpossibleError("slash commands cannot be used inside threads")
        await self._leave_modals(person)
        return await self._commands(person, where, text)

    def _conversation(self, person: Person, name: str) -> Channel:
        """Where they type: a channel they are in, or `dm` for the direct message with the bot."""
        if person.deleted:
            raise ImpossibleError(f"{person.name} is deactivated")
        where = self.ws.open_dm(person.id) if name == "dm" else self.ws.channel_named(name)
        if person.id not in where.members:
            raise ImpossibleError(f"{person.name} is not in #{where.name}")
        if where.is_archived:
            raise ImpossibleError(f"#{where.name} is archived")
        return where

    async def _says(
        self, person: Person, where: Channel, text: str, thread_ts: str | None, files: Sequence[str]
    ) -> Outcome:
        if where.kind == "im" and (not self.ws.app.messages_tab or self.ws.app.messages_tab_read_only):
            raise ImpossibleError("the bot's messages tab takes no messages")
        if thread_ts:
            thread_ts = messages.check_thread(where, thread_ts)
        message = Message(where.id, self.ws.next_ts(where), person.id, self._stored(text), thread_ts=thread_ts)
        message.files = [self._attached(person, file_id, where) for file_id in files]
        message.subtype = "file_share" if message.files else None
        where.messages[message.ts] = message
        self.ws.changed()
        receipt = await self._tell_about(where, message)
        return Outcome(receipt, answer=seen.message(self.ws, message, person.id))

    def _attached(self, person: Person, file_id: str, where: Channel) -> Json:
        file = own_file(self.ws, person, file_id)
        file.channels.append(where.id)
        return shown_file(self.ws, file)

    def _stored(self, text: str) -> str:
        return payloads.spoken_text(self.ws, text)

    async def _tell_about(self, where: Channel, message: Message) -> Receipt | None:
        if self.ws.app.bot_user not in where.members or self.ws.app.is_inactive:
            return None
        said = {**self.ws.message_payload(message), "channel": where.id, "event_ts": message.ts}
        kind = {"im": "im", "mpim": "mpim"}.get(where.kind, "groups" if where.is_private else "channels")
        receipt = None
        if f"message.{kind}" in self.ws.app.events:
            receipt = await self.courier.event({**said, "channel_type": where.scope_kind}, message.user)
        if f"<@{self.ws.app.bot_user}>" in message.text and "app_mention" in self.ws.app.events:
            receipt = await self.courier.event({**said, "type": "app_mention"}, message.user)
        return receipt

    async def _commands(self, person: Person, where: Channel, line: str) -> Outcome:
        name, _, text = line.partition(" ")
        known = {} if self.ws.app.is_inactive else self.ws.app.commands
        if known is not None and name not in known:
            return Outcome(error=f"{name} is not a valid command. In Slack, all messages that start with “/” are")
        if known is not None and known[name].should_escape:
            text = payloads.escaped_text(self.ws, text)
        fields = payloads.command(self.ws, person, where, name, text.strip())
        receipt = await self.courier.command(person.id, fields)
        outcome = Outcome(receipt)
        if receipt.acked:
            self._answer_command(outcome, person, where, line)
        else:
            word = "operation_timeout" if receipt.failure == "timeout" else "dispatch_failed"
            outcome.error = f"{name} failed with the error “{word}”"
        return self._with_view(outcome, person)

    def _answer_command(self, outcome: Outcome, person: Person, where: Channel, line: str) -> None:
        assert outcome.receipt is not None
        body = self._command_body(outcome.receipt.body)
        if body is None:
            return
        if unknown := set(body) - {"text", "blocks", "attachments", "response_type", "metadata", "mrkdwn"}:
            self.ws.note_problem("command answer", f"unknown keys: {', '.join(sorted(unknown))}")
        try:
            content = messages.content_of(self.ws, body, "command answer")
        except SlackError as error:
            self.ws.note_problem("command answer", error.code)
            outcome.error = f"{line.split(maxsplit=1)[0]} failed with the error “invalid_command_response”"
            return
        if body.get("response_type") == "in_channel":
            typed = Message(where.id, self.ws.next_ts(where), person.id, line)
            where.messages[typed.ts] = typed
        said = messages.say(self.ws, where, content, body, person=person.id)
        outcome.answer = seen.message(self.ws, said, person.id)

    def _command_body(self, body: bytes) -> Json | None:
        text = body.decode("utf-8", "replace")
        if not text.strip():
            return None
        try:
            parsed = json.loads(text)
        except ValueError:
            return {"text": text}
        return parsed if isinstance(parsed, dict) else {"text": text}

    # --- pressing and choosing

    async def clicks(
        self,
        person: Person,
        place: Place,
        name: str,
        *,
        block_id: str | None = None,
        value: str | None = None,
        confirm: bool = True,
    ) -> Outcome:
        spot = find(person, place, name, block_id=block_id, value=value, pressed=True)
        if not self._confirms(spot, confirm):
            return self._with_view(Outcome(), person)
        return await self._acts(spot, None)

    def _confirms(self, spot: Spot, yes: bool) -> bool:
        dialog = spot.element.get("confirm")
        if dialog is None:
            return True
        self.ws.confirms.append(
            {
                "person": spot.person.id,
                "action_id": spot.element["action_id"],
                "title": dialog["title"]["text"],
                "text": text_object(dialog["text"], self.ws.name_of),
                "answered": "confirm" if yes else "deny",
            }
        )
        self.ws.changed()
        return yes

    async def chooses(
        self,
        person: Person,
        place: Place,
        name: str,
        value: Any,
        *,
        block_id: str | None = None,
        query: str | None = None,
        confirm: bool = True,
    ) -> Outcome:
        spot = find(person, place, name, block_id=block_id)
        if spot.kind == "overflow":
            pick(options_of(spot.element), value)
        if not self._confirms(spot, confirm):
            return self._with_view(Outcome(), person)
        if spot.kind == "overflow":
            return await self._acts(spot, {"selected_option": pick(options_of(spot.element), value)})
        if spot.kind not in STATEFUL - TYPED_IN:
            raise ImpossibleError(f"nothing can be chosen in a {spot.kind}")
        state = {"type": spot.kind, state_key(spot.kind): await self._wanted(spot, value, query)}
        self._set(spot, state)
        if spot.block["type"] == "input" and not spot.block.get("dispatch_action"):
            return self._with_view(Outcome(), person)
        return await self._acts(spot, state)

    async def _wanted(self, spot: Spot, value: Any, query: str | None) -> Any:
        if value is None:
            return [] if spot.kind in MULTI else None
        if spot.kind not in MULTI:
            return await self._one(spot, value, query)
        values = value if isinstance(value, list) else [value]
        if len(values) > spot.element.get("max_selected_items", 100):
            raise ImpossibleError(f"at most {spot.element['max_selected_items']} can be chosen")
        if spot.kind == "file_input" and len(values) > spot.element.get("max_files", 10):
            raise ImpossibleError(f"at most {spot.element.get('max_files', 10)} files go in there")
        return [await self._one(spot, one, query) for one in values]

    async def _one(self, spot: Spot, value: Any, query: str | None) -> Any:
        if spot.kind.endswith("external_select"):
            return await self._offers.one(spot, value, query)
        return picked(self.ws, spot.person, spot.element, value)

    def _set(self, spot: Spot, state: Json) -> None:
        values = spot.place.values(spot.person.id)
        values.setdefault(spot.block["block_id"], {})[spot.element["action_id"]] = state
        if spot.place.view is not None:
            spot.place.view.errors.pop(spot.block["block_id"], None)
        self.ws.changed()

    async def enters(
        self,
        person: Person,
        place: Place,
        name: str,
        text: str,
        *,
        block_id: str | None = None,
        press_enter: bool = False,
    ) -> Outcome:
        spot = find(person, place, name, block_id=block_id)
        if spot.kind not in TYPED_IN:
            raise ImpossibleError(f"nothing can be typed into a {spot.kind}")
        key = state_key(spot.kind)
        value: Any = (_rich(text) if key == "rich_text_value" else text) if text else None
        state = {"type": spot.kind, key: value}
        self._set(spot, state)
        triggers = spot.element.get("dispatch_action_config", {}).get("trigger_actions_on", ["on_enter_pressed"])
        moved = ("on_enter_pressed" if press_enter else "on_character_entered") in triggers
        if spot.block.get("dispatch_action") and moved:
            return await self._acts(spot, state)
        return self._with_view(Outcome(), person)

    async def _acts(self, spot: Spot, state: Json | None) -> Outcome:
        action = action_of(spot.block, spot.element, state, f"{self.ws.now():.6f}")
        payload = payloads.block_actions(self.ws, spot.person, [action], spot.place.message, spot.place.view)
        receipt = await self.courier.interaction(spot.person.id, payload)
        outcome = Outcome(receipt)
        if not receipt.acked:
            outcome.error = "⚠ " + TROUBLE
        elif receipt.body.strip():
            self.ws.note_problem("block_actions", "the body of an ack to block_actions is ignored")
        return self._with_view(outcome, spot.person)

    # --- external selects

    async def searches(
        self, person: Person, place: Place, name: str, query: str, *, block_id: str | None = None
    ) -> Outcome:
        spot = find(person, place, name, block_id=block_id)
        if "external_select" not in spot.kind:
            raise ImpossibleError(f"nothing can be searched in a {spot.kind}")
        if len(query) < least(spot):
            return Outcome()
        receipt, offered = await self._offers.ask(spot, query)
        error = None if receipt.acked else "No results: the list could not be loaded"
        return Outcome(receipt, offered=offered, error=error)

    # --- modals

    async def submits(self, person: Person, view: View) -> Outcome:
        check_top(self.ws, person, view)
        if "submit" not in view.content:
            raise ImpossibleError("this view has no submit button")
        refusals = self._refusals(view)
        if refusals:
            view.errors = refusals
            self.ws.changed()
            return self._with_view(Outcome(errors=refusals), person)
        view.errors, view.trouble = {}, None
        receipt = await self.courier.interaction(person.id, payloads.view_submission(self.ws, person, view))
        outcome = Outcome(receipt)
        if view.is_open:
            take_answer(self.ws, view, receipt)
            outcome.error, outcome.errors = view.trouble, dict(view.errors)
        return self._with_view(outcome, person)

    def _refusals(self, view: View) -> dict[str, str]:
        found = {}
        for block in view.blocks:
            if block["type"] == "input":
                state = view.values[block["block_id"]][block["element"]["action_id"]]
                if refusal := client_refusal(block, state):
                    found[block["block_id"]] = refusal
        return found

    async def closes(self, person: Person, view: View, *, everything: bool = False) -> Outcome:
        """Cancel closes this view; `everything` is the x, which clears the stack."""
        check_top(self.ws, person, view)
        if everything:
            return await self._clear(person)
        if view.content.get("clear_on_close"):
            views.close_all(self.ws, person.id)
        else:
            views.close_top(self.ws, person.id)
        return self._with_view(Outcome(await self._notify_closed(person, view, is_cleared=False)), person)

    async def _clear(self, person: Person) -> Outcome:
        *_, root = views.close_all(self.ws, person.id)
        return self._with_view(Outcome(await self._notify_closed(person, root, is_cleared=True)), person)

    async def _leave_modals(self, person: Person) -> None:
        """Nobody can type a command behind an open modal, so they close it first."""
        if views.top(self.ws, person.id) is not None:
            await self._clear(person)

    async def _notify_closed(self, person: Person, view: View, *, is_cleared: bool) -> Receipt | None:
        if not view.content.get("notify_on_close"):
            return None
        payload = payloads.view_closed(self.ws, person, view, is_cleared=is_cleared)
        return await self.courier.interaction(person.id, payload)

    # --- reactions, and looking again

    async def reacts(self, person: Person, message: Message, name: str, *, remove: bool = False) -> Outcome:
        """An emoji under a message, or one's own taken away again; the bot hears of it if it asked to."""
        who = message.reactions.get(name, [])
        if message.ephemeral_to is not None or remove is not (person.id in who):
            raise ImpossibleError(f"{person.name} cannot {'take back' if remove else 'add'} :{name}: there")
        left = [one for one in who if one != person.id] if remove else [*who, person.id]
        message.reactions[name] = left
        if not left:
            del message.reactions[name]
        self.ws.changed()
        return Outcome(await self._tell_reaction(person, message, name, removed=remove))

    async def _tell_reaction(self, person: Person, message: Message, name: str, *, removed: bool) -> Receipt | None:
        kind = "reaction_removed" if removed else "reaction_added"
        has_bot = self.ws.app.bot_user in self.ws.channels[message.channel].members
        if kind not in self.ws.app.events or not has_bot or self.ws.app.is_inactive:
            return None
        item = {"type": "message", "channel": message.channel, "ts": message.ts}
        said = {"type": kind, "user": person.id, "reaction": name, "item_user": message.user, "item": item}
        return await self.courier.event({**said, "event_ts": f"{self.ws.now():.6f}"}, person.id)

    def reloads(self, person: Person) -> None:
        """The window starts anew: what only this person saw is gone, messages and open forms alike."""
        for channel in self.ws.channels.values():
            channel.ephemerals = [one for one in channel.ephemerals if one.ephemeral_to != person.id]
        views.close_all(self.ws, person.id)
        self.ws.changed()

    # --- App Home and shortcuts

    async def opens_home(self, person: Person, tab: str = "home") -> Outcome:
        if tab == "home" and not self.ws.app.home_tab:
            raise ImpossibleError("the bot has no Home tab")
        await self._leave_modals(person)
        dm = self.ws.open_dm(person.id)
        opened: Json = {
            "type": "app_home_opened",
            "user": person.id,
            "channel": dm.id,
            "tab": tab,
            "event_ts": f"{self.ws.now():.6f}",
        }
        home = self.ws.homes.get(person.id)
        if home is not None and tab == "home":
            opened["view"] = payloads.shown_view(self.ws, home)
        if "app_home_opened" not in self.ws.app.events or self.ws.app.is_inactive:
            return Outcome()
        return Outcome(await self.courier.event(opened, person.id))

    async def uses_shortcut(self, person: Person, callback_id: str) -> Outcome:
        self._check_shortcut(callback_id, "global")
        await self._leave_modals(person)
        return await self._shortcut(person, payloads.shortcut(self.ws, person, callback_id))

    async def uses_message_shortcut(self, person: Person, callback_id: str, message: Message) -> Outcome:
        self._check_shortcut(callback_id, "message")
        await self._leave_modals(person)
        return await self._shortcut(person, payloads.message_action(self.ws, person, callback_id, message))

    def _check_shortcut(self, callback_id: str, kind: str) -> None:
        known = self.ws.app.shortcuts
        if known is not None and known.get(callback_id) != kind:
            raise ImpossibleError(f"the bot has no {kind} shortcut {callback_id!r}")

    async def _shortcut(self, person: Person, payload: Json) -> Outcome:
        receipt = await self.courier.interaction(person.id, payload)
        error = None if receipt.acked else "⚠ " + TROUBLE
        return self._with_view(Outcome(receipt, error=error), person)

    def _with_view(self, outcome: Outcome, person: Person) -> Outcome:
        outcome.view = seen.open_view(self.ws, person.id)
        return outcome


def _rich(text: str) -> Json:
    leaf = {"type": "text", "text": text}
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [leaf]}]}
