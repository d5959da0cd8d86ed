"""Proxydesk: a Slack bot with which a company buys and watches proxies."""
