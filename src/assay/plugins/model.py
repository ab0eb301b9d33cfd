"""The nouns of plugins: stores, kinds, what runs, what is asked; as atest's host shapes them, our state added."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from assay.kernel.assayed import Assayed
from assay.kernel.values import Camel, Instant, Paged

State = Literal["starting", "ready", "degraded", "crashed", "stopped", "disabled"]


class Pair(Camel):
    """A name and its value."""

    key: str
    value: str = ""
    description: str = ""


class KindNeed(Camel):
    """A kind that another one needs."""

    name: str = Field(min_length=1, max_length=100)


class KindParam(Camel):
    """A property that stores of a kind are asked for."""

    key: str
    description: str = ""
    default_value: str = ""
    enum: tuple[str, ...] = ()
    secret: bool = False
    """Said by us: its name is that of something secret."""


class StoreKind(Camel):
    """A plugin: the name of its program, and where it listens."""

    name: str = Field(min_length=1, max_length=100)
    url: str = ""
    """unix:///path or 127.0.0.1:port; empty: Assay starts it and chooses."""
    enabled: bool = True
    dependencies: tuple[KindNeed, ...] = ()
    link: str = ""
    params: tuple[KindParam, ...] = ()
    categories: tuple[str, ...] = ()
    """`ai` marks a plugin that writes SQL."""


class ListStores(Camel):
    """Which stores."""

    kind: str = ""
    """Only those of plugins of this category, `ai`."""


class FindStore(Camel):
    """Which store."""

    name: str = Field(min_length=1, max_length=100)


class SaveStore(Camel):
    """A store as it shall be; `******` in place of a secret means that it stays."""

    name: str = Field(min_length=1, max_length=100)
    owner: str = Field(default="", max_length=200)
    description: str = Field(default="", max_length=2_000)
    url: str = Field(default="", max_length=2_000)
    username: str = Field(default="", max_length=500)
    password: str = Field(default="", max_length=2_000, repr=False, json_schema_extra={"writeOnly": True})
    properties: tuple[Pair, ...] = Field(default=(), max_length=200, repr=False, json_schema_extra={"writeOnly": True})
    kind: StoreKind
    ready: bool = False
    """Passed over: the plugin says it."""
    read_only: bool = False
    disabled: bool = False


class StoreLine(Camel):
    """A store and how its plugin is; what is secret in it is `******`."""

    name: str
    owner: str
    description: str
    url: str
    username: str
    password: str
    properties: tuple[Pair, ...]
    kind: StoreKind | None
    ready: bool
    read_only: bool
    """The file or the plugin says so."""
    read_only_by_file: bool
    """What is kept when the store is saved as it is."""
    disabled: bool
    state: State
    """Of its plugin; where that is ready, whether it can work for this store."""
    reason: str | None = None
    """Why it is not ready."""
    is_ai: bool
    version: str
    """As the plugin says."""
    latency_ms: float | None
    """Of the last call."""
    checked_at: Instant | None
    restarts: int
    """Of the plugin, since this program started."""
    warnings: tuple[str, ...] = ()
    """Properties that cannot reach the plugin, and what else is odd."""


class FileProblem(Camel):
    """What is wrong with the file of stores."""

    path: str
    line: int
    """From 1; 0: none is to blame."""
    column: int
    says: str
    cure: str
    severity: Literal["error", "warning"]


class Stores(Camel):
    """All stores of the file."""

    data: tuple[StoreLine, ...]
    file: str
    folder: str
    """Where programs of plugins are dropped in."""
    problems: tuple[FileProblem, ...]


class StoreKinds(Camel):
    """Kinds of stores that can be made."""

    data: tuple[StoreKind, ...]


class VerifyStore(Camel):
    """Which store to ask."""

    name: str = Field(min_length=1, max_length=100)
    kind: str = ""
    """Passed over: the store says it."""


class StoreStatus(Camel):
    """Whether a plugin can work for a store now."""

    ready: bool
    read_only: bool
    version: str
    message: str
    """Why it is not ready."""
    state: State
    latency_ms: float | None


class PluginLine(Camel):
    """A plugin that is looked after."""

    name: str
    state: State
    reason: str | None
    since: Instant
    """When it got into this state."""
    last_error: str | None
    """Why it crashed or was degraded last, even when it is ready again."""
    last_error_at: Instant | None
    version: str
    pid: int | None
    """Null: it is not running, or somebody else started it."""
    address: str | None
    program: str | None
    """Its file; null: there is none that may be started."""
    restarts: int
    latency_ms: float | None
    """Of the last Verify."""
    ready_after_ms: float | None
    """From its last start to its first answer."""
    stores: tuple[str, ...]


class Plugins(Camel):
    """All plugins that enabled stores use."""

    data: tuple[PluginLine, ...]


class FindPlugin(Camel):
    """Which plugin."""

    name: str = Field(min_length=1, max_length=100)


class ReadLog(Paged):
    """Whose log."""

    name: str = Field(min_length=1, max_length=100)


