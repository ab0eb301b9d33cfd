"""The nouns of asking in words: the question, the SQL that answers it, why, how sure, and the rows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AliasChoices, Field

from assay.kernel.assayed import Assayed
from assay.kernel.values import Camel

Cell = str | int | float | bool | None
"""One value of a result; what JSON cannot say exactly is the database's own text."""


class DatabaseTarget(Camel):
    """Which database is meant."""

    store: str | None = None
    """A connected database, by name or id; null is the only one there is."""
    dialect: str | None = None
    """What the caller believes it speaks: postgresql, mysql or sqlite; an error when it does not."""


class ModelOptions(Camel):
    """Which language model may propose beside the embedded engine, and how."""

    model: str = Field(default="auto", min_length=1, max_length=300)
    """Who may propose beside the embedded engine: auto (the configured models in their order), embedded (nobody), or
    one of them by name."""
    provider: str | None = Field(default=None, min_length=1, max_length=100)
    """Only a configured model of this provider may: the one that `model` names, with or without its provider, else the
    first."""
    max_tokens: int | None = Field(default=None, ge=16)
    """Tokens of one answer of a model, at most; never more than AI_MAX_TOKENS. Null: as many."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    """How freely a model chooses its words: of the first sample, and of the others where it is above 0.7. Null: as in
    the settings."""


class GenerationOptions(ModelOptions):
    """How to answer."""

    confidence_threshold: float | None = Field(default=None, ge=0, le=1)
    """Below this the answer is refused, and the SQL stands under the error's details only; null: as in the settings."""
    alternatives: int = Field(default=3, ge=0, le=10)
    """At most so many other readings of the question."""
    consult_rows: bool = True
    """Run readings that are cheap, read-only and checked, to choose among them by what they return."""
    execute: bool = False
    """Run the SQL when it passed every check, and return its rows."""
    max_rows: int = Field(default=100, ge=1, le=1_000)


class GenerateSql(Camel):
    """A question in words."""

    natural_language: str = Field(min_length=1, max_length=2_000)
    earlier: tuple[Annotated[str, Field(min_length=1, max_length=2_000)], ...] = Field(default=(), max_length=5)
    """Questions of the same conversation, oldest first: "only those in Berlin" leans on the last of them."""
    database_target: DatabaseTarget = DatabaseTarget()
    options: GenerationOptions = GenerationOptions()


class DraftOptions(ModelOptions):
    """How to answer without a database."""

    confidence_threshold: float | None = Field(default=None, ge=0, le=1)
    """Below this the answer is refused; null: as in the settings, but without a schema at most 0.5 is wanted, unless
    they want more than 0.7."""
    alternatives: int = Field(default=3, ge=0, le=10)
    """At most so many other readings of the question."""


class DraftSql(Camel):
    """A question in words about a database that is not connected."""

    natural_language: str = Field(min_length=1, max_length=2_000)
    schema_text: str | None = Field(default=None, min_length=1, max_length=200_000)
    """What its tables are: CREATE TABLE texts, or JSON, `{"users": {"id": "integer", "email": "text"}}`. Null: nobody
    knows; then only a language model can answer, which guesses them."""
    dialect: str | None = None
    """What it speaks: postgresql, mysql or sqlite. A schema needs it; without one, null means postgresql."""
    options: DraftOptions = DraftOptions()


class ValidateSql(Camel):
    """SQL that somebody wrote."""

    sql: str = Field(min_length=1, max_length=100_000)
    store: str | None = Field(default=None, validation_alias=AliasChoices("store", "databaseKey", "database_key"))
    """A connected database, by name or id; null is the only one there is. `database_key` is read, too."""
    dialect: str | None = Field(default=None, validation_alias=AliasChoices("dialect", "databaseType", "database_type"))
    """What the caller believes it speaks; an error when it does not. `database_type` is read, too."""


class RunSql(Camel):
    """SQL to run after the same checks."""

    sql: str = Field(min_length=1, max_length=100_000)
    store: str | None = None
    max_rows: int = Field(default=100, ge=1, le=1_000)


class RecheckSql(Camel):
    """An earlier claim about SQL, as its evidence says."""

    source: str
    sql: str = Field(max_length=100_000)


class Words(Camel):
    """A part of the question, by its place."""

    start: int
    end: int
    """One past its last character."""
    text: str


class Clause(Camel):
    """One part of the SQL, in words, and the words of the question that it answers."""

    part: Literal["select", "from", "where", "group", "having", "order", "limit", "combine"]
    sql: str
    says: str
    because: tuple[Words, ...] = ()
    """Empty: an assumption, nothing in the question says it."""


class SqlCheck(Camel):
    """One check that ran."""

    name: str
    passed: bool
    detail: str | None = None


class Issue(Camel):
    """Something that is wrong with a text, or worth knowing."""

    code: str
    """For programs: "UNKNOWN_COLUMN", "FUNCTION_NOT_ALLOWED"."""
    level: Literal["error", "warning"]
    message: str


