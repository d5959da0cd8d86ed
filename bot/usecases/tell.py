"""The outbox: every intent to speak is taken, rendered from the state as it is now, delivered, and remembered.

A message problem never changes a request, and a purchase never waits for a message.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot.domain.errors import ChatError, RecordError
from bot.domain.ids import UserId, WorkspaceId
from bot.domain.intents import CardIntent, DirectIntent, ThreadIntent
from bot.domain.request import PurchaseRequest
from bot.ports import Claim, Notifier
from bot.usecases.desk import Desk, utcnow

RETRY_AFTER = timedelta(seconds=20)
CARD_FIRST = timedelta(seconds=2)
"""How long a thread notice waits for the card it hangs below."""
BATCH = 20

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Teller:
    desk: Desk
    notifier: Notifier

    async def tell(self, workspace: WorkspaceId) -> int:
        """Deliver what is due, at most BATCH messages; returns how many were taken."""
        claims = await self.desk.store.claim_intents(workspace, utcnow(), BATCH)
        for claim in claims:
            await self._deliver(claim)
        return len(claims)

    async def _deliver(self, claim: Claim) -> None:
        store, intent = self.desk.store, claim.intent
        try:
            request = await store.get(claim.workspace, intent.request)
            is_done = request is None or await self._say(claim, request)
        except RecordError as error:
            _log.error("message_of_unreadable_record", intent=str(intent), error=str(error))
            is_done = False
        except ChatError as error:
            _log.warning("message_not_delivered", intent=str(intent), code=error.code)
            wait = timedelta(seconds=error.retry_after_s) if error.retry_after_s else RETRY_AFTER
            await store.delay_intent(claim, utcnow() + wait)
            return
        if is_done:
            await store.settle_intent(claim)
        else:
            await store.delay_intent(claim, utcnow() + CARD_FIRST)

    async def _say(self, claim: Claim, request: PurchaseRequest) -> bool:
        """Whether the intent is fulfilled; False when it has to wait for its card."""
        store, intent, name = self.desk.store, claim.intent, str(claim.intent)
        at = await store.message(claim.workspace, request.id, name)
        match intent:
            case CardIntent():
                said = await self.notifier.show_card(request, at, await self._approvers())
            case ThreadIntent():
                card = await store.message(claim.workspace, request.id, str(CardIntent(request.id)))
                if card is None:
                    return False
                said = at or await self.notifier.say_in_thread(request, intent.version, card)
            case DirectIntent():
                said = at or await self.notifier.tell_person(request, intent.version, intent.user)
        await store.record_message(claim.workspace, request.id, name, said)
        return True

    async def _approvers(self) -> list[UserId]:
        """Names for the card only; who may decide is judged at the click."""
        try:
            return sorted(await self.desk.approvers())
        except ChatError:
            return []
