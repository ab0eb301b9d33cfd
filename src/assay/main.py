"""The one place that knows everything: settings, then the house on its adapters, then the faces."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import uvloop
from opentelemetry.sdk.trace.export import SpanExporter

from assay.accounts.capability import ACCOUNTS
from assay.accounts.gate import TokenGate
from assay.accounts.limits import Buckets
from assay.accounts.local import local_token
from assay.adapters.databases.door import EngineDatabases
from assay.adapters.databases.plugin.databases import PluginDatabases
from assay.adapters.language_models.endpoint import NO_KEY, Key
from assay.adapters.language_models.providers import Access, Server, chosen, make
from assay.adapters.loaders.loader import GrpcLoaders
from assay.adapters.processes.children import Children
from assay.adapters.store.migrations import locations_of, migrate
from assay.adapters.store.sqlite import SqliteStore
from assay.adapters.vault.sealing import SealingVault, open_vault
from assay.adapters.workers.child import serve as serve_worker
from assay.adapters.workers.pool import WorkerPool
from assay.ask.capability import ASK
from assay.ask.kept import Engines
from assay.evidence.capability import EVIDENCE
from assay.evidence.ledger import SealedLedger
from assay.faces.cli.app import build as build_cli
from assay.faces.cli.own import add_own
from assay.faces.cli.program import Program
from assay.faces.cli.run import print_error
from assay.faces.loader.door import Door
from assay.faces.loader.house import HouseDoor
from assay.kernel.catalogue import Catalogue
from assay.kernel.context import Ports
from assay.kernel.house import House
from assay.kernel.own import HOUSE, JOBS
from assay.models.capability import MODELS
from assay.models.keys import Keys, given
from assay.models.model import Provider
from assay.models.routing import Routing
from assay.plugins.capability import PLUGINS
from assay.plugins.databases import StoreDatabases
from assay.plugins.finding import Shelf
from assay.plugins.pace import Pace, World
from assay.plugins.supervisor import Supervisor
from assay.ports.databases import Databases
from assay.ports.errors import AssayError, Invalid
from assay.ports.gate import Limiter
from assay.ports.language_model import LanguageModel, LanguageModels
from assay.ports.processes import Processes
from assay.ports.secret import Secret
from assay.runtime.settings import Settings, read_settings
from assay.runtime.telemetry import set_up_logs, set_up_traces, store_commits_total, store_units_total
from assay.sources.cache import SchemaCache
from assay.sources.capability import SOURCES
from assay.workload.capability import WORKLOAD

ROOMS = (ASK, WORKLOAD, MODELS, SOURCES, PLUGINS, EVIDENCE, ACCOUNTS)
"""The capabilities that are built in."""

WORKER = (sys.executable, "-m", "assay.main", "worker")

PAGE = Path(__file__).parent / "faces" / "page"


def program_version() -> str:
    """The version that is installed."""
    try:
        return version("assay")
    except PackageNotFoundError:
        return "0"


def _exporter(settings: Settings) -> SpanExporter | None:
    if settings.otlp_endpoint is None:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise Invalid("ASSAY_OTLP_ENDPOINT needs the extra `otlp`.", cure="pip install 'assay[otlp]'") from None
    return OTLPSpanExporter(endpoint=settings.otlp_endpoint)


def _models(settings: Settings, processes: Processes, key_of: Callable[[Provider], Key]) -> dict[str, LanguageModel]:
    """The language models that are asked; raises Invalid when one of them lacks something besides its key."""
    servers = {
        "ollama": Server(settings.ollama_endpoint, "OLLAMA_ENDPOINT", NO_KEY),
        "openai": Server(settings.openai_base_url, "OPENAI_BASE_URL", key_of("openai")),
        "azure": Server(settings.azure_openai_endpoint, "AZURE_OPENAI_ENDPOINT", key_of("azure")),
        "claude": Server(settings.anthropic_base_url, "ANTHROPIC_BASE_URL", key_of("claude")),
        "deepseek": Server(settings.deepseek_base_url, "DEEPSEEK_BASE_URL", key_of("deepseek")),
        "custom": Server(settings.ai_endpoint, "AI_ENDPOINT", key_of("custom")),
    }
    access = Access(servers, settings.azure_openai_api_version, settings.ai_private)
    return {
        f"{provider}:{model}" if model else provider: make(provider, model, access, processes)
        for provider, model in chosen(settings.ai_provider or "", settings.ai_model)
    }


def _supervisor(settings: Settings, processes: Processes) -> Supervisor:
    pace = Pace(
        verify_every_s=settings.plugins_verify_s, ready_within_s=settings.plugins_ready_s,
        restarts=settings.plugins_restarts,
    )  # fmt: skip
    shelf = Shelf(settings.plugins_bin, os.environ.get("PATH", ""))
    world = World(
        processes, GrpcLoaders(), shelf, settings.plugins_sockets, settings.home / "logs" / "plugins", os.environ, pace
    )
    return Supervisor(world, settings.stores_path)


def _databases(settings: Settings, supervisor: Supervisor) -> EngineDatabases:
    through_plugins = PluginDatabases(StoreDatabases(supervisor), asyncio.get_running_loop())
    return EngineDatabases(off_limits=(settings.home,), plugins=through_plugins)


def _vault(settings: Settings, *, make: bool) -> SealingVault:
    return open_vault(settings.key_path, Secret(settings.key) if settings.key else None, make=make)


def prepare(settings: Settings) -> list[str]:
    """Make the home folder and bring the database up to date; return the revisions that were applied.

    A sealing key is made only with a new database: a lost one must not be replaced by one that opens nothing.
    """
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    _vault(settings, make=not settings.database.exists())
    packages = [capability.package for capability in (*ROOMS, JOBS, HOUSE)]
    return migrate(settings.database, locations_of(packages))


def _count_commits(units: int, failed: int) -> None:
    store_commits_total.inc()
    store_units_total.labels("committed").inc(units - failed)
    store_units_total.labels("failed").inc(failed)


async def _answers(ledger: SealedLedger) -> None:
    """Ask our own database something: it answers, or raises."""
    await ledger.holds(["E-0"])


async def _start_beside(workers: WorkerPool, supervisor: Supervisor, house: House) -> None:
    """Start a worker process and the plugins."""
    workers.warm()
    await supervisor.open(partial(house.announce, PLUGINS.name))


@asynccontextmanager
async def open_house(
    settings: Settings, *, background: bool = False, warm: bool = True
) -> AsyncGenerator[tuple[House, Secret]]:
    """Open the house on SQLite; yield it with the local administrator's token, and close it.

    Args:
        background: also run schedules, as a server does; it needs the keys of its models, a command may keep them.
        warm: with `background`, also start a worker process and the plugins at once. What has more to do before it
            serves calls `House.warm` itself, and what is a plugin itself, never.
    """
    children = Children()
    models = _models(settings, children, lambda provider: lambda: keys.of(provider))
    of_environment = given(settings, models)
    prepare(settings)
    store = SqliteStore(settings.database, watch=_count_commits)
    vault = _vault(settings, make=False)
    keys = Keys(store, vault, of_environment)
    ledger = SealedLedger(store, vault)
    workers = WorkerPool(children, WORKER, at_most=settings.workers)
    supervisor = _supervisor(settings, children)
    databases = _databases(settings, supervisor)
    gate = TokenGate(store, timedelta(days=settings.keep_sessions_days))
    routing = Routing(store, models, keys, settings)
    limiter = Buckets(store)
    more: dict[type, object] = {
        Databases: databases,
        Processes: children,
        SchemaCache: SchemaCache(settings.schema_cache_s),
        TokenGate: gate,
        Engines: Engines(),
        LanguageModels: routing,
        Routing: routing,
        Keys: keys,
        Supervisor: supervisor,
        Limiter: limiter,
    }
    house = House(
        ROOMS,
        ports=Ports(store=store, ledger=ledger, vault=vault, workers=workers, more=more),
        gate=gate,
        limiter=limiter,
        settings=settings,
        version=program_version(),
        probes={"store": partial(_answers, ledger), "plugins": supervisor.probe},
        closers=(routing.close, supervisor.close, children.close, partial(asyncio.to_thread, databases.close)),
        warmer=partial(_start_beside, workers, supervisor),
    )
    try:
        if background:
            await keys.check(models)
        await house.open(background=background)
        await supervisor.read_once()
        if background and warm:
            await house.warm()
        yield house, await local_token(store, settings.token_file)
    finally:
        await house.close()


@asynccontextmanager
async def open_door() -> AsyncGenerator[Door]:
    """Open the house for the plugin atest-store-ai; raises Invalid for a setting that is wrong."""
    settings = read_settings()
    set_up_logs(settings.log_level, settings.log_format)
    await asyncio.to_thread(prepare, settings)  # takes a second the first time, and the host is being answered
    async with open_house(settings, background=True, warm=False) as (house, token):
        yield HouseDoor(house, token)


def validate() -> None:
    """Raise Invalid for a setting of the plugin that is wrong; nothing is made or opened."""
    settings = read_settings()
    _models(settings, Children(), lambda _: NO_KEY)


def worker(fd: int) -> None:
    """Serve one worker process: thinking with its own adapters."""
    serve_worker(fd, EngineDatabases)


def cli() -> None:
    """Run the command line; exit codes say what went wrong."""
    if sys.argv[1:2] == ["worker"]:
        worker(int(sys.argv[sys.argv.index("--fd") + 1]))
        return
    try:
        settings = read_settings()
        set_up_logs(settings.log_level, settings.log_format)
        set_up_traces(_exporter(settings), program_version())
        catalogue = Catalogue([*ROOMS, JOBS, HOUSE])
        program = Program(settings, program_version(), catalogue, open_house, prepare, PAGE)
        app = build_cli(catalogue, partial(open_house, settings))
        add_own(app, program)
        uvloop.install()
        app()
    except AssayError as error:
        print_error(error, as_json=False)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    cli()
