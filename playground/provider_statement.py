"""The account's money, line by line: every charge, payment, void, refund and top-up, and what each did to the credit.

A bill is one `charge` when it is made and one `payment` or `void` when it ends; credit that a bill uses leaves with the
charge and comes back with the void. So the credit balance is always the sum of the lines' `credit`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from playground.provider_values import Invoice, Row, stamp

Kind = Literal["opening", "charge", "payment", "void", "refund", "credit_set"]


@dataclass(frozen=True)
class Line:
    """`cents` is the amount in question, never negative; `credit` says by how much the balance moved to `balance`."""

    number: int
    at: str
    kind: Kind
    purpose: str | None
    invoice_id: str | None
    service_id: str | None
    cents: int
    credit: int
    balance: int


class Statement:
    """Append-only; the balance is kept as the lines are written."""

    def __init__(self, opening: int, at: datetime) -> None:
        self.lines: list[Line] = []
        self.balance = 0
        self._add("opening", at, opening, opening)

    def charge(self, invoice: Invoice, at: datetime) -> None:
        self._bill("charge", invoice, at, invoice.total, -invoice.credit_applied)

    def payment(self, invoice: Invoice, at: datetime) -> None:
        """What was still due came by other means; a paid top-up becomes credit."""
        self._bill("payment", invoice, at, invoice.due, invoice.total if invoice.purpose == "top_up" else 0)

    def void(self, invoice: Invoice, at: datetime) -> None:
        self._bill("void", invoice, at, invoice.total, invoice.credit_applied)

    def refund(self, service_id: str, cents: int, at: datetime) -> None:
        self._add("refund", at, cents, cents, service_id=service_id)

    def set_credit(self, cents: int, at: datetime) -> None:
        """A hand from outside puts the balance where it wants it."""
        change = cents - self.balance
        self._add("credit_set", at, abs(change), change)

    def rows(self) -> list[Row]:
        return [asdict(line) for line in self.lines]

    def _bill(self, kind: Kind, invoice: Invoice, at: datetime, cents: int, credit: int) -> None:
        self._add(
            kind,
            at,
            cents,
            credit,
            purpose=invoice.purpose,
            invoice_id=invoice.invoice_id,
            service_id=invoice.service_id,
        )

    def _add(
        self,
        kind: Kind,
        at: datetime,
        cents: int,
        credit: int,
        *,
        purpose: str | None = None,
        invoice_id: str | None = None,
        service_id: str | None = None,
    ) -> None:
        self.balance += credit
        number = len(self.lines) + 1
        self.lines.append(Line(number, stamp(at), kind, purpose, invoice_id, service_id, cents, credit, self.balance))
