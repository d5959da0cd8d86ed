"""The control interface: acting as people, looking at their screens, causing trouble. JSON over HTTP under `/control/`.

No authentication: it answers only requests addressed to the loopback, and only JSON bodies.

| call | does |
| --- | --- |
| `GET state` | everything there is, for the page |
| `GET changes?since=N&within=S` | holds until something changed after revision N: `{"revision": …}` |
| `GET log`, `GET problems`, `GET confirms` | every call and delivery; what the bot did wrong; dialogs answered |
| `GET stream?since=N` | server-sent events: `data: {"revision": …}` whenever something changed |
| `GET curtain?since=N` | what passed between Slack, the bot and Byteful, secrets blotted out |
| `GET byteful/state`, `/log`, `/faults`, `POST byteful/…` | the Byteful account's own controls: `provider_control` |
| `GET chaos`, `POST chaos` | switches by name: `{name, on}` |
| `GET files/{id}` | an uploaded file's bytes |
| `GET people/{who}` | the person |
| `GET people/{who}/screen?channel=&thread_ts=&last=` | their whole window, blocks and views raw |
| `POST people/{who}/reads` | `{channel, thread_ts, ts}`: they have seen it up to there |
| `GET people/{who}/view`, `/stack`, `/home` | their screen: topmost modal, all open ones, App Home |
| `GET people/{who}/messages?channel=&thread=&last=` | a conversation as they see it; `channel=dm`: with the bot |
| `POST people/{who}/types` | `{text, channel, thread_ts, files}`: a command or a message |
| `POST people/{who}/uploads` | `{name, content}`, base64: a file of theirs, for a message or a file field |
| `POST people/{who}/reacts` | `{target, name, remove}`: an emoji under a message |
| `POST people/{who}/reloads` | the window starts anew, without what only they saw |
| `POST people/{who}/clicks` | `{target, name, block_id, value, confirm}`; target `{view}` or `{channel, ts, blocks}` |
| `POST people/{who}/chooses` | `{target, name, value, block_id, query, confirm}` |
| `POST people/{who}/enters` | `{target, name, text, block_id, press_enter}` |
| `POST people/{who}/searches` | `{target, name, query, block_id}` |
| `POST people/{who}/submits`, `/closes` | `{target}`; closes takes `everything` for the x |
| `POST people/{who}/opens_home` | `{tab}` |
| `POST people/{who}/uses_shortcut` | `{callback_id, target}`; with a target it is a message shortcut |
| `POST faults`, `DELETE faults`, `GET faults` | `{name, method, times, error, retry_after, seconds, skip}` |
| `POST clock` | `{set: seconds or null}` or `{advance: seconds}` |
| `POST change/{what}` | `add_to_channel` `remove_from_channel` `archive` `revoke_token` `uninstall` `change_person` … |
| `POST deliver` | `{body, content_type, timestamp, signature}` or `{replay: true}` |
| `GET socket`, `POST socket` | Socket Mode connections; `{reason, number}` asks one or all to go |
| `POST settings` | `{bot_url, ack_within_s, rate_limits, post_burst, socket_mode}` |
| `POST reset` | as new |

Something a person could not do in Slack is answered 409 with `{"impossible": why}`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route

from playground import workspace_files as files
from playground import workspace_seen as seen
from playground import workspace_window as windows
from playground.chaos import Backstage, Chaos, Hands
from playground.curtain import Between, Passed
from playground.provider import LogEntry
from playground.provider_control import steering_routes
from playground.workspace import Workspace
from playground.workspace_changes import Changes
from playground.workspace_client import Client, Outcome
from playground.workspace_delivery import FORM, Courier
from playground.workspace_faults import Fault
from playground.workspace_model import ImpossibleError, Person, SlackError, View
from playground.workspace_schema import Json
from playground.workspace_screen import place, visible_message
from playground.workspace_views import top

HOLD_MOST_S = 30.0
HEARTBEAT_S = 15.0
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

Handler = Callable[[Request], Awaitable[Response]]


class Control:
    def __init__(self, ws: Workspace, courier: Courier, behind: Backstage | None = None) -> None:
        self.ws = ws
        self.courier = courier
        self.client = Client(ws, courier)
        self.changes = Changes(ws, courier)
        self.behind = behind or Backstage()
        self.chaos = Chaos(Hands(ws, self.changes, self.behind))
        self.heartbeat_s = HEARTBEAT_S
        if self.behind.provider is not None:
            self.behind.provider.on_change = ws.passed
            self.behind.provider.on_exchange = self._note_exchange

    def _note_exchange(self, entry: LogEntry, answer: bytes) -> None:
        """A request of the bot to Byteful, shown behind the curtain."""
        status = entry.status if entry.outcome == "answered" else entry.outcome
        asked = {key: value for key, value in (("query", entry.query), ("body", entry.body)) if value}
        passed = Passed(
            Between.TO_BYTEFUL,
            f"{entry.method} {entry.path}",
            status,
            entry.ms or 0.0,
            asked or None,
            answer,
            self.ws.now(),
            ok=entry.outcome == "answered" and (entry.status or 500) < 400,
        )
        self.ws.curtain.note(passed)

    def routes(self) -> list[BaseRoute]:
        gets: dict[str, Handler] = {
            "/state": self.get_state,
            "/changes": self.get_changes,
            "/stream": self.get_stream,
            "/curtain": self.get_curtain,
            "/chaos": self.get_chaos,
            "/socket": self.get_socket,
            "/log": self.get_log,
            "/problems": self.get_problems,
            "/confirms": self.get_confirms,
            "/faults": self.get_faults,
            "/files/{file_id}": self.get_file,
            "/people/{who}": self.get_person,
            "/people/{who}/{what}": self.get_screen,
        }
        posts: dict[str, Handler] = {
            "/people/{who}/uploads": self.post_upload,
            "/people/{who}/{verb}": self.post_act,
            "/chaos": self.post_chaos,
            "/socket": self.post_socket,
            "/faults": self.post_fault,
            "/clock": self.post_clock,
            "/change/{what}": self.post_change,
            "/deliver": self.post_deliver,
            "/settings": self.post_settings,
            "/reset": self.post_reset,
        }
        routes: list[BaseRoute] = [Route(path, guarded(handler), methods=["GET"]) for path, handler in gets.items()]
        routes += [Route(path, guarded(handler), methods=["POST"]) for path, handler in posts.items()]
        if self.behind.provider is not None:
            routes.append(Mount("/byteful", routes=steering_routes(self.behind.provider, self.ws.changed)))
        return [*routes, Route("/faults", guarded(self.delete_faults), methods=["DELETE"])]

    # --- looking

    async def get_state(self, _request: Request) -> Response:
        ws = self.ws
        open_views = [view for stack in ws.stacks.values() for view_id in stack for view in [ws.views[view_id]]]
        return JSONResponse(
            {
                "revision": ws.revision,
                "now": ws.now(),
                "team": {"id": ws.team_id, "domain": ws.team_domain},
                "people": [_person(person) for person in ws.people.values()],
                "groups": {group.handle: group.members for group in ws.groups.values()},
                "channels": [self._channel(channel_id) for channel_id in ws.channels],
                "views": [{"owner": view.owner, **seen.view(ws, view)} for view in open_views],
                "homes": {person: seen.view(ws, view) for person, view in ws.homes.items()},
                "problems": ws.problems,
            }
        )

    def _channel(self, channel_id: str) -> Json:
        channel = self.ws.channels[channel_id]
        everything = sorted([*channel.messages.values(), *channel.ephemerals], key=lambda one: float(one.ts))
        return {
            "id": channel.id,
            "name": channel.name,
            "kind": channel.kind,
            "is_private": channel.is_private,
            "is_archived": channel.is_archived,
            "members": channel.members,
            "messages": [{**seen.message(self.ws, one), "ephemeral_to": one.ephemeral_to} for one in everything],
        }

    async def get_changes(self, request: Request) -> Response:
        since = int(request.query_params.get("since", "-1"))
        within = min(float(request.query_params.get("within", "10")), HOLD_MOST_S)
        return JSONResponse({"revision": await self.ws.changed_since(since, within)})

    async def get_stream(self, request: Request) -> Response:
        since = int(request.query_params.get("since", "-1"))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._revisions(since), media_type="text/event-stream", headers=headers)

    async def _revisions(self, seen_revision: int) -> AsyncIterator[str]:
        """One event for every change, several at once as one; a comment now and then keeps the connection alive."""
        yield ": here\n\n"
        while not self.ws.is_closing:
            revision = await self.ws.changed_since(seen_revision, self.heartbeat_s)
            if revision > seen_revision:
                seen_revision = revision
                yield f'data: {{"revision": {revision}, "screen": {self.ws.screen_revision}}}\n\n'
            else:
                yield ": still here\n\n"

    async def get_curtain(self, request: Request) -> Response:
        entries = self.ws.curtain.since(int(request.query_params.get("since", "0")))
        return JSONResponse({"entries": entries, "ack_within_s": self.ws.ack_within_s, "revision": self.ws.revision})

    async def get_file(self, request: Request) -> Response:
        return files.download(self.ws, request.path_params["file_id"])

    async def get_chaos(self, _request: Request) -> Response:
        return JSONResponse({"switches": self.chaos.listed()})

    async def get_log(self, _request: Request) -> Response:
        return JSONResponse({"log": self.ws.log})

    async def get_problems(self, _request: Request) -> Response:
        return JSONResponse({"problems": self.ws.problems})

    async def get_confirms(self, _request: Request) -> Response:
        return JSONResponse({"confirms": self.ws.confirms})

    async def get_faults(self, _request: Request) -> Response:
        return JSONResponse({"faults": [fault.as_json() for fault in self.ws.faults.active]})

    async def get_person(self, request: Request) -> Response:
        return JSONResponse(_person(self._who(request)))

    async def get_screen(self, request: Request) -> Response:
        person = self._who(request)
        match request.path_params["what"]:
            case "view":
                return JSONResponse({"view": seen.open_view(self.ws, person.id)})
            case "stack":
                return JSONResponse({"views": seen.open_stack(self.ws, person.id)})
            case "home":
                home = self.ws.homes.get(person.id)
                return JSONResponse({"view": seen.view(self.ws, home) if home else None})
            case "screen":
                return JSONResponse(self._window(person, request))
            case "messages":
                return JSONResponse({"messages": self._messages(person, request)})
            case what:
                raise ImpossibleError(f"there is nothing called {what} to look at")

    def _window(self, person: Person, request: Request) -> Json:
        asked = request.query_params
        last = int(asked.get("last") or windows.MESSAGES_AT_ONCE)
        return windows.window(self.ws, person, asked.get("channel"), asked.get("thread_ts") or None, last)

    def _messages(self, person: Person, request: Request) -> list[Json]:
        name = request.query_params.get("channel", "dm")
        channel = self.ws.find_dm(person.id) if name == "dm" else self.ws.channel_named(name)
        if channel is None:
            return []
        if person.id not in channel.members:
            raise ImpossibleError(f"{person.name} is not in #{channel.name}")
        thread, last = request.query_params.get("thread"), int(request.query_params.get("last", "0"))
        return seen.conversation(self.ws, channel, person.id, thread, last)

    def _who(self, request: Request) -> Person:
        return self.ws.person(request.path_params["who"])

    # --- acting

    async def post_act(self, request: Request) -> Response:
        person, asked = self._who(request), await _body(request)
        outcome = await self._act(person, request.path_params["verb"], asked)
        return JSONResponse(outcome.as_json())

    async def post_upload(self, request: Request) -> Response:
        """A file from somebody's computer; its id is what a `file_input` or a message takes."""
        person, asked = self._who(request), await _body(request)
        content = base64.b64decode(asked["content"], validate=True)
        file = files.add_by_person(self.ws, person.id, str(asked["name"]), content)
        return JSONResponse({"file": files.shown(self.ws, file)})

    async def _act(self, person: Person, verb: str, asked: Json) -> Outcome:
        client = self.client
        match verb:
            case "types":
                named = asked.get("files") or ()
                return await client.types(person, asked["text"], asked["channel"], asked.get("thread_ts"), named)
            case "reacts":
                message = visible_message(self.ws, person, asked["target"]["channel"], asked["target"]["ts"])
                return await client.reacts(person, message, asked["name"], remove=bool(asked.get("remove")))
            case "reloads":
                client.reloads(person)
                return Outcome()
            case "reads":
                windows.read_up_to(self.ws, person, asked["channel"], asked.get("thread_ts"), asked.get("ts"))
                return Outcome()
            case "opens_home":
                return await client.opens_home(person, asked.get("tab", "home"))
            case "uses_shortcut":
                return await self._shortcut(person, asked)
            case "submits":
                return await client.submits(person, self._view(person, asked))
            case "closes":
                everything = bool(asked.get("everything"))
                return await client.closes(person, self._view(person, asked), everything=everything)
            case "clicks" | "chooses" | "enters" | "searches":
                where = place(self.ws, person, asked.pop("target"))
                name = asked.pop("name")
                method: Callable[..., Awaitable[Outcome]] = getattr(client, verb)
                return await method(person, where, name, **asked)
            case _:
                raise ImpossibleError(f"people cannot {verb!r} here")

    async def _shortcut(self, person: Person, asked: Json) -> Outcome:
        target = asked.get("target")
        if target is None:
            return await self.client.uses_shortcut(person, asked["callback_id"])
        message = visible_message(self.ws, person, target["channel"], target["ts"])
        return await self.client.uses_message_shortcut(person, asked["callback_id"], message)

    def _view(self, person: Person, asked: Json) -> View:
        view = self.ws.views.get(asked["target"]["view"])
        if view is None or not view.is_open or view.owner != person.id:
            uppermost = top(self.ws, person.id)
            raise ImpossibleError(f"{person.name} has no such view open; on top is {uppermost and uppermost.id}")
        return view

    # --- causing trouble

    async def post_chaos(self, request: Request) -> Response:
        asked = await _body(request)
        await self.chaos.turn(str(asked["name"]), bool(asked["on"]))
        return await self.get_chaos(request)

    async def get_socket(self, _request: Request) -> Response:
        connections = self.ws.teams.sockets.connections
        shown = [
            {"number": one.number, "delivered": one.delivered, "is_leaving": one.is_leaving} for one in connections
        ]
        return JSONResponse({"connections": shown, "socket_mode": self.ws.app.socket_mode})

    async def post_socket(self, request: Request) -> Response:
        """Slack asks connections to go: one by its number, or all."""
        asked = await _body(request)
        hub = self.ws.teams.sockets
        for one in [one for one in hub.connections if asked.get("number") in (None, one.number)]:
            await hub.dismiss(one, asked.get("reason", "refresh_requested"))
        return await self.get_socket(request)

    async def post_fault(self, request: Request) -> Response:
        try:
            self.ws.faults.add(Fault(**await _body(request)))
        except (TypeError, ValueError) as error:
            raise ImpossibleError(str(error)) from error
        return await self.get_faults(request)

    async def delete_faults(self, request: Request) -> Response:
        self.ws.faults.clear()
        return await self.get_faults(request)

    async def post_clock(self, request: Request) -> Response:
        asked = await _body(request)
        if "set" in asked:
            self.ws.set_clock(asked["set"])
        self.ws.advance(asked.get("advance", 0))
        return JSONResponse({"now": self.ws.now()})

    async def post_change(self, request: Request) -> Response:
        what = request.path_params["what"]
        method = None if what.startswith("_") else getattr(self.changes, what, None)
        if not callable(method):
            raise ImpossibleError(f"there is no change called {what}")
        try:
            await method(**await _body(request))
        except TypeError as error:
            raise ImpossibleError(str(error)) from error
        return JSONResponse({"revision": self.ws.revision})

    async def post_deliver(self, request: Request) -> Response:
        asked = await _body(request)
        if asked.get("replay"):
            receipt = await self.courier.replay()
        else:
            receipt = await self.courier.raw(
                asked["body"].encode(), asked.get("content_type", FORM), asked.get("timestamp"), asked.get("signature")
            )
        return JSONResponse({**Outcome(receipt).as_json(), "body": receipt.body.decode("utf-8", "replace")})

    async def post_settings(self, request: Request) -> Response:
        asked = await _body(request)
        self.ws.bot_url = asked.get("bot_url", self.ws.bot_url)
        self.ws.ack_within_s = asked.get("ack_within_s", self.ws.ack_within_s)
        self.ws.app.socket_mode = asked.get("socket_mode", self.ws.app.socket_mode)
        self.ws.limiter.enabled = asked.get("rate_limits", self.ws.limiter.enabled)
        self.ws.limiter.post_burst = asked.get("post_burst", self.ws.limiter.post_burst)
        return JSONResponse({"revision": self.ws.revision})

    async def post_reset(self, _request: Request) -> Response:
        await self.chaos.all_off()
        self.ws.reset()
        return JSONResponse({"revision": self.ws.revision})


