"""One visit to a PostgreSQL: its plans, its measurements, its imagined indexes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, LiteralString, cast

import psycopg
from psycopg import pq, sql
from psycopg.rows import dict_row

from assay.adapters.databases import faults
from assay.adapters.databases import statement as look
from assay.adapters.databases.grid import read_grid
from assay.adapters.databases.several import attempt
from assay.adapters.databases.throttle import Throttle
from assay.adapters.databases.wire import Send, Wire
from assay.ports.databases import Estimate, Grid, Imagined, PlanJson, Row, ServerFacts
from assay.ports.errors import AssayError, Internal, Refused, TimedOut, Unavailable

_NAME = "assay"
_BEGIN, _ROLLBACK = Send("BEGIN READ ONLY"), Send("ROLLBACK")
_EXPLAIN = "EXPLAIN (FORMAT JSON) "
FACTS = """
SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS version_num,
       current_database()::text AS database, current_user::text AS account,
       (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) AS superuser,
       (SELECT rolcreaterole FROM pg_catalog.pg_roles WHERE rolname = current_user) AS creates_roles,
       (SELECT rolreplication FROM pg_catalog.pg_roles WHERE rolname = current_user) AS replicates,
       (SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'
           AND r.rolname = current_user) AS owned,
       (SELECT coalesce(json_agg(rolname), '[]') FROM pg_catalog.pg_roles
         WHERE rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
           AND pg_catalog.pg_has_role(current_user, oid, 'MEMBER')) AS of_files,
       (SELECT coalesce(json_object_agg(extname, extversion), '{}') FROM pg_catalog.pg_extension) AS extensions,
       (SELECT coalesce(json_object_agg(name, default_version), '{}') FROM pg_catalog.pg_available_extensions)
           AS available
"""
_HYPOPG = """
SELECT n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
 WHERE e.extname = 'hypopg'
"""
_TYPES = """
SELECT coalesce(json_agg(pg_catalog.format_type(u.type, NULL) ORDER BY u.place), '[]')
  FROM pg_catalog.pg_prepared_statements p, unnest(p.parameter_types) WITH ORDINALITY u(type, place)
 WHERE p.name = 'assay'
