"""What happens to a workspace behind the bot's back: channels archived, tokens revoked, people gone, groups changed.

Each change sends the event Slack would send, if the app subscribed to it.
"""

from __future__ import annotations

from playground import workspace_messages as messages
from playground.workspace import Workspace
from playground.workspace_delivery import Courier
from playground.workspace_model import ImpossibleError
from playground.workspace_schema import Json


class Changes:
    def __init__(self, ws: Workspace, courier: Courier) -> None:
        self.ws = ws
        self.courier = courier

    async def _tell(self, kind: str, **content: object) -> None:
        self.ws.changed()
        if kind in self.ws.app.events and self.ws.bot_url:
            await self.courier.event({"type": kind, **content, "event_ts": f"{self.ws.now():.6f}"})

    async def add_to_channel(self, name: str, who: str) -> None:
        channel, person = self.ws.channel_named(name), self.ws.person(who)
        if person.id in channel.members:
            return
        channel.members.append(person.id)
        shown = {"user": person.id, "channel": channel.id, "channel_type": "C", "team": self.ws.team_id}
        await self._tell("member_joined_channel", **shown)

    async def remove_from_channel(self, name: str, who: str) -> None:
        channel, person = self.ws.channel_named(name), self.ws.person(who)
        if person.id not in channel.members:
            return
        channel.members.remove(person.id)
        if person.id == self.ws.app.bot_user:
            await self._tell("group_left" if channel.is_private else "channel_left", channel=channel.id)
        else:
            shown = {"user": person.id, "channel": channel.id, "channel_type": "C", "team": self.ws.team_id}
            await self._tell("member_left_channel", **shown)

    async def archive(self, name: str, *, is_archived: bool = True) -> None:
        channel = self.ws.channel_named(name)
        channel.is_archived = is_archived
        kind = "group" if channel.is_private else "channel"
        word = "archive" if is_archived else "unarchive"
        await self._tell(f"{kind}_{word}", channel=channel.id, user="U00000ADA")

    async def revoke_token(self, *, is_revoked: bool = True) -> None:
        """From the moment the event goes out, every call with the token is refused."""
        self.ws.app.is_revoked = is_revoked
        self.ws.changed()
        if is_revoked:
            await self._tell("tokens_revoked", tokens={"bot": [self.ws.app.bot_user]})

    async def uninstall(self) -> None:
        self.ws.app.is_inactive = True
        await self._tell("app_uninstalled")

    async def change_person(self, who: str, changes: Json) -> None:
        """Set any of a person's flags: `deleted`, `is_restricted`, `tz`, `real_name`, …"""
        person = self.ws.person(who)
        if unknown := [key for key in changes if not hasattr(person, key) or key in ("id", "updated")]:
            raise ImpossibleError(f"a person has no {', '.join(unknown)}")
        for key, value in changes.items():
            setattr(person, key, value)
        person.updated = int(self.ws.now())
        shown = person.as_user(
            self.ws.now(), with_email="users:read.email" in self.ws.app.scopes, is_stranger=self.ws.is_stranger(person)
        )
        await self._tell("user_change", user=shown, cache_ts=int(self.ws.now()))

    async def set_group(self, name: str, members: list[str]) -> None:
        group = self.ws.group_named(name)
        group.members = [self.ws.person(member).id for member in members]
        shown = group.as_usergroup(self.ws.team_id, with_users=True, with_count=True)
        await self._tell("subteam_updated", subteam=shown)

    async def disable_group(self, name: str) -> None:
        group = self.ws.group_named(name)
        group.date_delete = int(self.ws.now())
        await self._tell(
            "subteam_updated", subteam=group.as_usergroup(self.ws.team_id, with_users=False, with_count=True)
        )

    async def delete_message(self, channel_id: str, ts: str) -> None:
        """A person with the right to do so removes a message, the bot's too."""
        channel = self.ws.channel_named(channel_id)
        message = channel.messages.get(ts)
        if message is None:
            raise ImpossibleError(f"there is no message {ts} in #{channel.name}")
        messages.delete(self.ws, channel, message)

    async def set_scopes(self, scopes: list[str]) -> None:
        """As after a re-install with other scopes."""
        self.ws.app.scopes = frozenset(scopes)
        self.ws.changed()
