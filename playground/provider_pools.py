"""The data pools (residential, mobile): ledger rows, and the totals over them.

The ledger is the truth: what the rows of the running services sum to is what is left. Usage rows are negative.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from playground.provider_logs import Traffic
from playground.provider_values import Mint, Row, stamp


class DataPool:
    """One network's data and its use."""

    def __init__(self, network: str, customer_id: int, mint: Mint) -> None:
        self.network = network
        self.ledger: list[Row] = []
        self._customer_id = customer_id
        self._mint = mint
        self._usage_by_day: dict[tuple[str, date], Row] = {}

    def credit(self, reason: str, amount: int, service_id: str, adjustment_id: int, at: datetime) -> str:
        """Adds data; the id of the ledger row."""
        row = self._row(reason, amount, service_id, at.date(), at) | {"service_adjustment_id": adjustment_id}
        self.ledger.append(row)
        return str(row[f"{self.network}_ledger_id"])

    def use(self, traffic: Traffic, service_id: str, at: datetime) -> None:
        """One usage row per service and day, which grows through the day."""
        prefix = f"{self.network}_ledger"
        row = self._usage_by_day.get((service_id, traffic.day))
        if row is None:
            row = self._row("usage", 0, service_id, traffic.day, at)
            self._usage_by_day[service_id, traffic.day] = row
            self.ledger.append(row)
        row[f"{prefix}_bytes"] -= traffic.amount
        row[f"{prefix}_requests"] += traffic.requests
        row[f"{prefix}_last_update_datetime"] = stamp(at)

    def totals(self, service_ids: Collection[str]) -> tuple[int, int, int]:
        """(bytes bought, bytes used, requests) over the given services."""
        prefix = f"{self.network}_ledger"
        rows = [row for row in self.ledger if row["service_id"] in service_ids]
        used = -sum(row[f"{prefix}_bytes"] for row in rows if row[f"{prefix}_reason"] == "usage")
        bought = sum(row[f"{prefix}_bytes"] for row in rows if row[f"{prefix}_reason"] != "usage")
        return bought, used, sum(row[f"{prefix}_requests"] for row in rows)

    def left(self, service_id: str) -> int:
        bought, used, _ = self.totals({service_id})
        return bought - used

    def _row(self, reason: str, amount: int, service_id: str, day: date, at: datetime) -> Row:
        prefix = f"{self.network}_ledger"
        return {
            f"{prefix}_id": self._mint.uuid(),
            f"{prefix}_reason": reason,
            f"{prefix}_bytes": amount,
            f"{prefix}_requests": 0,
            f"{prefix}_period_date": day.isoformat(),
            f"{prefix}_creation_datetime": stamp(at),
            f"{prefix}_last_update_datetime": stamp(at),
            "service_id": service_id,
            "service_adjustment_id": None,
            "customer_id": self._customer_id,
        }