"""
CURE_HYPOPG = "CREATE EXTENSION hypopg"


class PostgresSession:
    """Implements `ports.databases.Session` on one lent connection."""

    cautions: tuple[str, ...] = ()

    def __init__(self, wire: Wire, throttle: Throttle) -> None:
        self._wire, self._throttle = wire, throttle
        self._facts: ServerFacts | None = None
        self._hypopg: str | None = None
        self._imagined: set[int] = set()
        self._ended = False

    @property
    def facts(self) -> ServerFacts:
        """Where this session is; read once per visit."""
        if self._facts is None:
            self._facts = facts_of(self.rows(FACTS)[0])
        return self._facts

    def rows(self, sql: str, params: Sequence[object] | Mapping[str, object] = ()) -> list[Row]:
        """Run one statement of ours; without parameters its text is sent as it is, `%` included."""
        wire = self._open()
        try:
            # `sql` is our own text; what comes from outside is in `params`
            found = wire.execute(cast("LiteralString", sql), params or None)
            return list(found.fetchall()) if found.description else []
        except psycopg.Error as failure:
            error = faults.of_statement(failure, wire.where, gone=wire.lost)
            if wire.lost:
                wire.close()
            raise error from None
        except UnicodeError:
            raise Refused(
                "The database holds text that is not valid in its own encoding, so this cannot be read.",
                sqlstate="22021",
            ) from None

    def parameter_types(self, statement: str) -> tuple[str, ...]:
        """Types that the server infers for `$1 … $n`, "integer", "character varying"."""
        look.must_have_plan(statement)
        wire = self._open()
        sends = [Send(statement, prepared=_NAME), Send(_TYPES), Send(f"DEALLOCATE {_NAME}")]
        return tuple(json.loads(_only_value(wire.together(sends)[1])))

    def plan(self, statement: str, values: Sequence[str | None] | None = None) -> PlanJson:
        """EXPLAIN one statement in a read-only transaction that is rolled back.

        Values are bound as parameters of EXPLAIN itself, so the planner sees constants and no text is quoted
        (a custom plan). The generic plan is asked for anew each time: a cached one would not see hypothetical indexes.
        """
        look.must_have_plan(statement)
        if values is None and "$" in statement:
            return self._generic(statement)
        return self._explain(_EXPLAIN, statement, values or ())["Plan"]

    def estimates(self, queries: Iterable[str]) -> list[Estimate | Refused | TimedOut]:
        """What the planner expects; `most_rows` is that of the step that hands on most.

        Each is planned in a read-only transaction of its own, all in one exchange.
        """
        found: dict[int, Estimate | Refused | TimedOut] = {}
        sent: list[int] = []
        apart: dict[int, str] = {}

        def groups(turn: ExitStack) -> Iterator[tuple[Send, ...]]:
            for at, query in enumerate(queries):
                try:
                    look.must_have_plan(query)
                    if "$" in query:
                        apart[at] = query  # its plan is a generic one, of which the protocol is another
                        continue
                    if sent:
                        self._throttle.another()
                    else:
                        turn.enter_context(self._throttle.turn())
                except (Refused, TimedOut) as error:
                    found[at] = error
                    continue
                sent.append(at)
                yield _BEGIN, Send(_EXPLAIN + query)
                yield (_ROLLBACK,)

        wire = self._open()
        with ExitStack() as turn:
            planned = wire.each(groups(turn))[::2]
        found |= {at: self._expected(results) for at, results in zip(sent, planned, strict=True)}
        found |= {at: attempt(lambda query=query: estimate_of(self.plan(query))) for at, query in apart.items()}
        return [found[at] for at in sorted(found)]

    def _expected(self, results: Sequence[pq.abc.PGresult]) -> Estimate | Refused | TimedOut:
        wrong = next((one for one in results if one.status == pq.ExecStatus.FATAL_ERROR), None)
        if wrong is None:
            return estimate_of(_first_plan(results[1])["Plan"])
        error = self._wire.refusal(wrong, before=len(_EXPLAIN))
        if not isinstance(error, Refused | TimedOut):
            raise error
        return error

    def measure(self, statement: str, values: Sequence[str | None] | None = None) -> PlanJson:
        """EXPLAIN (ANALYZE, BUFFERS) one SELECT or VALUES in a read-only transaction that is rolled back.

        Our parser refuses every other kind of statement, and the server's read-only transaction refuses what a
        SELECT can hide (a writing CTE, FOR UPDATE, nextval). Neither can exclude functions whose effects are
        outside the transaction, such as pg_terminate_backend, dblink or a sleep: a query that calls one does here
        what it does in production, as far as this account may; the statement timeout ends it.
        """
        look.must_only_read(statement)
        found = self._explain("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ", statement, values or ())
        times = {key: found[key] for key in ("Planning Time", "Execution Time") if key in found}
        return {**found["Plan"], **times}

    def read(self, query: str, at_most: int, *, skip: int = 0) -> Grid:
        """Read through a cursor in a read-only transaction: the server refuses everything but one query there.

        Our parser refuses every other kind of statement before. What functions do outside of the transaction neither
        can exclude: which may be called is for the caller to check, and for the account's grants.
        """
        wire = self._open()
        if look.only_shows(query):  # of which there is no cursor
            shown = read_grid(wire.together([_BEGIN, Send(query), _ROLLBACK])[1], wire, skip + at_most)
            return replace(shown, rows=shown.rows[skip:])
        look.must_only_read(query)
        declare = "DECLARE assay NO SCROLL CURSOR FOR "
        sends = [
            _BEGIN,
            Send("SET LOCAL cursor_tuple_fraction = 1"),
            Send(declare + query),
            *([Send(f"MOVE {skip} FROM assay")] if skip else []),
            Send(f"FETCH {at_most + 1} FROM assay"),
            _ROLLBACK,
        ]
        return read_grid(wire.together(sends, before=len(declare))[-2], wire, at_most)

    def imagine(self, definition: str) -> Imagined:
        """Create a hypothetical index through hypopg; names the extension when it is missing."""
        look.must_be_index(definition)
        try:
            return self._imagine(definition)
        except (Refused, Unavailable) as error:
            if "not more oid" not in error.message:
                raise
        # hypopg has about 2,500 numbers for hypothetical indexes and this session used them up.
        if self._imagined:
            raise Unavailable(
                f"hypopg has no number left for another hypothetical index: {len(self._imagined)} are in use. "
                "Forget some of them first."
            )
        self._call("hypopg_reset()")
        return self._imagine(definition)

    def forget(self, imagined: Imagined | None = None) -> None:
        """Drop one hypothetical index, or all of this session; one that is gone already is no error."""
        if imagined is None:
            self._call("hypopg_reset()")
            self._imagined.clear()
        else:
            self._call("hypopg_drop_index($1::pg_catalog.oid)", str(imagined.oid))
            self._imagined.discard(imagined.oid)

    def end(self) -> None:
        """Forget hypothetical indexes; the connection is closed when that, or anything before, left it unclean."""
        self._ended = True
        wire = self._wire
        if wire.lost:
            wire.close()
            return
        try:
            if self._imagined:
                self._ended = False
                self.forget()
        except AssayError:
            wire.close()
        finally:
            self._ended = True
            if not wire.closed and wire.pgconn.transaction_status != pq.TransactionStatus.IDLE:
                wire.close()

    def _open(self) -> Wire:
        if self._ended:
            raise Internal("This database session was given back already and cannot be used any more.")
        if self._wire.closed:
            raise faults.lost(self._wire.where)
        return self._wire

    def _explain(self, prefix: str, statement: str, values: Sequence[str | None]) -> dict[str, Any]:
        if any(value is not None and "\0" in value for value in values):
            raise Refused("A value contains a NUL character, which PostgreSQL cannot store.", sqlstate="22021")
        wire = self._open()
        sends = [_BEGIN, Send(prefix + statement, values), _ROLLBACK]
        try:
            with self._throttle.turn():
                return _first_plan(wire.together(sends, before=len(prefix))[1])
        except Refused as error:
            if error.details.get("sqlstate") != "08P01":
                raise
            sentence = f"{len(values)} values were given, but the statement has another number of parameters."
            raise Refused(sentence, sqlstate="08P01") from None

    def _generic(self, statement: str) -> PlanJson:
        wire = self._open()
        ask = self._generic_plan if wire.info.server_version >= 160_000 else self._forced_generic_plan
        with self._throttle.turn():
            return ask(statement)["Plan"]

    def _generic_plan(self, statement: str) -> dict[str, Any]:
        """Ask with GENERIC_PLAN, which also shows the partitions that values would prune.

        It works in the simple protocol only. That would run a second statement, so the server first prepares the
        statement, which it refuses for more than one.
        """
        prefix = "EXPLAIN (GENERIC_PLAN, FORMAT JSON) "
        self._wire.together([Send(statement, prepared=_NAME), Send(f"DEALLOCATE {_NAME}"), _BEGIN])
        found = self._wire.simple(prefix + statement, before=len(prefix))
        self._wire.together([_ROLLBACK])
        return _first_plan(found)

    def _forced_generic_plan(self, statement: str) -> dict[str, Any]:
        """Do as well as a server before 16 can: EXECUTE with NULLs and a plan that does not look at them."""
        described = self._wire.together([Send(statement, prepared=_NAME), Send(_TYPES)])
        count = len(json.loads(_only_value(described[1])))
        nulls = f"({', '.join(['NULL'] * count)})" if count else ""
        sends = [
            _BEGIN,
            Send("SET LOCAL plan_cache_mode = force_generic_plan"),
            Send(f"EXPLAIN (FORMAT JSON) EXECUTE {_NAME}{nulls}"),
            _ROLLBACK,
            Send(f"DEALLOCATE {_NAME}"),
        ]
        return _first_plan(self._wire.together(sends, before=None)[2])

    def _imagine(self, definition: str) -> Imagined:
        row = self._call("hypopg_create_index($1::pg_catalog.text)", definition, size=True)
        made = Imagined(oid=int(row[0]), name=row[1], bytes=int(row[2]))
        self._imagined.add(made.oid)
        return made

    def _call(self, function: str, *params: str, size: bool = False) -> list[str]:
        """Call one of hypopg's functions, which may be in any schema; return its one row as text."""
        wire = self._open()
        if self._hypopg is None:
            found = self.rows(_HYPOPG)
            if not found:
                raise Refused(
                    f"The extension hypopg is not installed in this database; an administrator runs {CURE_HYPOPG}.",
                    cure=CURE_HYPOPG,
                )
            self._hypopg = sql.Identifier(found[0]["nspname"]).as_string(wire)
        columns = f"*, {self._hypopg}.hypopg_relation_size(indexrelid)" if size else "*"
        command = f"SELECT {columns} FROM {self._hypopg}.{function}"  # noqa: S608 - our names, quoted
        result = wire.together([Send(command, params)], before=None)[0]
        if result.ntuples != 1:
            raise Refused(f"hypopg answered with {result.ntuples} rows where one was expected.")
        return [(result.get_value(0, column) or b"").decode() for column in range(result.nfields)]


