"""What answers, messages and provider are doing, for Prometheus.

Counters count this process; gauges are read from the store.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

ACKS = Histogram(
    "proxydesk_ack_seconds",
    "Time from a Slack request to its answer",
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 3),
)
REFUSED = Counter("proxydesk_refused_requests_total", "Requests that did not prove they come from Slack")
MESSAGES = Counter("proxydesk_messages_total", "Calls to Slack that went well, by what they did", ["what"])
REFUSALS = Counter("proxydesk_message_refusals_total", "Calls to Slack that did not, by Slack's word", ["call", "code"])
PARKED = Counter("proxydesk_messages_parked_total", "Messages given up until they are asked for again")
WAITING = Gauge("proxydesk_outbox_messages", "Messages that wait to leave")
OLDEST = Gauge("proxydesk_outbox_oldest_seconds", "How long the oldest of them has waited")
PAUSED = Gauge("proxydesk_purchases_paused", "1 while the provider refuses our keys and nothing is bought")
UNPRICED = Gauge("proxydesk_waiting_for_price", "Asks that are kept because the provider gives no price")
GIVEN_UP = Gauge("proxydesk_outbox_parked", "Messages that stand given up")
