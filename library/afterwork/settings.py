"""Settings that all services share: from `AFTERWORK_*` variables, checked before anything starts."""

import os
import re
import sys
from typing import Annotated, Any, Literal, NoReturn, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from afterwork.redis_address import parse_address

PREFIX = "AFTERWORK_"
GROUPS_OF_SERVICES = frozenset(
    {
        "api_keys",
        "documents",
        "egress",
        "gateway",
        "health",
        "sandbox",
        "smtp",
        "stores",
        "webhooks",
        "worker",
    }
)
"""Top-level names that some service has; one environment is shared by all, so each leaves the others' alone."""


class Group(BaseModel):
    """A nested group: `AFTERWORK_<GROUP>__<FIELD>`."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RedisSettings(Group):
    """Where the jobs are. url: as `redis_address.parse_address` reads it, with user, password and database.

    replicas: how many replicas are to have written a job to their files before it is accepted; 0 waits for none.
    """

    url: str = "redis://127.0.0.1:6379/0"
    replicas: Annotated[int, Field(ge=0, le=100)] = 0

    @field_validator("url")
    @classmethod
    def _readable(cls, url: str) -> str:
        parse_address(url)
        return url


class LogSettings(Group):
    """format: lines for people or JSON for machines. level: the least severe that is written."""

    format: Literal["console", "json"] = "console"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(BaseSettings):
    """The common base. lease: seconds a worker's claim holds without renewal; the same everywhere.

    max_finished: ended jobs that are kept at most, whatever their retention; the same everywhere.
    probes: which modes of probe.run are allowed; `all` includes those that hurt a worker.
    ready_fd: file descriptor on which the base URL is written once the process answers.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        nested_model_default_partial_update=True,
        frozen=True,
        extra="ignore",
    )

    redis: RedisSettings = RedisSettings()
    log: LogSettings = LogSettings()
    lease: Annotated[float, Field(ge=0.5, le=600)] = 15.0
    max_finished: Annotated[int, Field(ge=0)] = 1_000_000
    probes: Literal["async", "all"] = "async"
    ready_fd: int | None = None

    @classmethod
    def load(cls, **values: Any) -> Self:  # noqa: ANN401 - forwarded to pydantic
        """Read the environment, or end the process with one line that names the variable at fault."""
        unknown = cls._unknown_names()
        if unknown:
            refuse(f"{unknown[0]} is not a setting of Afterwork")
        try:
            return cls(**values)
        except ValidationError as error:
            fault = error.errors()[0]
            variable = PREFIX + "__".join(str(part) for part in fault["loc"]).upper()
            refuse(f"{variable}: {fault['msg'].removeprefix('Value error, ')}")
        except SettingsError as error:
            field = re.search(r'field "(\w+)"', str(error))
            refuse(
                f"{PREFIX}{field[1].upper() if field else '*'}: is not JSON; set its parts one by one, with __"
            )

    @classmethod
    def _unknown_names(cls) -> list[str]:
        return sorted(name for name in os.environ if name.startswith(PREFIX) and not cls._is_known(name))

    @classmethod
    def _is_known(cls, name: str) -> bool:
        group, _, rest = name.removeprefix(PREFIX).lower().partition("__")
        field = cls.model_fields.get(group)
        if field is None:
            return group in GROUPS_OF_SERVICES
        nested = field.annotation
        if isinstance(nested, type) and issubclass(nested, BaseModel):
            return rest == "" or rest in nested.model_fields
        if (
            get_origin(nested) is dict
        ):  # groups by names of the operator's choice: AFTERWORK_STORES__INBOX__URL
            name, _, part = rest.partition("__")
            return rest == "" or (name != "" and part in get_args(nested)[1].model_fields)
        return rest == ""


def refuse(line: str) -> NoReturn:
    """End the process before it has begun, exit code 2: `line` says which setting is at fault."""
    sys.stderr.write(f"afterwork: {line}\n")
    raise SystemExit(2)
