"""The settings of an installation: every variable, its type, its default and what it is for."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from localex.embedded.directory import default_data_dir


class SettingsError(Exception):
    """A variable is missing or wrong; the message is one sentence that names it."""


class Environment(BaseSettings):
    """Everything that the environment may say. Names are those of the variables, without `LOCALEX_`."""

    model_config = SettingsConfigDict(env_prefix="LOCALEX_", extra="ignore", frozen=True, env_ignore_empty=True)

    data_dir: Path = Field(default_factory=default_data_dir, description="Folder of everything that is kept.")
    database_url: str = Field(
        alias="DATABASE_URL", description="PostgreSQL 18 as the app role, which cannot alter tables."
    )
    database_owner_url: str = Field(
        default="", alias="DATABASE_OWNER_URL", description="The same database as its owner, for migrations only."
    )
    redis_url: str = Field(default="", alias="REDIS_URL", description="Redis or Valkey; empty: run without.")
    email_url: str = Field(
        default="",
        alias="EMAIL_URL",
        description="smtp://user:password@host:port?tls=starttls or smtps://; empty: mail goes to a folder.",
    )
    secret_key: str = Field(
        default="", description="Signs sessions and links, at least 32 characters; empty: read secrets/secret_key."
    )
    base_url: str = Field(default="http://127.0.0.1:8000", description="The address that people type, without a slash.")
    allowed_hosts: Annotated[list[str], NoDecode] = Field(
        default=["localhost", "127.0.0.1", "[::1]"], description="Host names that are answered, separated by commas."
    )
    mail_from: str = Field(default="LocalEx <noreply@localex.invalid>", description="Sender of every mail.")
    demo: bool = Field(default=False, description="Demo mode: /demo signs in as anybody, on loopback only.")
    debug: bool = Field(default=False, description="Show Python's tracebacks in the browser; never on a real server.")
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")
    map_tile_url: str = Field(default="", description="Map tiles, with {z}/{x}/{y}; empty: LocalEx draws its own map.")
    map_attribution: str = Field(
        default="© OpenStreetMap contributors", description="The credit line that the map's makers ask for."
    )
    trusted_proxies: int = Field(
        default=0, ge=0, le=10, description="Proxies in front that set X-Forwarded-For; limits count addresses by it."
    )
    migration_timeout_s: int = Field(
        default=600,
        ge=0,
        le=86_400,
        description="Seconds that one statement of a migration may take; 0: as long as it likes.",
    )
    database_pool_size: int = Field(default=8, ge=1, le=100, description="Most connections of one process.")
    backup: bool = Field(default=True, description="Daily backups, the archive of changes and the daily restore drill.")
    backup_dir: Path | None = Field(
        default=None,
        description="Folder of the backups, best on another disk; empty: the one that `localex up` was last told, else "
        "`backups` in the data directory.",
    )
    backup_url: str = Field(
        default="",
        description="With DATABASE_URL: the same PostgreSQL as a superuser or a role that may replicate and read all.",
    )
    backup_daily: int = Field(default=7, ge=0, le=1000, description="Keep the newest backup of this many days.")
    backup_weekly: int = Field(default=4, ge=0, le=1000, description="Keep the newest backup of this many weeks.")
    backup_monthly: int = Field(default=6, ge=0, le=1000, description="Keep the newest backup of this many months.")
    backup_hour: int = Field(default=3, ge=0, le=23, description="Hour (UTC) of the daily backup and its drill.")
    staff_path: str = Field(
        default="staff", pattern=r"^[a-z0-9-]+$", description="First part of the staff pages' address."
    )

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("database_url", "database_owner_url", "backup_url")
    @classmethod
    def _check_database_url(cls, value: str) -> str:
        if value and not value.startswith(("postgresql://", "postgres://")):
            raise ValueError("it must start with postgresql://")
        return value

    @field_validator("redis_url")
    @classmethod
    def _check_redis_url(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("it must start with redis://, rediss:// or unix://")
        return value

    @field_validator("email_url")
    @classmethod
    def _check_email_url(cls, value: str) -> str:
        if value and not value.startswith(("smtp://", "smtps://")):
            raise ValueError("it must start with smtp:// or smtps://")
        return value

    @field_validator("base_url")
    @classmethod
    def _check_base_url(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("it must start with http:// or https://")
        return value.rstrip("/")

    @field_validator("log_level")
    @classmethod
    def _check_log_level(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("it must be DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @property
    def is_https(self) -> bool:
        """Whether people reach this installation over TLS, so that cookies may insist on it."""
        return self.base_url.startswith("https://")


def variable_name(field: str) -> str:
    """The environment variable behind a field of `Environment`."""
    alias = Environment.model_fields[field].alias if field in Environment.model_fields else None
    return alias or (field if field.isupper() else f"LOCALEX_{field.upper()}")


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    name = variable_name(str(first["loc"][0]))
    if first["type"] == "missing":
        return f"{name} is not set: {Environment.model_fields['database_url'].description}"
    reason = str(first.get("ctx", {}).get("error") or first["msg"])
    return f"{name} is wrong: {reason[0].lower()}{reason[1:]}."


def read_environment() -> Environment:
    """The settings in force.

    Raises SettingsError with one sentence naming the first variable that is missing or wrong. The value itself is
    never repeated, because it may hold a password.
    """
    try:
        found = Environment()  # type: ignore[call-arg]
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from None
    key = found.secret_key or _stored_secret_key(found.data_dir)
    if len(key) < 32:
        raise SettingsError("LOCALEX_SECRET_KEY is too short: it must have at least 32 characters.")
    return found.model_copy(update={"secret_key": key})


def _stored_secret_key(data_dir: Path) -> str:
    path = data_dir / "secrets" / "secret_key"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        raise SettingsError(
            "LOCALEX_SECRET_KEY is not set and the data directory has none: start once with `localex up`."
        ) from None
    except OSError as error:
        raise SettingsError(
            f"LOCALEX_DATA_DIR is wrong: the secret key there cannot be read ({error.strerror})."
        ) from None