def _person(person: Person) -> Json:
    return {
        "id": person.id,
        "name": person.name,
        "real_name": person.real_name,
        "is_bot": person.is_bot,
        "deleted": person.deleted,
    }


async def _body(request: Request) -> Json:
    body = await request.body()
    parsed: Any = json.loads(body) if body else {}
    if not isinstance(parsed, dict):
        raise ImpossibleError("the body must be a JSON object")
    return parsed


def is_loopback(request: Request) -> bool:
    """Addressed to this machine by name: keeps pages of other origins from reaching in through DNS."""
    host = request.headers.get("host", "").rsplit(":", 1)[0]
    return host in LOOPBACK


def guarded(handler: Handler) -> Handler:
    """Loopback only, JSON only, and what cannot be done said in a sentence."""

    async def answer(request: Request) -> Response:
        if not is_loopback(request):
            return JSONResponse({"impossible": "the control interface answers the loopback only"}, 403)
        is_json = request.headers.get("content-type", "").startswith("application/json")
        if request.method == "POST" and not is_json:
            return JSONResponse({"impossible": "send JSON"}, 415)
        try:
            return await handler(request)
        except (ImpossibleError, SlackError, LookupError, ValueError) as error:
            return JSONResponse({"impossible": f"{error}" or type(error).__name__}, 409)

    return answer
