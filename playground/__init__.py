"""The two simulated worlds the bot can live in: a Slack workspace and a Byteful account. `bot/` knows neither."""
