"""What went through a network, as its logs tell: daily summaries per proxy user and host, and single lines.

A summary does not say which service it was for, only the network and the proxy user. After ninety days it does not say
which host either; single lines are kept for seven days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from playground.provider_values import Mint, Row, stamp

LOG_KEPT = timedelta(days=7)
HOSTNAME_KEPT = timedelta(days=90)
TYPICAL_REQUEST_BYTES = 22_000


@dataclass(frozen=True)
class Traffic:
    """Data that went through a network on one day, by one proxy user, to one host."""

    amount: int
    requests: int
    day: date
    proxy_user_id: str = "default_user"
    hostname: str = "shop.example.com"

    @property
    def domain(self) -> str:
        return ".".join(self.hostname.split(".")[-2:])


class TrafficLog:
    """One network's log."""

    def __init__(self, network: str, customer_id: int, mint: Mint) -> None:
        self.network = network
        self.summaries: list[Row] = []
        self.lines: list[Row] = []
        self._customer_id = customer_id
        self._mint = mint
        self._summary_by_key: dict[tuple[date, str, str], Row] = {}
        self._used_by: dict[str, int] = {}

    def note(self, traffic: Traffic, at: datetime) -> None:
        """One summary per user, host and day; one line that stands for the requests."""
        self._used_by[traffic.proxy_user_id] = self.used_by(traffic.proxy_user_id) + traffic.amount
        self._summarise(traffic, at)
        if at.date() - traffic.day <= LOG_KEPT:
            self.lines.append(self._line(traffic))

    def used_by(self, proxy_user_id: str) -> int:
        return self._used_by.get(proxy_user_id, 0)

    def totals(self) -> tuple[int, int]:
        """(bytes, requests) ever."""
        amount = sum(row["log_summary_bytes"] for row in self.summaries)
        return amount, sum(row["log_summary_requests"] for row in self.summaries)

    def summaries_at(self, now: datetime) -> list[Row]:
        """The summaries as they are shown at a moment."""
        forgotten = stamp(now - HOSTNAME_KEPT)
        nameless = {"log_summary_hostname": None, "log_summary_domain": None}
        return [row | nameless if row["log_summary_period"] < forgotten else row for row in self.summaries]

    def lines_at(self, now: datetime) -> list[Row]:
        oldest = stamp(now - LOG_KEPT)
        return [row for row in self.lines if row["log_creation_datetime"] >= oldest]

    def _summarise(self, traffic: Traffic, at: datetime) -> None:
        key = (traffic.day, traffic.proxy_user_id, traffic.hostname)
        row = self._summary_by_key.get(key)
        if row is None:
            row = self._summary_by_key[key] = self._new_summary(traffic, at)
            self.summaries.append(row)
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

    def _line(self, traffic: Traffic) -> Row:
        return {
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
