"""Everything the environment may say, as one frozen value. A field's name in capitals is its variable.

The environment is always handed in, so building settings reads nothing and tests need no patching. What is wrong is
reported all at once, and the text never holds the value of a secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails

REDIS_SCHEMES = ("redis", "rediss", "unix")
USER_TOKEN = "xoxp-"  # noqa: S105 - the beginning of a kind of token, not a token
BOT_TOKEN = "xoxb-"  # noqa: S105
APP_TOKEN = "xapp-"  # noqa: S105


class SettingsError(Exception):
    """`problems` has one sentence for each setting that is missing or wrong. Safe to print."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        heading = "A setting needs attention" if len(problems) == 1 else f"{len(problems)} settings need attention"
        super().__init__("\n".join((f"{heading}:", *(f"  - {problem}" for problem in problems))))
        self.problems = problems


def _one_word(secret: SecretStr) -> SecretStr:
    if any(character.isspace() for character in secret.get_secret_value()):
        raise ValueError("has a space or a line break inside; copy it again")
    return secret


def _bot_token(secret: SecretStr) -> SecretStr:
    if secret.get_secret_value().startswith((APP_TOKEN, USER_TOKEN)):
        raise ValueError(f"is another kind of token; the bot token begins with {BOT_TOKEN}")
    return secret


def _app_token(secret: SecretStr) -> SecretStr:
    if secret.get_secret_value().startswith((BOT_TOKEN, USER_TOKEN)):
        raise ValueError(f"is another kind of token; the app-level token begins with {APP_TOKEN}")
    return secret


def _api_url(text: str) -> str:
    """Keys and money travel here, so plain http is for this machine only."""
    url = _split(text)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError("should be an address that begins with https://")
    if url.username or url.password or url.query or url.fragment:
        raise ValueError("should be an address alone, without a password, a query or a #")
    if url.scheme == "http" and not _is_loopback(url.hostname):
        raise ValueError("should begin with https://; plain http is accepted for this machine only (127.0.0.1)")
    return text.rstrip("/")


def _redis_url(secret: SecretStr) -> SecretStr:
    url = _split(secret.get_secret_value())
    if url.scheme not in REDIS_SCHEMES:
        raise ValueError("should begin with redis://, rediss:// or unix://")
    if not (url.path if url.scheme == "unix" else url.hostname):
        raise ValueError("names no server")
    return secret


def _split(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        _ = url.port  # raises for a port that is none
    except ValueError:
        raise ValueError("is not an address that can be read") from None
    return url


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


Secret = Annotated[SecretStr, AfterValidator(_one_word)]
ApiUrl = Annotated[str, AfterValidator(_api_url)]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)]


class Settings(BaseModel):
    """Every setting, with the sentence that says where its value comes from. Documented in docs/settings.md."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    slack_bot_token: Annotated[Secret, AfterValidator(_bot_token)] = Field(
        description="the app's page, OAuth & Permissions, Bot User OAuth Token"
    )
    slack_signing_secret: Secret = Field(description="the app's page, Basic Information, Signing Secret")
    slack_app_token: Annotated[Secret, AfterValidator(_app_token)] | None = None
    slack_api_url: Annotated[ApiUrl, AfterValidator(lambda url: f"{url}/")] = "https://slack.com/api/"
    byteful_api_public_key: Secret = Field(description="Byteful's dashboard, API keys")
    byteful_api_private_key: Secret = Field(description="Byteful's dashboard, API keys")
    byteful_base_url: ApiUrl = "https://api.byteful.com/1.0"
    redis_url: Annotated[Secret, AfterValidator(_redis_url)] | None = None
    port: int = Field(3000, ge=1, le=65535)
    proxydesk_host: str = "0.0.0.0"  # noqa: S104 - platforms and containers reach the bot from outside
    proxydesk_policy: Path = Path("policy.yaml")
    proxydesk_data: Path = Path("var")
    proxydesk_log_level: LogLevel = "info"

    @classmethod
    def from_env(cls, mapping: Mapping[str, str]) -> Settings:
        """Settings from variables by name; an empty one counts as not set. Raises SettingsError."""
        given = {field: mapping[name].strip() for field, name in variables().items() if mapping.get(name, "").strip()}
        try:
            return cls(**given)  # text, turned into its type by the model
        except ValidationError as error:
            raise SettingsError(tuple(_sentence(detail, mapping) for detail in error.errors())) from None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that must not appear in a log, a message or an error."""
        return tuple(self._secrets())

    def _secrets(self) -> Iterator[str]:
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, SecretStr):
                yield value.get_secret_value()
        if self.redis_url and (password := urlsplit(self.redis_url.get_secret_value()).password):
            yield unquote(password)


def variables() -> dict[str, str]:
    """Field → name of its variable."""
    return {field: field.upper() for field in Settings.model_fields}


def _sentence(detail: ErrorDetails, mapping: Mapping[str, str]) -> str:
    field = str(detail["loc"][0])
    name = field.upper()
    match detail["type"]:
        case "missing":
            source = Settings.model_fields[field].description
            return f"{name} is not set. Find it at: {source}.{_perhaps(name, mapping)}"
        case "value_error":
            return f"{name} {detail['ctx']['error']}."
        case "int_parsing" | "greater_than_equal" | "less_than_equal":
            return f"{name} should be a whole number from 1 to 65535."
        case "literal_error":
            return f"{name} should be {detail['ctx']['expected']}."
        case _:
            return f"{name} cannot be used: {detail['msg']}."


def _perhaps(name: str, mapping: Mapping[str, str]) -> str:
    """A variable that looks like the missing one and is none of ours, for a slip of the pen."""
    from difflib import get_close_matches  # noqa: PLC0415 - for mistakes alone

    strangers = [other for other in mapping if other not in variables().values()]
    near = get_close_matches(name, strangers, n=1, cutoff=0.85)
    return f" {near[0]} is set; was {name} meant?" if near else ""
