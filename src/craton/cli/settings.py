"""Settings: one frozen object, read here from `craton.toml` and `CRATON_*`, passed down as arguments."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from craton.cli.identity_settings import AccessSettings, AuditSettings, LimitSettings, OidcSettings
from craton.jobs.add import AddOptions
from craton.jobs.job import JobLimits, ManagerOptions
from craton.model.errors import NotFoundError, SettingError

if TYPE_CHECKING:
    from craton.web.uploads_desk import UploadOptions

FILE_NAME = "craton.toml"
PREFIX = "CRATON_"
UPLOADS = "uploads"
GIGABYTE = 10**9


class NodeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who this node is."""

    title: str = "Geological survey node"
    owner: str = ""
    licence: str = ""
    language: str = "und"


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where catalogue and objects live.

    `catalogue` is empty for the node's own SQLite file, or a PostgreSQL
    address; `objects` is empty for the node's own folder, or `s3://bucket/prefix`.
    """

    catalogue: str = ""
    objects: str = ""
    s3_endpoint: str = ""
    s3_region: str = "us-east-1"
    s3_access_key_id: str = ""
    s3_secret_access_key: str = ""


class IngestSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one reading child may use (see `craton.jobs.add.AddOptions`); 0 workers means one a core."""

    workers: Annotated[int, msgspec.Meta(ge=0, le=256)] = 0
    memory_mb: Annotated[int, msgspec.Meta(ge=256, le=1_000_000)] = 900
    memory_factor: Annotated[float, msgspec.Meta(ge=0, le=1000)] = 16.0
    seconds: Annotated[float, msgspec.Meta(ge=1, le=1_000_000)] = 8.0
    seconds_per_mb: Annotated[float, msgspec.Meta(ge=0, le=10_000)] = 2.0


class JobSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How jobs run: how many at a time (0 means one a core), what each may use, and where.

    `dask` is the address of a Dask scheduler (`tcp://host:8786`) whose workers
    see the node's files; empty for the pool of this machine.
    """

    workers: Annotated[int, msgspec.Meta(ge=0, le=256)] = 0
    memory_mb: Annotated[int, msgspec.Meta(ge=256, le=10_000_000)] = 4096
    seconds: Annotated[float, msgspec.Meta(ge=1, le=100_000_000)] = 3600.0
    dask: str = ""


class WebSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where `craton serve` listens, and what it lets visitors do.

    `callback_hosts` are the hosts that a job may be told to call back, such as
    `portal.survey.example:8080`; none unless they are named. `queue` is the
    number of jobs that may wait. `log` is the form of the log of requests on
    standard error, `metrics` who may read the numbers at `/metrics`: this
    machine and managers (`local`), or anyone (`open`). `upload_gb` is what one
    upload may have.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8000
    address: str = ""
    callback_hosts: tuple[str, ...] = ()
    queue: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1000
    log: Literal["json", "text", "off"] = "text"
    metrics: Literal["local", "open"] = "local"
    upload_gb: Annotated[float, msgspec.Meta(gt=0, le=1_000_000)] = 10.0


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings of a node."""

    node: NodeSettings = NodeSettings()
    store: StoreSettings = StoreSettings()
    ingest: IngestSettings = IngestSettings()
    jobs: JobSettings = JobSettings()
    web: WebSettings = WebSettings()
    access: AccessSettings = AccessSettings()
    limits: LimitSettings = LimitSettings()
    oidc: OidcSettings = OidcSettings()
    audit: AuditSettings = AuditSettings()

    def manager_options(self) -> ManagerOptions:
        """Options of the manager of jobs."""
        workers = self.jobs.workers or max(1, len(os.sched_getaffinity(0)))
        return ManagerOptions(workers=workers, scheduler=self.jobs.dask, owner=self.node.owner)

    def job_limits(self, *, memory_mb: int = 0, seconds: float = 0.0) -> JobLimits:
        """Limits of a job: what was asked for now, else what the node says."""
        return JobLimits(memory_mb=memory_mb or self.jobs.memory_mb, seconds=seconds or self.jobs.seconds)

    def add_options(
        self, *, crs: str = "", licence: str = "", owner: str = "", language: str = ""
    ) -> AddOptions:
        """Options of an add: what was said now, else what the node says."""
        return AddOptions(
            crs=crs,
            licence=licence,
            usual_licence=self.node.licence,
            owner=owner or self.node.owner,
            language=language or self.node.language,
            **msgspec.structs.asdict(self.ingest),
        )


def upload_options(folder: Path, settings: Settings) -> UploadOptions:
    """How the node in `folder` takes uploads."""
    from craton.web.uploads_desk import UploadOptions

    most = int(settings.web.upload_gb * GIGABYTE)
    return UploadOptions(folder / UPLOADS, most, settings.add_options())


SECRETS = {"s3_secret_access_key", "s3_access_key_id", "catalogue", "client_secret"}


def read_settings(folder: Path, environment: dict[str, str] | None = None) -> Settings:
    """Settings of the node in `folder`; `CRATON_STORE_OBJECTS` and the like win over the file.

    Raises
    ------
    NotFoundError
        If `folder` is not a node.
    SettingError
        If a name is not known or a value is of the wrong type.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        raise NotFoundError(
            f"{folder} is not a node: it has no {FILE_NAME}", hint=f"make one with: craton init {folder}"
        )
    try:
        tables: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{path} is not TOML: {error}", hint="mend the line named above") from error
    return _converted(_overlaid(tables, os.environ if environment is None else environment), path)


def _overlaid(tables: dict[str, Any], environment: os._Environ[str] | dict[str, str]) -> dict[str, Any]:
    for section in Settings.__struct_fields__:
        start = f"{PREFIX}{section.upper()}_"
        stated = {k.removeprefix(start).lower(): v for k, v in environment.items() if k.startswith(start)}
        if stated:
            usual = getattr(Settings(), section)
            read = {k: _value(usual, k, v) for k, v in stated.items()}
            tables[section] = {**tables.get(section, {}), **read}
    return tables


def _value(usual: object, name: str, text: str) -> Any:
    """What a variable of the environment says; lists and tables are written as in the file."""
    if not isinstance(getattr(usual, name, ""), tuple | dict):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text  # refused with its name


def _converted(tables: dict[str, Any], path: Path) -> Settings:
    try:
        return msgspec.convert(tables, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingError(
            f"{path}: {error}", hint="see docs/look-up/settings.md for the legal names"
        ) from error


def described(settings: Settings) -> dict[str, Any]:
    """Settings as plain data with secrets hidden, for `craton doctor`."""
    plain: dict[str, Any] = msgspec.to_builtins(settings)
    for section in plain.values():
        for name in SECRETS & section.keys():
            section[name] = "(set)" if section[name] else ""
    return plain


TEMPLATE = """\
# Settings of this Craton node; every one can also be given as CRATON_SECTION_NAME.

[node]
title = {title}
# owner = "Department of Geology and Mines"
# licence = "CC-BY-4.0"        # of data that states none
# language = "en"              # of titles that state none

[store]
# catalogue = "postgresql://user@host/database"
# objects = "s3://bucket/prefix"

[jobs]
# workers = 2                  # jobs at a time; 0 means one a core
# memory_mb = 4096             # what one job may use
# seconds = 3600
# dask = "tcp://scheduler:8786"
"""
