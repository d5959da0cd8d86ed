"""Values and decisions. Nothing here reads a clock, opens a socket or knows Slack."""