def open_wire(conninfo: str, where: str, patience_s: float) -> Wire:
    """Connect; raises psycopg's error, which is for the caller to translate."""
    wire = Wire.connect(conninfo, autocommit=True, prepare_threshold=None, row_factory=dict_row)
    wire.where, wire.patience_s = where, patience_s
    return wire


def facts_of(row: Row) -> ServerFacts:
    """What the row of FACTS says."""
    return ServerFacts(
        version=str(row["version"]).split()[0],
        version_num=row["version_num"],
        database=row["database"],
        user=row["account"],
        superuser=bool(row["superuser"]),
        powers=_powers(row),
        extensions=row["extensions"],
        available=row["available"],
    )


def estimate_of(plan: PlanJson) -> Estimate:
    """What a plan expects."""
    cost, rows = float(plan["Total Cost"]), float(plan["Plan Rows"])
    return Estimate(cost, rows, _most_rows(plan), f"{cost:,.0f} cost units, {rows:,.0f} rows expected")


def _powers(row: Row) -> tuple[str, ...]:
    """What an account may do that a read-only transaction does not stop, or that reading does not need."""
    if row["superuser"]:
        return ("superuser",)
    flags = (("creates_roles", "CREATEROLE"), ("replicates", "REPLICATION"))
    found = [word for name, word in flags if row[name]]
    found += row["of_files"]
    if row["owned"]:
        found.append(f"owner of {row['owned']} table{'' if row['owned'] == 1 else 's'}")
    return tuple(found)


def _most_rows(plan: PlanJson) -> float:
    return max([float(plan.get("Plan Rows", 0.0)), *(_most_rows(child) for child in plan.get("Plans", ()))])


def _only_value(result: pq.abc.PGresult) -> bytes:
    return result.get_value(0, 0) or b"[]"


def _first_plan(result: pq.abc.PGresult) -> dict[str, Any]:
    if result.ntuples == 0:
        raise Refused("The server gave no plan for this statement.")
    try:
        found: Any = json.loads(_only_value(result).decode("utf-8", "replace"))
        if "Plan" in found[0]:
            return found[0]
    except (ValueError, IndexError, TypeError):
        pass
    raise Refused("The server has no plan for this statement: it is a command that is not planned.")
