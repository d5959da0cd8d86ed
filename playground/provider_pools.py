"""The data pools (residential, mobile): ledger rows, daily log summaries, single log lines, and the summary over them.

The ledger is the truth: what the rows of the running services sum to is what is left. Usage rows are negative.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from playground.provider_values import Mint, Row, stamp

LOG_KEPT = timedelta(days=7)
TYPICAL_REQUEST_BYTES = 22_000


@dataclass(frozen=True)
class Traffic:
    """Data that went through the pool on one day, by one proxy user, to one host."""

    amount: int
    requests: int
    day: date
    proxy_user_id: str = "default_user"
    hostname: str = "shop.example.com"

    @property
    def domain(self) -> str:
        return ".".join(self.hostname.split(".")[-2:])


class DataPool:
    """One network's data and its use."""

    def __init__(self, network: str, customer_id: int, mint: Mint) -> None:
        self.network = network
        self.ledger: list[Row] = []
        self.log_summaries: list[Row] = []
        self.logs: list[Row] = []
        self._customer_id = customer_id
        self._mint = mint
        self._usage_by_day: dict[tuple[str, date], Row] = {}
        self._summary_by_key: dict[tuple[date, str, str], Row] = {}

    def credit(self, reason: str, amount: int, service_id: str, adjustment_id: int, at: datetime) -> str:
        """Adds data; the id of the ledger row."""
        row = self._row(reason, amount, service_id, at.date(), at) | {"service_adjustment_id": adjustment_id}
        self.ledger.append(row)
        return str(row[f"{self.network}_ledger_id"])

    def use(self, traffic: Traffic, service_id: str, at: datetime) -> None:
        """Records traffic: one usage row per service and day, one log summary per user, host and day."""
        prefix = f"{self.network}_ledger"
        day = traffic.day
        row = self._usage_by_day.get((service_id, day))
        if row is None:
            row = self._row("usage", 0, service_id, day, at)
            self._usage_by_day[service_id, day] = row
            self.ledger.append(row)
        row[f"{prefix}_bytes"] -= traffic.amount
        row[f"{prefix}_requests"] += traffic.requests
        row[f"{prefix}_last_update_datetime"] = stamp(at)
        self._summarise(traffic, at)
        if at.date() - day <= LOG_KEPT:
            self._log(traffic)

    def totals(self, service_ids: Collection[str]) -> tuple[int, int, int]:
        """(bytes bought, bytes used, requests) over the given services."""
        prefix = f"{self.network}_ledger"
        rows = [row for row in self.ledger if row["service_id"] in service_ids]
        used = -sum(row[f"{prefix}_bytes"] for row in rows if row[f"{prefix}_reason"] == "usage")
        bought = sum(row[f"{prefix}_bytes"] for row in rows if row[f"{prefix}_reason"] != "usage")
        return bought, used, sum(row[f"{prefix}_requests"] for row in rows)

    def used_by(self, proxy_user_id: str) -> int:
        return sum(row["log_summary_bytes"] for row in self.log_summaries if row["proxy_user_id"] == proxy_user_id)

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

    def _summarise(self, traffic: Traffic, at: datetime) -> None:
        key = (traffic.day, traffic.proxy_user_id, traffic.hostname)
        row = self._summary_by_key.get(key)
        if row is None:
            row = self._summary_by_key[key] = self._new_summary(traffic, at)
            self.log_summaries.append(row)
        for name, added in (("bytes", traffic.amount), ("requests", traffic.requests)):
            row[f"log_summary_{name}"] += added
            row[f"log_summary_charged_{name}"] += added
        row["log_summary_last_update_datetime"] = stamp(at)

    def _new_summary(self, traffic: Traffic, at: datetime) -> Row:
        return {
            "log_summary_id": self._mint.uuid(),
            "proxy_user_id": traffic.proxy_user_id,
            "customer_id": self._customer_id,
            "log_summary_network": self.network,
            "log_summary_hostname": traffic.hostname,
            "log_summary_domain": traffic.domain,
            "log_summary_period": f"{traffic.day.isoformat()} 00:00:00",
            "log_summary_creation_datetime": stamp(at),
            "log_summary_last_update_datetime": stamp(at),
            **{
                f"log_summary_{sort}{unit}": 0
                for sort in ("", "charged_", "smartpath_")
                for unit in ("bytes", "requests")
            },
        }

    def _log(self, traffic: Traffic) -> None:
        """One line that stands for the day's requests."""
        self.logs.append(
            {
                "log_id": self._mint.uuid(),
                "proxy_user_id": traffic.proxy_user_id,
                "customer_id": self._customer_id,
                "log_network": self.network,
                "log_hostname": traffic.hostname,
                "log_domain": traffic.domain,
                "log_port": 443,
                "log_protocol": "http",
                "log_bytes": traffic.amount // max(traffic.requests, 1),
                "log_client_ip_address": "192.0.2.17",
                "log_creation_datetime": stamp(datetime.combine(traffic.day, time(12), tzinfo=UTC)),
            }
        )
