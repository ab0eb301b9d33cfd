"""Every setting of the program: its name in the environment, its default, and what it does."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, ValidationError

from assay.ports.errors import Invalid
from assay.runtime.ai_settings import AiSettings


def _home() -> Path:
    return Path.home() / ".local" / "share" / "assay"


def _plugins() -> Path:
    return Path.home() / ".config" / "atest" / "bin"


class Settings(AiSettings):
    """Read from the environment as `ASSAY_<NAME>`; a wrong value stops the start with its name."""

    home: Path = Field(default_factory=_home)
    """Folder of the database, the sealing key and the token file; made with mode 0700."""
    key_file: Path | None = None
    """File with the sealing key; by default `keys/master.key` in `home`. Made (0600) when it is not there."""
    key: str | None = Field(default=None, repr=False)
    """The sealing key itself, 32 bytes in base64 or hex; wins over `key_file`."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=8080, ge=0, le=65_535)
    """Port to listen on; 0 takes a free one."""
    grpc_port: int | None = Field(default=None, ge=0, le=65_535)
    """Port of the gRPC services of atest, which itself uses 7070; 0 takes a free one. Not set: there are none."""
    grpc_host: str = "127.0.0.1"
    """Address of the gRPC services; they have no TLS of their own."""
    grpc_message_bytes: int = Field(default=4_194_304, ge=1_024, le=67_108_864)
    """Largest message that the gRPC services read."""
    grpc_reflection: bool = False
    """Whether anybody who reaches the gRPC port is told which services and messages there are."""
    public_url: str | None = None
    """The URL under which people reach the page, when a proxy stands before it; its host and origin are allowed."""
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")
    """What is logged: debug, info, warning or error."""
    log_format: str = Field(default="auto", pattern="^(auto|json|text)$")
    """json, text, or auto: text on a terminal, else json."""
    otlp_endpoint: str | None = None
    """OpenTelemetry collector (OTLP over HTTP); traces go nowhere when it is not set. Needs the extra `otlp`."""
    url: str | None = Field(default=None, pattern=r"^https?://[^/?#@]+/?$")
    """A running Assay, `https://assay.example`, that `atest-store-ai` asks instead of opening a house of its own."""
    token: SecretStr | None = None
    """Token with which `atest-store-ai` asks it; by default the one in the token file in `home`."""
    jobs_at_once: int = Field(default=2, ge=1, le=32)
    """Jobs that run at the same time in this process."""
    workers: int = Field(default=2, ge=1, le=32)
    """Worker processes for thinking that takes long."""
    calls_per_minute: float = Field(default=600, gt=0)
    """Calls of one caller per minute, unless a policy says otherwise."""
    calls_burst: int = Field(default=120, ge=1)
    """Calls of one caller at once."""
    body_limit_bytes: int = Field(default=1_048_576, ge=1_024)
    """Largest request body."""
    schema_cache_s: float = Field(default=180, ge=120, le=300)
    """How long an introspected schema is used before it is read again, in seconds."""
    keep_audit_days: float = Field(default=90, gt=0)
    """How long the audit of calls is kept."""
    keep_jobs_days: float = Field(default=30, gt=0)
    """How long ended jobs are kept."""
    keep_events_days: float = Field(default=7, gt=0)
    """How long delivered events are kept."""
    keep_idempotency_days: float = Field(default=1, gt=0)
    """How long an Idempotency-Key is remembered."""
    keep_history_days: float = Field(default=35, gt=0)
    """How long a workload's snapshots are kept."""
    keep_simulations_days: float = Field(default=90, gt=0)
    """How long simulations are kept."""
    keep_evidence_days: float = Field(default=400, gt=0)
    """How long the content of evidence is kept; its digest stays in the chain."""
    keep_sessions_days: float = Field(default=14, gt=0)
    """How long a sign-in lasts without use."""

    stores_file: Path | None = None
    """Which stores and plugins there are, as atest writes it; by default `stores.yaml` in `home`."""
    plugins_bin: Path = Field(default_factory=_plugins)
    """Folder of the programs of plugins; after it, programs on PATH whose name begins with `atest-` are found."""
    plugins_run: Path | None = None
    """Folder of the sockets at which plugins listen, made with mode 0700; by default `run` in `home`. A path of a socket has at most 107 bytes: a name that makes it longer gives way to its digest."""  # noqa: E501
    plugins_verify_s: float = Field(default=10, ge=0.2, le=3_600)
    """How often plugins are asked whether they work, in seconds."""
    plugins_ready_s: float = Field(default=10, ge=0.5, le=600)
    """How long a plugin may take from its start to its first answer, in seconds."""
    plugins_restarts: int = Field(default=10, ge=0, le=10_000)
    """How often in a row a plugin that ends is started again; then somebody has to."""

    @property
    def stores_path(self) -> Path:
        """Where stores.yaml lies."""
        return self.stores_file or self.home / "stores.yaml"

    @property
    def plugins_sockets(self) -> Path:
        """Where plugins listen."""
        return self.plugins_run or self.home / "run"

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.home / "assay.db"

    @property
    def key_path(self) -> Path:
        """Where the sealing key lies."""
        return self.key_file or self.home / "keys" / "master.key"

    @property
    def token_file(self) -> Path:
        """The token of whoever may read this folder: the CLI signs in with it."""
        return self.home / "token"


def read_settings() -> Settings:
    """Read the settings from the environment; raises Invalid with the name of the one that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = f"ASSAY_{str(first['loc'][0]).upper().removeprefix('ASSAY_')}" if first["loc"] else "the environment"
        raise Invalid(f"{name}: {first['msg']}.", field=name, cure="docs/settings.md lists every setting") from None