class LogLine(Camel):
    """A line that a plugin wrote."""

    number: int
    at: Instant
    text: str


class RegisterPlugin(Camel):
    """An AI plugin, as the integration guide shapes it."""

    name: str = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """Of its program in the folder of plugins, and of the store that is made for it."""
    version: str = ""
    """Passed over, as is the next: the plugin says it itself."""
    capabilities: tuple[str, ...] = ()
    description: str = Field(default="", max_length=2_000)
    socket_path: str = Field(default="", max_length=200)
    """Where it listens already; empty: its program is started."""
    metadata: dict[str, str] = Field(
        default_factory=dict[str, str], max_length=100, json_schema_extra={"writeOnly": True}
    )
    """Properties of its store."""


class PluginInfo(Camel):
    """An AI plugin, as the integration guide shapes it."""

    name: str
    version: str
    description: str
    capabilities: tuple[str, ...]
    socket_path: str
    metadata: dict[str, str]
    state: State
    configured: bool
    """False: a program in the folder of plugins that no store names."""


class PluginInfos(Camel):
    """AI plugins."""

    plugins: tuple[PluginInfo, ...]


class PluginHealth(Camel):
    """Whether an AI plugin answers, as the integration guide shapes it."""

    name: str
    status: Literal["online", "offline", "processing", "error"]
    """processing: it is starting; error: it answers, but says that it cannot work."""
    last_check_at: Instant | None
    response_time: float | None
    """Milliseconds."""
    error_message: str
    state: State


class PluginHealths(Camel):
    """Health of all AI plugins."""

    plugins: tuple[PluginHealth, ...]


class QueryData(Camel):
    """A statement for a store, or a question in words for an AI plugin."""

    type: str = Field(default="", max_length=50)
    """`ai`, in any case: a question in words, or about models."""
    key: str = Field(default="", max_length=2_000)
    """The database of a statement; what is asked of an AI plugin, `generate`."""
    sql: str = Field(default="", max_length=200_000)
    """A statement; for an AI plugin, JSON."""
    offset: int = Field(default=0, ge=0, lt=2**63)
    limit: int = Field(default=0, ge=0, lt=2**63)
    natural_language: str = Field(default="", max_length=2_000)
    database_type: str = Field(default="", max_length=50)
    explain_query: bool = False
    ai_context: dict[str, str] = Field(default_factory=dict[str, str], max_length=100)
    store: str = Field(default="", max_length=100, json_schema_extra={"header": "X-Store-Name"})
    """Which store; over REST it may stand in the header X-Store-Name. Empty: this program itself answers questions."""


class Row(Camel):
    """One row."""

    data: tuple[Pair, ...]


class DataMeta(Camel):
    """Where rows come from, as the plugin says."""

    databases: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    current_database: str = ""
    duration: str = ""
    labels: tuple[Pair, ...] = ()


class AiInfo(Assayed, Camel):
    """How an answer came about. Another plugin's is an estimate at best: its checks are not ours."""

    ai_processed: bool = True
    original_language: str = ""
    generated_sql: str = ""
    explanation: str = ""
    suggestions: tuple[str, ...] = ()
    confidence_score: float = 0.0
    model_used: str = ""
    processing_time_ms: int = 0
    warnings: tuple[str, ...] = ()
    dialect: str = ""


class DataResult(Camel):
    """What came of a query."""

    data: tuple[Pair, ...] = ()
    items: tuple[Row, ...] = ()
    meta: DataMeta = DataMeta()
    ai_info: AiInfo | None = None


class GenerateText(Camel):
    """A prompt for an AI plugin, as atest's host sends it."""

    plugin_name: str = Field(default="", max_length=100)
    """A store of an AI plugin, or one of this program's own names."""
    model: str = Field(default="", max_length=300)
    prompt: str = Field(default="", max_length=20_000)
    config: str = Field(default="", max_length=20_000)
    """JSON: `database_type`, `confidence_threshold`, `max_tokens`, `temperature`, `timeout`, `include_explanation`,
    and for this program `database_key`; other keys are passed over."""


class GeneratedText(Assayed, Camel):
    """What a plugin made of a prompt."""

    content: str
    meta: str
    """JSON: confidence, model, dialect."""


class FindAi(Camel):
    """Which AI plugin."""

    plugin_name: str = Field(min_length=1, max_length=100)


class PluginCapabilities(Camel):
    """What an AI plugin can do, as atest's host shapes it."""

    models: tuple[str, ...]
    features: tuple[str, ...]
    description: str
    version: str
    success: bool = True
    error: str = ""


class Menu(Camel):
    """An entry of the page's menu that a plugin brings."""

    name: str
    index: str
    icon: str
    version: int


class Menus(Camel):
    """All entries that plugins bring; of one index the highest version."""

    data: tuple[Menu, ...]


class FindPage(Camel):
    """Which page: a menu's index."""

    name: str = Field(min_length=1, max_length=100)


class PageCode(Camel):
    """A script or a style; without success, why there is none."""

    success: bool
    message: str
