"""Errands of one person that take longer than a click may: a file by direct message, a summary with its pictures.

Done by a worker. However it ends, the person is told.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from bot.blocks import csv_file, json_file, looks, notices, spend_summary, summaries, text, usage_summary
from bot.blocks.charts import Picture
from bot.blocks.csv_file import Table
from bot.blocks.kit import Message
from bot.domain.account import bytes_in
from bot.domain.errors import ChatError, StoreError, Trouble
from bot.domain.ledger import sums_of
from bot.domain.scope import Asked, Measure
from bot.gallery import Gallery
from bot.log import new_reference
from bot.ports import Errand, ErrandKind
from bot.slack import Chat
from bot.slack_files import SlackFiles
from bot.usecases import company, home
from bot.usecases import summaries as sums
from bot.usecases.desk import Desk

NO_RIGHT_TO_UPLOAD = (
    "That could not be sent: Proxydesk lacks the right `files:write`. An admin has to install it again with that "
    "right (docs/install.md)."
)
NO_FILE = "The file could not be sent ({code}). Nothing else changed. Try again in a minute."
NOT_DONE = {
    ErrandKind.FILE: NO_FILE,
    ErrandKind.JSON: NO_FILE,
    ErrandKind.PICTURE: "The picture could not be made. The numbers above hold without it.",
}

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Clerk:
    desk: Desk
    chat: Chat
    files: SlackFiles
    gallery: Gallery

    async def run(self, errand: Errand) -> None:
        """Do it and say so. What was asked was judged at the click; it is judged again, for rights may be gone."""
        asked = sums.asked_in(self.desk, errand.asked)
        if asked is None:
            _log.error("errand_not_understood", asked=errand.asked)
            return
        try:
            answer = await self._done(errand, asked)
        except ChatError as error:
            _log.warning("errand_failed", errand=errand.kind, code=error.code)
            no_right = error.trouble is Trouble.SCOPE
            told = NO_RIGHT_TO_UPLOAD if no_right else NOT_DONE[errand.kind].format(code=error.code)
            answer = notices.sentence(told)
        except StoreError:
            answer = notices.sentence("The bot's memory does not answer, so there is nothing to send. Try again soon.")
        except Exception:
            reference = new_reference()
            _log.exception("errand_broke", errand=errand.kind, reference=reference)
            answer = notices.sentence(f"Something went wrong on our side. Nothing was sent. Reference `{reference}`")
        if answer is not None:
            await self._tell(errand, answer)

    async def _done(self, errand: Errand, asked: Asked) -> Message | None:
        channel = errand.channel if errand.channel and errand.channel.startswith(("C", "G")) else None
        may, may_see_cost = await sums.may_see(self.desk, errand.user, channel, asked.scope)
        if not may.is_allowed or (asked.measure is Measure.SPEND and not may_see_cost.is_allowed):
            refusal = may if not may.is_allowed else may_see_cost
            what = f"refused:{refusal.rule}"
            await self.desk.note(errand.workspace, what, by=errand.user, detail=f"{errand.kind} {asked}"[:200])
            return notices.sentence(refusal.sentence)
        match errand.kind:
            case ErrandKind.FILE | ErrandKind.JSON:
                await self._file(errand, asked)
                return None
            case ErrandKind.PICTURE:
                return await self._pictured(errand, asked, shows_cost=may_see_cost.is_allowed)

    async def _file(self, errand: Errand, asked: Asked) -> None:
        """With the number of rows and the totals, so that the file can be checked against the summary."""
        is_json = errand.kind is ErrandKind.JSON
        stem = f"proxydesk-{asked.measure}-{asked.scope.kind}-{asked.period}".replace("..", "-to-")
        name = f"{stem}.{'json' if is_json else 'csv'}"
        divided = await company.now(self.desk)
        where = f"{summaries.about(asked.scope)} {text.days(asked.period)}"
        if asked.measure is Measure.SPEND:
            entries = await sums.entries(self.desk, errand.workspace, asked)
            table, total = (json_file if is_json else csv_file).spend(name, entries, divided), sums_of(entries)
            words = f"Spent {where}: {spend_summary.totals_line(total)}"
        else:
            rows, services = await sums.usage_rows(self.desk, errand.workspace, asked)
            rows = rows[: sums.MOST_LINES]
            table = (json_file if is_json else csv_file).usage(name, rows, services, divided)
            words = f"Used {where}: {text.data_words(bytes_in(rows))}"
        told = f"{words}\n{_rows(table)} in the file."
        if table.rows >= sums.MOST_LINES:
            told += " It ends there, and the sums are those of these rows: ask about fewer days for the rest."
        await self.files.to_person(errand.user, table.name, table.content, told)

    async def _pictured(self, errand: Errand, asked: Asked, *, shows_cost: bool) -> Message:
        if asked.measure is Measure.USAGE:
            used = await sums.used(self.desk, errand.workspace, asked.scope, asked.period, shows_cost=shows_cost)
            return usage_summary.usage(asked, used, pictures=await self._hung(looks.usage_pictures(used)))
        spend = await sums.spend(self.desk, errand.workspace, asked.scope, asked.period)
        names = await sums.names_of(self.desk, spend)
        pictures = await self._hung(looks.spend_pictures(spend, names))
        zone = sums.zone_of_scope(self.desk, asked.scope)
        return spend_summary.spend(asked, spend, time_zone=zone, names=names, pictures=pictures)

    async def _hung(self, pictures: list[Picture]) -> list[tuple[str, Picture]]:
        hung = await self.gallery.hang(pictures)
        if pictures and not hung:
            raise ChatError("no_picture", trouble=Trouble.OTHER)
        return hung

    async def _tell(self, errand: Errand, answer: Message) -> None:
        try:
            await self.chat.whisper(
                answer,
                user=errand.user,
                channel=errand.channel,
                response_url=errand.response_url,
                replace=errand.kind is ErrandKind.PICTURE and any(block["type"] == "image" for block in answer.blocks),
            )
        except ChatError as error:
            _log.warning("answer_not_delivered", user=errand.user, code=error.code)
            await home.keep_untold(self.desk, errand.workspace, errand.user, answer.text)


def _rows(table: Table) -> str:
    return text.plural(table.rows, "row", "rows")
