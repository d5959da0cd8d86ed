"""Traffic that comes by itself: so much a day through a network, in four parts, for as long as something runs there.

Working days are busier than weekends. Data that has run out is not used any further.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from playground.provider_logs import TYPICAL_REQUEST_BYTES, Traffic
from playground.provider_values import GB, RefusalError, Row

if TYPE_CHECKING:
    from playground.provider_account import Account

PART = timedelta(hours=6)
PARTS_A_DAY = 4
WEEK_PERCENT = (100, 110, 120, 105, 95, 40, 30)
HOSTNAMES = ("shop.example.com", "api.example.org", "www.example.net")
USUAL_BYTES_A_DAY = {"residential": GB // 3, "mobile": GB // 8, "isp": GB, "datacenter": 2 * GB}


@dataclass(frozen=True)
class Burn:
    """What an ordinary working day sends through a network."""

    bytes_a_day: int
    hostnames: tuple[str, ...] = HOSTNAMES


class Flow:
    """The burn of each network, and the hours at which it is written down."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._burns: dict[str, Burn] = {}
        self._is_flowing = False

    def set(self, network: str, burn: Burn) -> None:
        if network not in self._account.logs:
            raise RefusalError(404, f"There is no network '{network}'.")
        self._burns[network] = burn
        if not self._is_flowing:
            self._is_flowing = True
            self._schedule(self._account.now())

    def rows(self) -> Row:
        return {network: burn.bytes_a_day for network, burn in self._burns.items()}

    def _schedule(self, after: datetime) -> None:
        """The next part ends a second before its hour, so that the last of a day still belongs to it."""
        midnight = after.replace(hour=0, minute=0, second=0, microsecond=0)
        ends = (midnight + PART * number - timedelta(seconds=1) for number in range(1, PARTS_A_DAY + 2))
        due = next(end for end in ends if end > after)
        self._account.agenda.add(due, lambda: self._flow(due))

    def _flow(self, at: datetime) -> None:
        self._schedule(at)
        number = at.hour // 6
        for network, burn in self._burns.items():
            amount = _part(burn.bytes_a_day * WEEK_PERCENT[at.weekday()] // 100, number)
            users = list(users_of(self._account, network))
            if not users or amount == 0:
                continue
            turn = at.toordinal() * PARTS_A_DAY + number
            user, host = users[turn % len(users)], burn.hostnames[turn % len(burn.hostnames)]
            self._use(network, amount, at.date(), user, host)

    def _use(self, network: str, amount: int, day: date, user: str, host: str) -> None:
        for service_id, share in _shares(self._account, network, amount):
            requests = max(1, share // TYPICAL_REQUEST_BYTES)
            self._account.use(network, Traffic(share, requests, day, user, host), service_id)


def _part(total: int, number: int) -> int:
    """A quarter of the total; the quarters sum to it."""
    return total * (number + 1) // PARTS_A_DAY - total * number // PARTS_A_DAY


def _shares(account: Account, network: str, amount: int) -> Iterator[tuple[str | None, int]]:
    """Which service pays for how much: the one that expires first as far as it reaches, then the next."""
    running = sorted(account.running(network), key=lambda row: str(row["service_expiry_datetime"]))
    if network not in account.pools:
        if running:
            yield None, amount
        return
    for service in running:
        share = min(amount, max(0, account.pools[network].left(service["service_id"])))
        amount -= share
        if share:
            yield service["service_id"], share


def users_of(account: Account, network: str) -> Iterable[str]:
    """The proxy users that may send something through a network."""
    for name, user in account.proxy_users.items():
        if user["proxy_user_access_type"] == "all" or network in _restricted_to(account, name):
            yield name


def _restricted_to(account: Account, name: str) -> set[str]:
    entries = [row for row in account.acls.values() if row["proxy_user_id"] == name]
    of_proxies = [
        account.proxies[row["proxy_id"]]["service_id"] for row in entries if row["proxy_id"] in account.proxies
    ]
    allowed = [*of_proxies, *(row["service_id"] for row in entries if row["service_id"])]
    return {account.services[service_id]["service_type"] for service_id in allowed if service_id in account.services}
