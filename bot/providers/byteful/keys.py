"""The account's two keys: in no repr, log line, error or traceback.

They exist in one object, for as long as httpx2 needs to write them on the wire.
"""

from __future__ import annotations

from collections.abc import MutableMapping

from pydantic import SecretStr


class Keys:
    """Writes both keys on a request as it leaves, and takes them out of whatever comes back."""

    def __init__(self, public_key: SecretStr, private_key: SecretStr) -> None:
        self._public = _header_safe(public_key, "public")
        self._private = _header_safe(private_key, "private")

    def __repr__(self) -> str:
        return "Keys(hidden)"

    def write_on(self, headers: MutableMapping[str, str]) -> None:
        headers["X-API-Public-Key"] = self._public.get_secret_value()
        headers["X-API-Private-Key"] = self._private.get_secret_value()

    def hidden_in(self, body: bytes) -> bytes:
        """An answer that quotes a key must not bring it into a log or a message."""
        for key in (self._private, self._public):
            body = body.replace(key.get_secret_value().encode(), b"[key]")
        return body


def _header_safe(key: SecretStr, name: str) -> SecretStr:
    """A key that fits in a header. What httpx2 says about one that does not would quote it."""
    text = key.get_secret_value().strip()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(f"The {name} API key is empty or holds characters that no key has.")
    return SecretStr(text)
