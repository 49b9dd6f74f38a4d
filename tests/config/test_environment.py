"""A wrong or missing setting stops with one sentence that names the variable and does not repeat the value."""

from pathlib import Path

import pytest

from localex.config.database import django_database
from localex.config.environment import SettingsError, read_environment

KEY = "a-key-that-is-long-enough-for-the-tests"


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    import os

    for name in list(os.environ):
        if name.startswith("LOCALEX_") or name in {"DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "EMAIL_URL"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("LOCALEX_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:s3cret@localhost/town")
    monkeypatch.setenv("LOCALEX_SECRET_KEY", KEY)
    return monkeypatch


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://app:s3cret@localhost/town"),
        ("DATABASE_OWNER_URL", "s3cret"),
        ("REDIS_URL", "http://s3cret"),
        ("EMAIL_URL", "mail.s3cret.example"),
        ("LOCALEX_BASE_URL", "s3cret.example"),
        ("LOCALEX_LOG_LEVEL", "s3cret"),
        ("LOCALEX_DEMO", "s3cret"),
        ("LOCALEX_DATABASE_POOL_SIZE", "s3cret"),
        ("LOCALEX_DATABASE_POOL_SIZE", "0"),
        ("LOCALEX_SECRET_KEY", "s3cret"),
        ("LOCALEX_STAFF_PATH", "s3cret/../"),
    ],
)
def test_a_wrong_value_is_named_and_not_repeated(bare: pytest.MonkeyPatch, name: str, value: str) -> None:
    bare.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        read_environment()
    words = str(caught.value)
    assert name in words
    assert "s3cret" not in words
    assert "\n" not in words


def test_a_missing_database_is_named(bare: pytest.MonkeyPatch) -> None:
    bare.delenv("DATABASE_URL")
    with pytest.raises(SettingsError, match="DATABASE_URL is not set"):
        read_environment()


def test_the_secret_key_is_read_from_the_data_directory(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare.delenv("LOCALEX_SECRET_KEY")
    with pytest.raises(SettingsError, match="localex up"):
        read_environment()
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "secret_key").write_text(KEY + "\n")
    assert read_environment().secret_key == KEY


def test_hosts_are_split_and_empty_values_mean_the_default(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("LOCALEX_ALLOWED_HOSTS", "town.example, www.town.example")
    bare.setenv("EMAIL_URL", "")
    found = read_environment()
    assert found.allowed_hosts == ["town.example", "www.town.example"]
    assert found.email_url == ""
    assert not found.is_https


def test_a_database_address_keeps_every_option_and_gains_limits() -> None:
    entry = django_database("postgresql://a:b%40@/town?host=/run/x%20y&sslmode=prefer", variable="X", pool_size=3)
    assert (entry["NAME"], entry["USER"], entry["PASSWORD"], entry["HOST"]) == ("town", "a", "b@", "/run/x y")
    assert entry["OPTIONS"]["sslmode"] == "prefer"
    assert "statement_timeout" in entry["OPTIONS"]["options"]
    assert entry["OPTIONS"]["pool"]["max_size"] == 3


def test_a_database_address_that_cannot_be_read_is_named() -> None:
    with pytest.raises(SettingsError, match=r"^DATABASE_URL is wrong"):
        django_database("postgresql://a:b@host:port:port/x y=z", variable="DATABASE_URL", pool_size=None)
