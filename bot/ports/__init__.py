"""What the use-cases need from the outside: Provider, Store, Directory and Notifier, and how each may fail."""

from bot.ports.account import AccountStore
from bot.ports.journal import Journal, Sent
from bot.ports.ledger import Ledger
from bot.ports.outbox import Backlog, Claim, Lane, MessageRef, Posting, Silence, Told, Turn
from bot.ports.people import Directory, Form, Notifier, Nudge, Saying, Spot
from bot.ports.provider import PlaceOption, Places, Provider
from bot.ports.store import Audit, FormStore, Store, Submission

__all__ = [
    "AccountStore",
    "Audit",
    "Backlog",
    "Claim",
    "Directory",
    "Form",
    "FormStore",
    "Journal",
    "Lane",
    "Ledger",
    "MessageRef",
    "Notifier",
    "Nudge",
    "PlaceOption",
    "Places",
    "Posting",
    "Provider",
    "Saying",
    "Sent",
    "Silence",
    "Spot",
    "Store",
    "Submission",
    "Told",
    "Turn",
]
