"""What the use-cases need from the outside: Provider, Store, Directory and Notifier, and how each may fail."""

from bot.domain.audit import NOWHERE, Audit, Origin
from bot.ports.account import AccountStore
from bot.ports.audit import AuditTrail, Recorded
from bot.ports.journal import Journal, Sent
from bot.ports.ledger import Ledger
from bot.ports.outbox import Backlog, Claim, Lane, MessageRef, Posting, Silence, Told, Turn
from bot.ports.people import Directory, Errand, ErrandKind, Errands, Form, Notifier, Nudge, Saying, Spot
from bot.ports.provider import Answered, LastLook, Pacer, PlaceOption, Places, Provider, Urgency
from bot.ports.store import REPLAY_MEMORY_S, FormStore, Page, Store, Submission

__all__ = [
    "NOWHERE",
    "REPLAY_MEMORY_S",
    "AccountStore",
    "Answered",
    "Audit",
    "AuditTrail",
    "Backlog",
    "Claim",
    "Directory",
    "Errand",
    "ErrandKind",
    "Errands",
    "Form",
    "FormStore",
    "Journal",
    "Lane",
    "LastLook",
    "Ledger",
    "MessageRef",
    "Notifier",
    "Nudge",
    "Origin",
    "Pacer",
    "Page",
    "PlaceOption",
    "Places",
    "Posting",
    "Provider",
    "Recorded",
    "Saying",
    "Sent",
    "Silence",
    "Spot",
    "Store",
    "Submission",
    "Told",
    "Turn",
    "Urgency",
]
