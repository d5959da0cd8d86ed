"""What the bot can do, as verbs. Only these modules talk to the store, the provider, the directory and the notifier."""
