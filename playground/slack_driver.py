"""Acting in the simulated workspace as a person would, and waiting for what they would see.

    async with SlackDriver(base_url) as slack:
        rita = slack.person("rita")
        await rita.types("/proxy buy", channel="proxies")
        form = await slack.until(rita.view)
        await rita.enters(form, "quantity", "5")
        await rita.submits(form)

Everything goes over the control interface, so it works from any process. Nothing here sleeps: `until` waits for
changes. A thing Slack would not let the person do raises `CannotError`. What a person can do is in `slack_person.py`.
"""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any, Self, TypeVar

import aiohttp

from playground.slack_person import SlackPerson
from playground.slack_seen import CannotError, Json, Outcome, SeenMessage, outcome

T = TypeVar("T")


class NeverHappenedError(AssertionError):
    """What was waited for did not come in time; carries what was there instead."""


class SlackDriver:
    """A hand on the control interface of a running workspace."""

    def __init__(self, base_url: str, team: str = "") -> None:
        """`team` is the id of a neighbouring workspace; without it, the first one."""
        self._base = base_url.rstrip("/").removesuffix("/api")
        self._team = f"teams/{team}/" if team else ""
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(self, verb: str, path: str, body: Json | None = None, **query: Any) -> Json:
        """One request to the control interface."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=120))
        params = {key: str(value) for key, value in query.items() if value is not None}
        url = f"{self._base}/control/{self._team}{path}"
        sent = None if verb == "GET" else (body or {})
        async with self._session.request(verb, url, json=sent, params=params) as response:
            answer: Json = await response.json()
        if response.status != 200:
            raise CannotError(answer.get("impossible", answer))
        return answer

    def person(self, name: str) -> SlackPerson:
        """Somebody of the workspace, by name or id."""
        return SlackPerson(self.call, name)

    # --- waiting

    async def revision(self) -> int:
        return int((await self.call("GET", "changes", since=-1))["revision"])

    async def until(
        self, predicate: Callable[[], T | Awaitable[T | None] | None], within: float = 30.0, what: str = ""
    ) -> T:
        """The first truthy value of `predicate` (plain or async), looked at again whenever something changed."""
        deadline = time.monotonic() + within
        while True:
            revision = await self.revision()
            value = predicate()
            if inspect.isawaitable(value):
                value = await value
            if value:
                return value
            left = deadline - time.monotonic()
            if left <= 0:
                raise NeverHappenedError(
                    f"{what or 'what was waited for'} did not happen in {within} s\n{await self.dump()}"
                )
            await self.call("GET", "changes", since=revision, within=left)

    async def dump(self) -> str:
        """The whole workspace as text: for failures and transcripts."""
        state = await self.call("GET", "state")
        names = {person["id"]: person["name"] for person in state["people"]}
        lines: list[str] = []
        for channel in state["channels"]:
            for raw in channel["messages"]:
                only = names.get(raw.pop("ephemeral_to") or "")
                private = f" (only {only})" if only else ""
                lines.append(f"#{channel['name']} @{raw['user_name']}{private}: {raw['text']}")
        lines += [f"on {names[view['owner']]}'s screen: {view['text']}" for view in state["views"]]
        lines += [f"home of {names[person]}: {view['text']}" for person, view in state["homes"].items()]
        lines += [f"problem: {problem['where']}: {problem['problem']}" for problem in state["problems"]]
        lines += [f"log: {json.dumps(line, ensure_ascii=False)[:300]}" for line in (await self.log())[-15:]]
        return "\n".join(lines)

    # --- the record

    async def log(self) -> list[Json]:
        """Every Web API call (`what: call`) and every delivery to the bot (`what: delivery`), oldest first."""
        return list((await self.call("GET", "log"))["log"])

    async def calls(self, method: str) -> list[Json]:
        return [line for line in await self.log() if line.get("method") == method]

    async def deliveries(self, kind: str) -> list[Json]:
        return [line for line in await self.log() if line.get("kind") == kind]

    async def problems(self) -> list[Json]:
        """What the bot did that real Slack refuses, ignores or warns of. Tests want this empty."""
        return list((await self.call("GET", "problems"))["problems"])

    async def confirms(self) -> list[Json]:
        return list((await self.call("GET", "confirms"))["confirms"])

    # --- trouble

    async def fault(self, name: str, method: str | None = None, times: int | None = 1, **more: Any) -> None:
        """`ratelimited` `error` `slow` `timeout_after_effect` `http_500` `reset` `duplicate_delivery` `dropped_ack`.

        `more`: `error`, `retry_after`, `seconds`, `skip`. `method` is a Web API method, `response_url`, or for the last
        two a kind of delivery. `times=None` lasts until `clear_faults`.
        """
        await self.call("POST", "faults", {"name": name, "method": method, "times": times, **more})

    async def clear_faults(self) -> None:
        await self.call("DELETE", "faults")

    async def set_clock(self, seconds: float | None) -> None:
        """World time stands still at this moment; None lets it run again."""
        await self.call("POST", "clock", {"set": seconds})

    async def advance(self, seconds: float) -> None:
        await self.call("POST", "clock", {"advance": seconds})

    async def change(self, what: str, **arguments: Any) -> None:
        """Any method of `workspace_changes.Changes` by name."""
        await self.call("POST", f"change/{what}", arguments)

    async def remove_bot(self, channel: str) -> None:
        await self.change("remove_from_channel", name=channel, who="proxydesk")

    async def add_bot(self, channel: str) -> None:
        await self.change("add_to_channel", name=channel, who="proxydesk")

    async def archive(self, channel: str, *, is_archived: bool = True) -> None:
        await self.change("archive", name=channel, is_archived=is_archived)

    async def revoke_token(self, *, is_revoked: bool = True) -> None:
        await self.change("revoke_token", is_revoked=is_revoked)

    async def deactivate(self, who: str) -> None:
        await self.change("change_person", who=who, changes={"deleted": True})

    async def change_person(self, who: str, **changes: Any) -> None:
        await self.change("change_person", who=who, changes=changes)

    async def set_group(self, name: str, members: list[str]) -> None:
        await self.change("set_group", name=name, members=members)

    async def delete_message(self, message: SeenMessage) -> None:
        await self.change("delete_message", channel_id=message.channel, ts=message.ts)

    async def settings(self, **settings: Any) -> None:
        """`bot_url`, `ack_within_s`, `rate_limits`, `post_burst`."""
        await self.call("POST", "settings", settings)

    async def chaos(self, name: str, *, on: bool = True) -> None:
        """A switch of `playground.chaos` by name."""
        await self.call("POST", "chaos", {"name": name, "on": on})

    async def curtain(self, since: int = 0) -> list[Json]:
        """What passed between Slack, the bot and Byteful, newest last."""
        return list((await self.call("GET", "curtain", since=since))["entries"])

    async def reset(self) -> None:
        await self.call("POST", "reset")

    async def deliver_raw(
        self,
        body: str,
        *,
        timestamp: str | None = None,
        signature: str | None = None,
        content_type: str = "application/x-www-form-urlencoded",
    ) -> Outcome:
        """Any body to the bot; signed properly unless told otherwise. `""` leaves a header out."""
        sent = {"body": body, "timestamp": timestamp, "signature": signature, "content_type": content_type}
        return outcome(await self.call("POST", "deliver", sent))

    async def replay_last(self) -> Outcome:
        """The last delivery once more, byte for byte."""
        return outcome(await self.call("POST", "deliver", {"replay": True}))
