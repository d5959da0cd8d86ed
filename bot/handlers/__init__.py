"""Slack's payloads in, use-cases called, their results out as blocks. Nothing is decided here."""