class Rows(Camel):
    """What a query gave."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    """As the database names them."""
    rows: tuple[tuple[Cell, ...], ...]
    more: bool
    """There are more rows than were asked for."""
    took_ms: float


class Alternative(Camel):
    """Another reading of the question."""

    sql: str
    says: str
    confidence: float


class GeneratedSql(Assayed, Camel):
    """SQL that answers a question: read-only, bound to the live schema, and planned by the database."""

    id: str
    """To say later whether it was right."""
    natural_language: str
    read_as: str
    """The question that was answered: the one that was asked, or what it says together with those before it. Places
    of words in explanations are places in this text."""
    source: str
    dialect: str
    sql: str
    confidence: float
    """Chance that it is what was meant, as calibrated."""
    calibrated_on: str
    """Where the calibration comes from, in words."""
    explanation: tuple[Clause, ...]
    warnings: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    checks: tuple[SqlCheck, ...]
    model: str
    """What proposed it: "embedded" is the engine of our own."""
    proposed_by: tuple[str, ...]
    """All that proposed the same: the engine, a model, or both."""
    rows: Rows | None = None
    took_ms: float


class DraftedSql(Assayed, Camel):
    """SQL that answers a question; it fits the schema that was told, where one was, and no database has seen it."""

    natural_language: str
    dialect: str
    sql: str
    confidence: float
    """Chance that it is what was meant; never above what an answer without its database may have."""
    explanation: tuple[Clause, ...]
    warnings: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    checks: tuple[SqlCheck, ...]
    model: str
    """What proposed it: "embedded" is the engine of our own."""
    proposed_by: tuple[str, ...]
    """All that proposed the same: the engine, a model, or both."""
    took_ms: float


class CheckedSql(Assayed, Camel):
    """What the guard and the planner say of a text."""

    source: str
    dialect: str
    is_valid: bool
    sql: str | None
    """The text that would run: rendered again from what was checked, with its LIMIT; null when it may not run."""
    issues: tuple[Issue, ...]
    checks: tuple[SqlCheck, ...]
    cost: float | None = None
    """The planner's estimate."""
    estimated_rows: float | None = None
    errors: tuple[str, ...]
    """The issues that are errors, in words."""
    warnings: tuple[str, ...]
    """The issues that are warnings, in words."""
    optimized_sql: str | None = None
    """The text that would run, when it is not the text that was given."""
    metadata: dict[str, str]
    """The dialect, and what the planner expects, as text."""


class RanSql(Assayed, Camel):
    """Rows of a query that passed every check."""

    source: str
    sql: str
    checks: tuple[SqlCheck, ...]
    rows: Rows


class ExplainSql(Camel):
    """SQL that somebody wants to understand."""

    sql: str = Field(min_length=1, max_length=100_000)
    store: str | None = None
    """A connected database, by name or id; null is the only one there is."""


class ExplainedSql(Assayed, Camel):
    """What a text asks for, in words."""

    source: str
    dialect: str
    sql: str
    """The text that was explained, written anew from what was checked."""
    explanation: tuple[Clause, ...]
    """Empty where the text is of a form that is not explained clause by clause."""
    tables: tuple[str, ...]
    """What it reads."""
    warnings: tuple[str, ...]
    """What its joins do to rows, and what else is worth knowing."""


class JudgeAnswer(Camel):
    """Whether an answer was what was meant."""

    id: str = Field(min_length=1, max_length=40)
    """Of the answer."""
    right: bool
    corrected_sql: str | None = Field(default=None, max_length=100_000)
    """What would have been right; it must pass the checks."""


class JudgedAnswer(Camel):
    """What is known of an answer, and of answers about its database."""

    id: str
    right: bool
    corrected_sql: str | None
    judged: int
    """Answers of the engine about this database that people judged."""
    calibrated_on: str
    """What confidence about this database rests on from now on."""


class RecheckedSql(Camel):
    """What came of checking SQL again."""

    passed: bool
    facts: dict[str, object]
    evidence: tuple[str, ...]


class AiLimits(Camel):
    """Limits that are enforced."""

    max_rows: int
    """Of any result."""
    max_question_characters: int
    requests_per_minute: int
    """Questions of one caller."""
    burst: int
    """Questions of one caller at once."""


class AiCapabilities(Camel):
    """What can be asked here."""

    databases: tuple[str, ...]
    features: tuple[str, ...]
    models: tuple[str, ...]
    limits: AiLimits
    version: str


class AiStatus(Camel):
    """Whether questions are answered now, and by what."""

    available: bool
    reason: str | None = None
    current_model: str
    supported_models: tuple[str, ...]
    supported_databases: tuple[str, ...]
    calibrated_on: str
    capabilities: dict[str, str]
    """"true" for each feature that is there."""
    version: str
    last_health_check: int
    """Seconds since the epoch: when the engine was looked at for this answer."""
