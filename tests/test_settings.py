"""Settings come from the mapping handed in, all mistakes are named at once, and no secret is ever shown."""

import re
from pathlib import Path

import pytest

from bot.settings import Settings, SettingsError, variables

ROOT = Path(__file__).parents[1]
REQUIRED = {
    "SLACK_BOT_TOKEN": "xoxb-bot-token-value",
    "SLACK_SIGNING_SECRET": "signing-secret-value",
    "BYTEFUL_API_PUBLIC_KEY": "public-key-value",
    "BYTEFUL_API_PRIVATE_KEY": "private-key-value",
}


def problems(**changed: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(REQUIRED | changed)
    return caught.value.problems


def test_the_required_four_are_enough_and_the_rest_has_defaults() -> None:
    settings = Settings.from_env(REQUIRED)
    assert settings.slack_bot_token.get_secret_value() == "xoxb-bot-token-value"
    assert settings.slack_app_token is None
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.byteful_base_url == "https://api.byteful.com/1.0"
    assert settings.redis_url is None
    assert settings.port == 3000
    assert settings.proxydesk_policy == Path("policy.yaml")
    assert settings.proxydesk_data == Path("var")


def test_neither_the_process_environment_nor_a_dotenv_file_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("PORT=4001\n")
    monkeypatch.chdir(tmp_path)
    for name in variables().values():
        monkeypatch.setenv(name, "4000")
    assert Settings.from_env(REQUIRED).port == 3000
    with pytest.raises(SettingsError):
        Settings.from_env({})


def test_everything_missing_is_named_at_once_with_where_to_find_it() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({})
    assert [problem.split()[0] for problem in caught.value.problems] == list(REQUIRED)
    assert "OAuth & Permissions" in str(caught.value)
    assert str(caught.value).startswith("4 settings need attention:")


def test_an_empty_value_counts_as_not_set() -> None:
    settings = Settings.from_env(REQUIRED | {"REDIS_URL": "", "PORT": " ", "SLACK_APP_TOKEN": ""})
    assert (settings.redis_url, settings.port, settings.slack_app_token) == (None, 3000, None)
    assert problems(SLACK_SIGNING_SECRET="  ")[0].startswith("SLACK_SIGNING_SECRET is not set.")


def test_a_name_that_is_nearly_right_is_pointed_out() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(
            {"BYTEFUL_PUBLIC_KEY": "x", "BYTEFUL_API_PRIVATE_KEY": "y"} | dict(list(REQUIRED.items())[:2])
        )
    (problem,) = caught.value.problems
    assert problem.endswith("BYTEFUL_PUBLIC_KEY is set; was BYTEFUL_API_PUBLIC_KEY meant?")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SLACK_BOT_TOKEN", "xapp-1-app", "another kind of token; the bot token begins with xoxb-"),
        ("SLACK_BOT_TOKEN", "xoxp-user", "another kind of token"),
        ("SLACK_APP_TOKEN", "xoxb-bot", "the app-level token begins with xapp-"),
        ("BYTEFUL_API_PRIVATE_KEY", "two words", "a space or a line break inside"),
        ("SLACK_SIGNING_SECRET", "one\ntwo", "a space or a line break inside"),
        ("SLACK_API_URL", "slack.com/api", "begins with https://"),
        ("SLACK_API_URL", "ftp://slack.com/api", "begins with https://"),
        ("SLACK_API_URL", "http://slack.com/api/", "plain http is accepted for this machine only"),
        ("BYTEFUL_BASE_URL", "http://10.0.0.7:8080", "plain http is accepted for this machine only"),
        ("BYTEFUL_BASE_URL", "http://127.0.0.1.example.com", "plain http is accepted for this machine only"),
        ("BYTEFUL_BASE_URL", "https://user:pass@api.byteful.com", "without a password"),
        ("BYTEFUL_BASE_URL", "https://api.byteful.com/1.0?key=1", "without a password, a query"),
        ("BYTEFUL_BASE_URL", "https://api.byteful.com:99999", "not an address that can be read"),
        ("REDIS_URL", "http://localhost:6379", "redis://, rediss:// or unix://"),
        ("REDIS_URL", "redis://", "names no server"),
        ("REDIS_URL", "unix://", "names no server"),
        ("PORT", "web", "a whole number from 1 to 65535"),
        ("PORT", "0", "a whole number from 1 to 65535"),
        ("PORT", "65536", "a whole number from 1 to 65535"),
        ("PROXYDESK_LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
    ],
)
def test_a_wrong_value_is_explained_and_not_repeated(name: str, value: str, says: str) -> None:
    (problem,) = problems(**{name: value})
    assert problem.startswith(f"{name} ")
    assert says in problem
    assert value not in problem


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://slack.com/api", "https://slack.com/api/"),
        ("https://slack.com/api//", "https://slack.com/api/"),
        ("http://127.0.0.1:8001/api", "http://127.0.0.1:8001/api/"),
        ("http://localhost:8001", "http://localhost:8001/"),
        ("http://[::1]:8001/", "http://[::1]:8001/"),
    ],
)
def test_slack_address_ends_with_one_slash(given: str, kept: str) -> None:
    assert Settings.from_env(REQUIRED | {"SLACK_API_URL": given}).slack_api_url == kept


def test_byteful_address_ends_without_a_slash() -> None:
    settings = Settings.from_env(REQUIRED | {"BYTEFUL_BASE_URL": "http://127.0.0.1:9/1.0/"})
    assert settings.byteful_base_url == "http://127.0.0.1:9/1.0"


@pytest.mark.parametrize("url", ["redis://h", "rediss://:p@h:6380/1", "unix:///run/valkey.sock?db=2"])
def test_redis_addresses_of_every_kind_are_taken_as_they_are(url: str) -> None:
    redis_url = Settings.from_env(REQUIRED | {"REDIS_URL": url}).redis_url
    assert redis_url is not None
    assert redis_url.get_secret_value() == url


def test_z4_no_secret_in_repr_or_in_any_error() -> None:
    given = REQUIRED | {"REDIS_URL": "redis://:hunter%40two@h", "SLACK_APP_TOKEN": "xapp-app-token-value"}
    shown = repr(Settings.from_env(given)) + str(Settings.from_env(given).model_dump())
    shown += "".join(problems(**{name: f"{value} broken" for name, value in given.items()}))
    for value in [*given.values(), "hunter"]:
        assert value not in shown


def test_secrets_lists_each_one_and_the_password_inside_the_redis_address() -> None:
    settings = Settings.from_env(REQUIRED | {"REDIS_URL": "redis://:hunter%40two@h", "SLACK_APP_TOKEN": "xapp-1"})
    assert set(settings.secrets) == {*REQUIRED.values(), "xapp-1", "redis://:hunter%40two@h", "hunter@two"}


def test_settings_cannot_be_changed() -> None:
    settings = Settings.from_env(REQUIRED)
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]


def documented() -> dict[str, str]:
    """Variable → its cell "default" in docs/settings.md."""
    page = (ROOT / "docs" / "settings.md").read_text()
    return dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]+?) \|", page, re.MULTILINE))


def test_the_page_lists_every_variable_and_no_other() -> None:
    assert list(documented()) == list(variables().values())


@pytest.mark.parametrize(("field", "variable"), list(variables().items()))
def test_the_page_shows_the_default(field: str, variable: str) -> None:
    model_field = Settings.model_fields[field]
    if model_field.is_required():
        expected = "required"
    elif model_field.default is None:
        expected = "not set"
    else:
        expected = f"`{model_field.default}`"
    assert documented()[variable] == expected
