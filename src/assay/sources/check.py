"""Says what an account lacks on its database: which grants and extensions, what that costs, and what adds them."""

from __future__ import annotations

import time

from assay.kernel.values import now
from assay.ports.databases import Reader, Row
from assay.ports.errors import Refused
from assay.sources import quoting
from assay.sources.model import Lack, SourceCheck

SUPERUSER = "an account of its own"

_HERE = """
SELECT pg_catalog.current_database()::text AS database, current_user::text AS account,
       pg_catalog.current_setting('server_version_num')::int / 10000 AS major,
       pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS reads_stats,
       EXISTS (SELECT FROM pg_catalog.pg_settings WHERE name = 'pg_stat_statements.max') AS preloaded,
       (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'shared_preload_libraries') AS libraries,
       (SELECT n.nspname::text FROM pg_catalog.pg_extension e
          JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements') AS pgss
"""
_HIDDEN = """
SELECT n.nspname::text AS schema_name, count(*) AS hidden,
       bool_and(pg_catalog.has_schema_privilege(n.oid, 'USAGE')) AS usage
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f') AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
   AND NOT (pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT'))
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
 GROUP BY n.nspname ORDER BY count(*) DESC, n.nspname LIMIT 20
"""


def check_session(session: Reader, source_id: str) -> SourceCheck:
    """Look around with a session and list what is missing, most costly first.

    The state is "online" when nothing is missing that a capability needs, else "degraded". An account that may do
    too much is listed too, but takes nothing away. Of other engines than PostgreSQL only questions need something.
    """
    began = time.monotonic()
    if session.facts.engine != "postgresql":
        return _answers(session, source_id, began)
    facts, here = session.facts, session.rows(_HERE)[0]
    account = quoting.name(here["account"])
    lacks = [
        *_statements(session, here, available="pg_stat_statements" in facts.available),
        *_all_stats(here, account),
        *([] if facts.plugin else _hypopg(here, "hypopg" in facts.extensions, "hypopg" in facts.available)),
        *(_hidden(row, account) for row in session.rows(_HIDDEN)),
    ]
    reason = None
    if lacks:
        reason = f"Missing: {', '.join(lack.what for lack in lacks)}."
    return SourceCheck(
        source=source_id,
        state="degraded" if lacks else "online",
        state_reason=reason,
        server_version=facts.version,
        account=here["account"],
        superuser=facts.superuser,
        powers=facts.powers,
        extensions=dict(facts.extensions),
        lacks=(*lacks, *(_superuser() if facts.superuser else ()), *([_direct(facts.plugin)] if facts.plugin else [])),
        took_ms=(time.monotonic() - began) * 1_000,
        checked_at=now(),
    )


def _answers(reader: Reader, source_id: str, began: float) -> SourceCheck:
    """A database that answers; what its account may do beyond reading is said, and takes nothing away."""
    facts = reader.facts
    return SourceCheck(
        source=source_id,
        engine=facts.engine,
        state="online",
        server_version=facts.version,
        account=facts.user or None,
        superuser=facts.superuser,
        powers=facts.powers,
        lacks=(_powerful(facts.powers),) if facts.powers else (),
        took_ms=(time.monotonic() - began) * 1_000,
        checked_at=now(),
    )


def _powerful(powers: tuple[str, ...]) -> Lack:
    return Lack(
        what=SUPERUSER,
        without=f"SQL of ask is not run, since this account may do more than read: {', '.join(powers)}.",
        still="Questions become SQL that is checked.",
        cure="assay init --engine mariadb --database NAME, then connect as asker_ro",
    )


def _statements(session: Reader, here: Row, *, available: bool) -> list[Lack]:
    """pg_stat_statements: on the machine, loaded by the server, created in this database, and readable."""
    without = "No statement of the workload is seen: scan, bottlenecks and advice over a workload do not work."
    still = "The schema is read, and a statement that you give can be planned."
    create = "CREATE EXTENSION pg_stat_statements"
    lacks: list[Lack] = []
    if not available:
        return [Lack(what="pg_stat_statements", without=without, still=still, cure=_package("contrib", here, create))]
    if not here["preloaded"]:
        lacks.append(
            Lack(what="pg_stat_statements in shared_preload_libraries", without=without, still=still,
                 cure=_preload(here["libraries"]))
        )  # fmt: skip
    if here["pgss"] is None:
        lacks.append(Lack(what="pg_stat_statements", without=without, still=still, cure=create))
    elif here["preloaded"]:
        view = f"{quoting.name(here['pgss'])}.pg_stat_statements"
        try:
            session.rows(f"SELECT 1 AS one FROM {view} LIMIT 1")  # noqa: S608 - quoted
        except Refused:
            account = quoting.name(here["account"])
            grant = (
                f"GRANT USAGE ON SCHEMA {quoting.name(here['pgss'])} TO {account}; GRANT SELECT ON {view} TO {account}"
            )
            lacks.append(Lack(what="SELECT on pg_stat_statements", without=without, still=still, cure=grant))
    return lacks


def _preload(libraries: str | None) -> str:
    """The list is visible to few accounts; each name is a literal of its own, as ALTER SYSTEM wants it."""
    there = [library.strip().strip('"') for library in (libraries or "").split(",") if library.strip()]
    names = ", ".join(quoting.text(library).strip() for library in [*there, "pg_stat_statements"])
    keep = "" if libraries is not None else ", with the libraries that are there already named before it"
    return f"ALTER SYSTEM SET shared_preload_libraries = {names}{keep}; then restart the server"


def _all_stats(here: Row, account: str) -> list[Lack]:
    if here["reads_stats"]:
        return []
    return [
        Lack(
            what="pg_read_all_stats",
            without="Statements and activity of other accounts stay hidden.",
            still="This account's own statements are seen, and everything is planned and advised for those.",
            cure=f"GRANT pg_read_all_stats TO {account}",
        )
    ]


def _hypopg(here: Row, installed: bool, available: bool) -> list[Lack]:
    if installed:
        return []
    create = "CREATE EXTENSION hypopg"
    return [
        Lack(
            what="hypopg",
            without="An index cannot be tried before it is built, so no new index is recommended.",
            still="Scans, plans, findings, and advice about indexes to drop.",
            cure=create if available else _package("hypopg", here, create),
        )
    ]


def _package(package: str, here: Row, create: str) -> str:
    return f"Install postgresql-{package} for PostgreSQL {here['major']} on the server's machine; then {create}"


def _hidden(row: Row, account: str) -> Lack:
    schema = quoting.name(row["schema_name"])
    usage = "" if row["usage"] else f"GRANT USAGE ON SCHEMA {schema} TO {account}; "
    tables = "1 table or view" if row["hidden"] == 1 else f"{row['hidden']} tables and views"
    return Lack(
        what=f"SELECT on {tables} in schema {row['schema_name']}",
        without="Statements that read them cannot be planned, and their columns have no statistics.",
        still="Statements on all other tables.",
        cure=f"{usage}GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {account}",
    )


def _direct(plugin: str) -> Lack:
    return Lack(
        what="a direct connection",
        without=f"Nothing is costed through {plugin}: no plans, no advice about indexes, no simulation.",
        still="Questions, the schema, and which statements take how much time.",
        cure="assay sources connect --name NAME --dsn postgresql://…",
    )


def _superuser() -> list[Lack]:
    return [
        Lack(
            what=SUPERUSER,
            without="Nothing is missing; but it is a superuser, so whoever finds its credentials owns the server.",
            still="Everything; Assay opens read-only sessions with any account.",
            cure="assay init, then connect as profiler_ro",
        )
    ]
