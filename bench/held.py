"""`python -m bench.held`: what an idle web process holds in memory and spends its start on, library by library, and how
much of it there would be without the bot.

Each line is what importing it adds to those above, so what two of them share counts for the first. Everything is
measured in this one process, which therefore imports nothing else.
"""

import gc
import importlib
import time
from pathlib import Path

PARTS = {
    "Python with asyncio": ("asyncio",),
    "Bolt without its app, slack-sdk, aiohttp": ("slack_bolt.middleware.async_builtins", "slack_sdk.web.async_client"),
    "redis-py": ("redis.asyncio",),
    "saq": ("saq.queue.redis",),
    "msgspec": ("msgspec",),
    "pydantic": ("pydantic.main", "pydantic.type_adapter"),
    "httpx2": ("httpx2",),
    "its connections, made after the start": ("httpcore2._async.http11", "anyio._backends._asyncio"),
    "uvicorn, and click with it": ("uvicorn", "uvicorn.protocols.http.httptools_impl"),
    "structlog, prometheus-client, PyYAML, stamina": ("structlog", "prometheus_client", "yaml", "stamina"),
    "the bot: values and rules": ("bot.domain.request", "bot.domain.policy", "bot.ports", "bot.policy_file"),
    "the bot: store and Byteful": ("bot.store.redis", "bot.providers"),
    "the bot: handlers, views, use-cases": ("bot.process", "bot.serve_web"),
}
FIRST_OF_BOT = "the bot: values and rules"


def memory_mib() -> float:
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this system does not say what memory a process uses")


def main() -> None:
    print("| part | memory | CPU of importing it |\n| --- | --- | --- |")
    gc.disable()
    before_mib, before_s = 0.0, 0.0
    for what, modules in PARTS.items():
        if what == FIRST_OF_BOT:
            _sum("together, without the bot", before_mib, before_s)
        for module in modules:
            importlib.import_module(module)
        held_mib, spent_s = memory_mib(), time.process_time()
        print(f"| {what} | {held_mib - before_mib:.1f} MiB | {(spent_s - before_s) * 1_000:.0f} ms |")
        before_mib, before_s = held_mib, spent_s
    _sum("together", before_mib, before_s)


def _sum(what: str, held_mib: float, spent_s: float) -> None:
    print(f"| **{what}** | {held_mib:.1f} MiB | {spent_s * 1_000:.0f} ms |")


if __name__ == "__main__":
    main()
