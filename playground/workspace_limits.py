"""How often Slack lets a method be called: tiers per minute, and one message a second into each channel.

Bursts are tolerated up to a size this world can be told; time is world time. Switch `enabled` off for benchmarks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from playground.workspace_model import Clock, SlackError

PER_MINUTE = {"1": 1, "2": 20, "3": 50, "4": 100, "special": 600}
POSTS_PER_SECOND = 1.0


class RateLimitedError(SlackError):
    def __init__(self, retry_after: int) -> None:
        super().__init__("ratelimited")
        self.retry_after = retry_after


@dataclass
class Bucket:
    size: float
    per_second: float
    level: float
    at: float

    def take(self, now: float) -> float:
        """Take one; the seconds to wait when there is none."""
        self.level = min(self.size, self.level + max(0.0, now - self.at) * self.per_second)
        self.at = now
        if self.level < 1:
            return (1 - self.level) / self.per_second
        self.level -= 1
        return 0.0


class Limiter:
    def __init__(self, clock: Clock, *, enabled: bool = True, post_burst: int = 10, tier_burst: float = 1.0) -> None:
        self.enabled = enabled
        self.post_burst = post_burst
        self.tier_burst = tier_burst
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}

    def clear(self) -> None:
        self._buckets.clear()

    def call(self, method: str, tier: str) -> None:
        limit = PER_MINUTE[tier]
        self._take(method, limit * self.tier_burst, limit / 60)

    def post(self, channel: str) -> None:
        self._take(f"post:{channel}", self.post_burst, POSTS_PER_SECOND)

    def _take(self, name: str, size: float, per_second: float) -> None:
        if not self.enabled:
            return
        now = self._clock.now()
        bucket = self._buckets.setdefault(name, Bucket(size, per_second, size, now))
        wait = bucket.take(now)
        if wait:
            raise RateLimitedError(math.ceil(wait))
