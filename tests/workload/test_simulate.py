"""A simulation plans a statement with and without a fix, says what changed, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest

from assay.adapters.databases.postgres import PostgresDatabases
from assay.kernel.assayed import Verdict
from assay.ports.databases import Session
from assay.ports.errors import Invalid, Refused
from assay.ports.secret import Secret
from assay.sources.introspect import read_schema
from assay.sources.model import Schema
from assay.workload.model import Recommendation
from assay.workload.plan_model import Span, SqlText
from assay.workload.simulate import created_name, dropped_name, simulate
from assay.workload.whatif import hypothetical_left


@pytest.fixture(scope="module")
def dsn(postgres) -> str:
    name = postgres.create_database()
    with psycopg.connect(name, autocommit=True) as connection:
        connection.execute("""CREATE TABLE t (id int PRIMARY KEY, a int, b text);
            INSERT INTO t SELECT i, i % 5000, 'b' || i % 3 FROM generate_series(1, 30000) i;
            CREATE INDEX t_b ON t (b); CREATE EXTENSION IF NOT EXISTS hypopg""")
        connection.execute("VACUUM ANALYZE")
    return name


@pytest.fixture
def session(dsn: str) -> Iterator[Session]:
    databases = PostgresDatabases()
    with databases.session(Secret(dsn)) as it:
        yield it
    databases.close()


@pytest.fixture
def schema(session: Session) -> Schema:
    return read_schema(session, "s")


def fix(ddl: str | None, type: str = "missing_index", rewrite: str | None = None) -> Recommendation:
    text = SqlText(text=rewrite, spans=(Span(text=rewrite, tone="plain"),)) if rewrite else None
    return Recommendation.model_validate(
        {
            "id": "r_1", "source": "s", "type": type, "title": "A fix", "table": "public.t", "ddl": ddl,
            "rewrite": text,
            "rationale": "r", "risk": "low", "risk_reason": "r", "confidence": 0.5, "confidence_reason": "r",
            "verdict": Verdict.ESTIMATE, "missing": ("m",), "created_at": datetime.now(UTC),
        }
    )  # fmt: skip


SQL = "SELECT b FROM t WHERE a = $1"


def test_an_index_makes_the_plan_cheaper_and_the_plan_names_it(session: Session, schema: Schema) -> None:
    done = simulate(session, SQL, (), fix('CREATE INDEX CONCURRENTLY "t a idx" ON public.t (a)'), schema)
    assert done.uses_index and done.clean and done.improvement_pct > 80
    assert len(done.samples) >= 2 and all(s.after is not None and s.after < s.before for s in done.samples)
    assert "t a idx" in str(done.comparison.after.model_dump())
    assert all(check.passed for check in done.checks) and done.comparison.changes
    assert done.reproduce is not None and "hypopg_create_index" in done.reproduce


def test_what_it_says_to_reproduce_runs(session: Session, schema: Schema, dsn: str) -> None:
    done = simulate(session, SQL, (("7",),), fix("CREATE INDEX CONCURRENTLY x ON public.t (a)"), schema)
    with psycopg.connect(dsn, autocommit=True) as connection:
        plans = [
            "\n".join(row[0] for row in connection.execute(statement).fetchall())
            for statement in (done.reproduce or "").split(";\n")
            if statement.strip().startswith("EXPLAIN")
            or connection.execute(statement.split("--")[0] if "--" in statement else statement) is None
        ]
    assert len(plans) == 2 and "btree_t_a" in plans[1] and "btree_t_a" not in plans[0]


def test_an_index_that_no_plan_uses_fails_its_check(session: Session, schema: Schema) -> None:
    done = simulate(session, SQL, (("7",),), fix("CREATE INDEX CONCURRENTLY x ON public.t (b, id)"), schema)
    assert not done.uses_index and done.clean
    assert [check.name for check in done.checks if not check.passed] == ["The plan uses the index"]


def test_a_rewrite_is_planned_as_it_is_written(session: Session, schema: Schema) -> None:
    slow = "SELECT id, (SELECT count(*) FROM t i WHERE i.a = o.a) FROM t o WHERE o.id < $1"
    fast = "SELECT o.id, n FROM t o JOIN (SELECT a, count(*) n FROM t GROUP BY a) i ON i.a = o.a WHERE o.id < $1"
    done = simulate(session, slow, (("50",),), fix(None, "correlated_subquery", fast), schema)
    assert done.improvement_pct > 50 and not done.uses_index and done.clean


def test_dropping_what_a_plan_does_not_use_changes_nothing_and_says_why(session: Session, schema: Schema) -> None:
    done = simulate(session, SQL, (("7",),), fix("DROP INDEX CONCURRENTLY public.t_b", "unused_index"), schema)
    assert done.improvement_pct == 0 and all(check.passed for check in done.checks)
    assert any("cannot leave out an index" in words for words in done.comparison.not_known)


def test_dropping_what_a_plan_uses_is_refused_where_hypopg_cannot_hide_it(session: Session, schema: Schema) -> None:
    with pytest.raises(Refused, match="uses t_b today"):
        simulate(
            session, "SELECT count(*) FROM t WHERE b = $1", (("b1",),),
            fix("DROP INDEX CONCURRENTLY public.t_b", "unused_index"), schema,
        )  # fmt: skip


def test_a_gin_index_cannot_be_imagined_and_the_answer_says_so(session: Session, schema: Schema) -> None:
    ddl = "CREATE INDEX CONCURRENTLY x ON public.t USING gin (b gin_trgm_ops)"
    with pytest.raises(Invalid, match="cannot be planned without building"):
        simulate(session, SQL, (("7",),), fix(ddl, "unimaginable_index"), schema)


def test_nothing_is_left_behind_when_the_statement_fails(session: Session, schema: Schema) -> None:
    with pytest.raises(Refused):
        simulate(
            session, "SELECT nothing FROM t WHERE a = $1", (("7",),), fix("CREATE INDEX x ON public.t (a)"), schema
        )
    assert hypothetical_left(session) == 0


def test_names_are_read_out_of_ddl_with_their_quotes_off() -> None:
    assert created_name('CREATE INDEX CONCURRENTLY IF NOT EXISTS "A ""b""" ON s.t (x)') == 'A "b"'
    assert created_name("create unique index i on only t (x)") == "i"
    assert dropped_name('DROP INDEX CONCURRENTLY IF EXISTS "S.x"."I""d";') == 'I"d'
    assert dropped_name("DROP INDEX plain") == "plain"
    assert created_name("ALTER TABLE t ADD x int") is None and dropped_name("CREATE INDEX i ON t (x)") is None
