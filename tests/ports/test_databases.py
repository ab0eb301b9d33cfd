"""What visits to somebody else's PostgreSQL promise, on real servers."""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from assay.adapters.databases.postgres import PostgresDatabases
from assay.adapters.databases.throttle import Throttle
from assay.ports.databases import Estimate, Grid, Limits, PlanJson, Session
from assay.ports.errors import AssayError, Internal, Invalid, Refused, TimedOut, Unavailable
from assay.ports.secret import Secret
from assay_lab.server import Server

BY_USER = "SELECT * FROM orders WHERE user_id = $1 AND status = $2 ORDER BY placed_at DESC LIMIT $3"
IMAGINABLE = "CREATE INDEX ON orders (user_id, status)"
Until = Callable[[Callable[[], object]], None]


@pytest.fixture
def session(databases: PostgresDatabases, orders: Secret) -> Iterator[Session]:
    with databases.session(orders) as it:
        yield it


def nodes(plan: PlanJson) -> list[PlanJson]:
    return [plan, *(node for child in plan.get("Plans", ()) for node in nodes(child))]


# where a session is ----------------------------------------------------------------------------------------------


def test_a_session_knows_where_it_is(session: Session) -> None:
    facts = session.facts
    assert facts.version.startswith(f"{facts.version_num // 10_000}.")
    assert facts.user == "postgres" and facts.superuser
    assert {"hypopg", "pg_stat_statements"} <= set(facts.extensions) <= set(facts.available)


def test_a_session_is_read_only_and_says_that_it_is_assay(session: Session) -> None:
    row = session.rows(
        "SELECT current_setting('default_transaction_read_only') AS r, current_setting('application_name') AS a,"
        " current_setting('statement_timeout') AS s, current_setting('lock_timeout') AS l"
    )[0]
    assert row == {"r": "on", "a": "assay", "s": "5s", "l": "500ms"}
    with pytest.raises(Refused) as refused:
        session.rows("DELETE FROM orders")
    assert refused.value.details["sqlstate"] == "25006"
    assert session.rows("SELECT %s::int + 1 AS two, '100%%' AS percent", [1]) == [{"two": 2, "percent": "100%"}]
    assert session.rows("SELECT '100%' AS percent") == [{"percent": "100%"}]


def test_our_explains_stay_out_of_the_statistics_of_a_superuser(session: Session, orders: Secret) -> None:
    session.plan("SELECT 'never recorded' FROM orders")
    with psycopg.connect(orders.reveal()) as other:
        seen = other.execute("SELECT count(*) FROM pg_stat_statements WHERE query LIKE 'EXPLAIN%never%'").fetchone()
    assert seen == (0,)


def test_options_of_the_dsn_hold_beside_ours(databases: PostgresDatabases, orders: Secret) -> None:
    options = "-c role=pg_read_all_data -c work_mem=7MB -c default_transaction_read_only=off"
    with databases.session(Secret(make_conninfo(orders.reveal(), options=options))) as session:
        assert session.facts.user == "pg_read_all_data" and not session.facts.superuser
        assert session.rows("SHOW work_mem") == [{"work_mem": "7MB"}]
        assert session.rows("SHOW default_transaction_read_only") == [{"default_transaction_read_only": "on"}]
        assert session.plan(BY_USER)


# DSNs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dsn", "where", "account"),
    [
        ("postgresql://me:s3cret@db.example:5433/shop?sslmode=require", "db.example:5433/shop", "me"),
        ("postgres://me@db.example/shop", "db.example:5432/shop", "me"),
        ("host=db.example user=me password='s3 cret' dbname=shop", "db.example:5432/shop", "me"),
        ("postgresql://me@[2001:db8::1]:5432/shop", "[2001:db8::1]:5432/shop", "me"),
        ("postgresql://me@one:1,two:2/shop", "one:1,two:2/shop", "me"),
        ("postgresql://me@one,two:5433/shop", "one:5432,two:5433/shop", "me"),
        ("host=one,two port=6000 user=me dbname=shop", "one:6000,two:6000/shop", "me"),
        ("postgresql://m%C3%BC:p%40ss@db.example/sh%20op", "db.example:5432/sh op", "mü"),
        ("host=/run/postgresql user=me", "/run/postgresql:5432/me", "me"),
    ],
)
def test_a_dsn_is_described_without_its_secret(dsn: str, where: str, account: str) -> None:
    found = PostgresDatabases().whereabouts(Secret(dsn))
    assert (found.where, found.account) == (where, account)


def test_the_same_database_for_another_account_forgets_the_first_ones_secrets() -> None:
    first = Secret("postgresql://me:s3cret@db.example:5433/sh%20op?sslmode=require&sslkey=/my/key")
    other = PostgresDatabases().as_account(first, "reader", Secret("it's \\ new"))
    assert conninfo_to_dict(other.reveal()) == {
        "host": "db.example", "port": "5433", "dbname": "sh op", "sslmode": "require",
        "user": "reader", "password": "it's \\ new",
    }  # fmt: skip
    assert "new" not in repr(other)


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://me:s3cret@cret@db.example/shop",
        "postgresql://me:s3cret/cret@db.example/shop",
        "postgresql://me:12/cret@db.example/shop",
        "postgresql://me:s3cret%zz@db.example/shop",
        "host=db.example password=s3 cret",
        "host=db.example passwort=s3cret",
        "host=db.example port=s3cret",
        "postgresql://me:s3cret@db.example/shop?replication=database",
        "mysql://me:s3cret@db.example/shop",
        "s3cret",
        "",
        "  ",
        "postgresql://me:s3cret@db.example/sh\0op",
    ],
)
def test_a_dsn_that_cannot_be_read_is_invalid_and_no_part_of_it_is_shown(dsn: str) -> None:
    with pytest.raises(Invalid) as invalid, PostgresDatabases().session(Secret(dsn)):
        pass
    assert "cret" not in str(invalid.value) and invalid.value.details["field"] == "dsn"
    assert "cret" not in "".join(traceback.format_exception(invalid.value, limit=0))


def test_a_wrong_password_names_the_account_and_not_the_password(databases: PostgresDatabases, orders: Secret) -> None:
    conninfo = make_conninfo(orders.reveal(), password="s3cret-and-wrong")
    says = r"as postgres: password authentication failed.*Check the account"
    with pytest.raises(Unavailable, match=says) as failed, databases.session(Secret(conninfo)):
        pass
    assert "s3cret" not in str(failed.value) and "s3cret" not in repr(failed.value.details)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"port": "1"}, "Connection refused. Check that the server runs"),
        ({"dbname": "nowhere"}, "Check the names of the database"),
        ({"sslmode": "require"}, "Check sslmode"),
        ({"host": "nowhere.invalid"}, "Check the host name"),
    ],
)
def test_what_cannot_be_connected_says_why_and_what_to_check(
    databases: PostgresDatabases, orders: Secret, change: dict[str, str], says: str
) -> None:
    began = time.monotonic()
    dsn = Secret(make_conninfo(orders.reveal(), **change))
    with pytest.raises(Unavailable, match=says), databases.session(dsn):
        pass
    assert time.monotonic() - began < 5


# plans -----------------------------------------------------------------------------------------------------------


def test_values_are_planned_as_constants_whatever_is_in_them(session: Session) -> None:
    plan = session.plan(BY_USER, ["5", "it's \\ ü", "10"])
    scan = nodes(plan)[-1]
    assert scan["Relation Name"] == "orders" and "'it''s \\ ü'" in scan["Filter"]
    rare, common = (session.plan("SELECT * FROM orders WHERE status = $1", [value]) for value in ("?", "paid"))
    assert rare["Plan Rows"] < 10 < 6_000 < common["Plan Rows"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40))
def test_any_text_can_be_a_value(session: Session, value: str) -> None:
    assert session.plan("SELECT * FROM orders WHERE status = $1", [value])["Node Type"] == "Seq Scan"


def test_null_is_a_value(session: Session) -> None:
    assert session.plan("SELECT * FROM orders WHERE user_id = $1", [None])["Node Type"] == "Result"


def test_without_values_the_plan_is_the_generic_one(session: Session) -> None:
    assert "$1" in nodes(session.plan(BY_USER))[-1]["Filter"]


def test_newer_servers_plan_with_values_and_without(databases: PostgresDatabases, orders_new: Secret) -> None:
    with databases.session(orders_new) as session:
        assert session.facts.version_num >= 160_000
        assert "$1" in nodes(session.plan(BY_USER))[-1]["Filter"]
        assert "'it''s \\ ü'" in nodes(session.plan(BY_USER, ["5", "it's \\ ü", "10"]))[-1]["Filter"]
        assert session.parameter_types(BY_USER) == ("integer", "text", "bigint")
        with pytest.raises(Refused, match="hypopg is not installed"):
            session.imagine(IMAGINABLE)
        measured = session.measure("SELECT count(*) FROM orders WHERE user_id < $1", ["10"])
        assert measured["Execution Time"] > 0 and measured["Actual Rows"] == 1


def test_a_semicolon_in_a_literal_or_a_comment_is_no_second_statement(session: Session) -> None:
    for statement in (
        "SELECT * FROM orders WHERE status = 'a;b' -- c; d",
        "SELECT * FROM orders WHERE status = $$;$$ /* ; */;",
        'SELECT 1 AS ";" FROM orders ; ;',
    ):
        assert session.plan(statement)["Node Type"] == "Seq Scan"


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("SELECT 1; SELECT 2", "2 statements"),
        ("SELECT 1; DROP TABLE orders", "2 statements"),
        ("", "no statement"),
        (" -- only this\n", "no statement"),
        ("VACUUM orders", "have a plan"),
        ("EXPLAIN SELECT 1", "have a plan"),
        ("SELECT 1\0", "NUL"),
        ("SELEC 1", "syntax error"),
        ("SELECT date $1 FROM orders", "syntax error"),
        ("<insufficient privilege>", "syntax error"),
        ("SELECT * FROM nowhere", '"nowhere" does not exist'),
        ("SELECT nothing FROM orders WHERE user_id = $1", '"nothing" does not exist'),
    ],
)
def test_what_cannot_be_planned_is_refused_and_the_session_goes_on(session: Session, statement: str, says: str) -> None:
    with pytest.raises(Refused, match=says):
        session.plan(statement)
    with pytest.raises(Refused, match=says):
        session.parameter_types(statement)
    assert session.plan(BY_USER, ["1", "new", "1"]) and session.plan(BY_USER)


def test_the_server_itself_refuses_a_second_statement_that_our_parser_overlooks(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay.adapters.databases.statement.root", lambda _statement: None)
    for values in (None, []):
        with pytest.raises(Refused, match="multiple commands"):
            session.plan("SELECT 1; DROP TABLE orders -- $1", values)
    assert session.rows("SELECT count(*) AS n FROM orders") == [{"n": 20_000}]


def test_an_error_says_where_in_the_statement_it_is(session: Session) -> None:
    statement = "SELECT * FROM orders WHERE ünknown = 1"
    for values in (None, ()):
        with pytest.raises(Refused) as refused:
            session.plan(statement, values)
        assert refused.value.details["sqlstate"] == "42703"
        assert refused.value.details["position"] == statement.index("ünknown") + 1


@pytest.mark.parametrize(
    ("values", "says"), [(["x", "y", "1"], "invalid input syntax"), (["1"], "1 values"), (["1\0"], "NUL")]
)
def test_values_that_do_not_fit_are_refused(session: Session, values: list[str | None], says: str) -> None:
    with pytest.raises(Refused, match=says):
        session.plan(BY_USER, values)
    assert session.plan(BY_USER, ["1", "new", "1"])


def test_writes_are_planned_and_nothing_is_written(session: Session) -> None:
    assert session.plan("DELETE FROM orders WHERE user_id = $1", ["1"])["Node Type"] == "ModifyTable"
    assert session.plan("UPDATE orders SET status = $1 WHERE id = $2")["Node Type"] == "ModifyTable"
    assert session.plan("INSERT INTO orders (id, user_id) VALUES ($1, $2)", ["1", "1"])["Node Type"] == "ModifyTable"
    assert session.rows("SELECT count(*) AS n FROM orders") == [{"n": 20_000}]


def test_parameters_have_the_types_that_the_server_infers(session: Session) -> None:
    assert session.parameter_types(BY_USER) == ("integer", "text", "bigint")
    assert session.parameter_types("SELECT 1") == ()


# hypothetical indexes --------------------------------------------------------------------------------------------


def test_a_hypothetical_index_is_planned_with_and_then_forgotten(session: Session) -> None:
    values = ["5", "new", "10"]
    before, generic = session.plan(BY_USER, values), session.plan(BY_USER)
    imagined = session.imagine(IMAGINABLE)
    assert imagined.bytes > 0
    for plan in (session.plan(BY_USER, values), session.plan(BY_USER)):
        assert imagined.name in {node.get("Index Name") for node in nodes(plan)}
    session.forget(imagined)
    session.forget(imagined)
    assert (session.plan(BY_USER, values), session.plan(BY_USER)) == (before, generic)


@pytest.mark.parametrize("leave", [None, KeyboardInterrupt, RuntimeError])
def test_hypothetical_indexes_are_gone_when_a_session_is_given_back(
    databases: PostgresDatabases, orders: Secret, leave: type[BaseException] | None
) -> None:
    pid = None
    try:
        with databases.session(orders) as session:
            pid = session.rows("SELECT pg_backend_pid() AS pid")
            session.imagine(IMAGINABLE)
            if leave:
                raise leave
    except (KeyboardInterrupt, RuntimeError):
        pass
    with databases.session(orders) as session:
        assert session.rows("SELECT pg_backend_pid() AS pid") == pid, "the session was kept"
        assert session.rows("SELECT count(*) AS n FROM hypopg()") == [{"n": 0}]


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        ("CREATE INDEX ON orders USING gin (status)", "gin"),
        ("CREATE INDEX ON nowhere (x)", "nowhere"),
        ("CREATE INDEX ON orders (nothing)", "nothing"),
        ("DROP TABLE orders", "Only one CREATE INDEX"),
        (f"{IMAGINABLE}; {IMAGINABLE}", "2 statements"),
        ("CREATE INDEX ON (", "Only one CREATE INDEX"),
    ],
)
def test_what_this_planner_cannot_imagine_is_refused(session: Session, definition: str, says: str) -> None:
    with pytest.raises(Refused, match=says):
        session.imagine(definition)
    assert session.imagine(IMAGINABLE).oid


def test_hypopg_is_found_in_any_schema_and_named_when_it_is_missing(
    databases: PostgresDatabases, postgres: Server
) -> None:
    dsn = Secret(postgres.create_database(extensions=False))
    databases.administer(dsn, ["CREATE TABLE orders (user_id int, status text)"])
    with databases.session(dsn) as session:
        with pytest.raises(Refused, match="hypopg is not installed") as refused:
            session.imagine(IMAGINABLE)
        assert refused.value.details["cure"] == "CREATE EXTENSION hypopg"
        databases.administer(dsn, ['CREATE SCHEMA "Odd ""one"""', 'CREATE EXTENSION hypopg SCHEMA "Odd ""one"""'])
        assert session.imagine(IMAGINABLE).bytes > 0


def test_a_session_does_not_run_out_of_numbers_for_hypothetical_indexes(session: Session) -> None:
    for _ in range(3_000):
        session.forget(session.imagine(IMAGINABLE))
    kept = [session.imagine(IMAGINABLE)]
    with pytest.raises(Unavailable, match=r"no number left.* are in use"):
        while len(kept) < 5_000:
            kept.append(session.imagine(IMAGINABLE))
    assert len(kept) > 2_000
    session.forget()
    assert session.imagine(IMAGINABLE).oid


# measuring -------------------------------------------------------------------------------------------------------


def test_a_measurement_runs_the_statement_and_brings_times_and_blocks(session: Session) -> None:
    plan = session.measure("SELECT count(*) FROM orders WHERE user_id < $1", ["10"])
    assert plan["Actual Rows"] == 1 and plan["Execution Time"] > 0 and plan["Planning Time"] > 0
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] > 50
    assert session.measure("VALUES (1), (2)")["Actual Rows"] == 2


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO orders (id, user_id) VALUES (0, 0)",
        "UPDATE orders SET status = NULL",
        "DELETE FROM orders",
        "MERGE INTO orders o USING orders p ON o.id = p.id WHEN MATCHED THEN DELETE",
        "TRUNCATE orders",
        "CREATE TABLE copied AS SELECT * FROM orders",
        "SELECT * INTO copied FROM orders",
        "WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone",
        "WITH gone AS (DELETE FROM orders RETURNING *) INSERT INTO orders SELECT * FROM gone",
        "SELECT * FROM orders FOR UPDATE",
        "SELECT nextval('counted')",
        "SELECT 1; DELETE FROM orders",
        "COMMIT; DELETE FROM orders",
        "SELECT * FROM orders WHERE",
        "CALL something()",
        "DO $$BEGIN DELETE FROM orders; END$$",
    ],
)
def test_a_measurement_never_writes(session: Session, orders: Secret, statement: str) -> None:
    databases = PostgresDatabases()
    databases.administer(orders, ["CREATE SEQUENCE IF NOT EXISTS counted"])
    with pytest.raises(Refused):
        session.measure(statement)
    assert session.rows("SELECT count(*) AS n, count(status) AS s FROM orders") == [{"n": 20_000, "s": 20_000}]
    assert session.rows("SELECT is_called FROM counted") == [{"is_called": False}]
    databases.close()


# things go wrong -------------------------------------------------------------------------------------------------


def test_a_statement_that_takes_too_long_times_out_and_the_session_goes_on(
    databases: PostgresDatabases, orders: Secret
) -> None:
    with databases.session(orders, Limits(statement_ms=100)) as session:
        with pytest.raises(TimedOut, match="statement timeout"):
            session.measure("SELECT pg_sleep(5)")
        with pytest.raises(TimedOut):
            session.rows("SELECT pg_sleep(5)")
        assert session.plan(BY_USER)


def test_waiting_for_a_lock_times_out(databases: PostgresDatabases, orders: Secret) -> None:
    with psycopg.connect(orders.reveal()) as other, databases.session(orders, Limits(lock_ms=50)) as session:
        other.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(TimedOut, match="lock"):
            session.plan(BY_USER, ["1", "new", "1"])
        other.rollback()
        assert session.plan(BY_USER, ["1", "new", "1"])


def visits(session: Session) -> list[Callable[[], object]]:
    return [
        lambda: session.rows("SELECT 1"),
        lambda: session.plan(BY_USER, ["1", "new", "1"]),
        lambda: session.plan(BY_USER),
        lambda: session.parameter_types(BY_USER),
        lambda: session.measure("SELECT 1"),
        lambda: session.imagine(IMAGINABLE),
        lambda: session.forget(),
    ]


@pytest.mark.parametrize("visit", range(7))
def test_a_session_whose_backend_was_killed_is_unavailable_and_the_next_one_works(
    databases: PostgresDatabases, orders: Secret, visit: int
) -> None:
    with databases.session(orders) as session:
        session.imagine(IMAGINABLE)
        pid = session.rows("SELECT pg_backend_pid() AS pid")[0]["pid"]
        with psycopg.connect(orders.reveal()) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        for _ in range(2):
            with pytest.raises(Unavailable):
                visits(session)[visit]()
    with databases.session(orders) as session:
        assert session.rows("SELECT pg_backend_pid() AS pid")[0]["pid"] != pid


def test_a_backend_killed_while_it_works_is_unavailable(databases: PostgresDatabases, orders: Secret) -> None:
    with databases.session(orders) as session, psycopg.connect(orders.reveal(), autocommit=True) as other:
        pid = session.rows("SELECT pg_backend_pid() AS pid")[0]["pid"]
        killer = threading.Timer(0.1, lambda: other.execute("SELECT pg_terminate_backend(%s)", [pid]))
        killer.start()
        with pytest.raises(Unavailable):
            session.measure("SELECT pg_sleep(4)")
        killer.join()


def test_a_kept_session_that_died_meanwhile_is_not_lent_again(databases: PostgresDatabases, orders: Secret) -> None:
    with databases.session(orders) as session:
        pid = session.rows("SELECT pg_backend_pid() AS pid")[0]["pid"]
    with psycopg.connect(orders.reveal()) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    with databases.session(orders) as session:
        assert session.plan(BY_USER)


def test_a_silent_server_is_unavailable_soon_after_the_statement_timeout(
    databases: PostgresDatabases, orders: Secret
) -> None:
    with databases.session(orders, Limits(statement_ms=200)) as session:
        pid = session.rows("SELECT pg_backend_pid() AS pid")[0]["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            with pytest.raises(Unavailable, match="silent"):
                session.plan(BY_USER, ["1", "new", "1"])
            assert time.monotonic() - began < 3.5
        finally:
            os.kill(pid, signal.SIGCONT)


def test_a_server_that_stops_is_unavailable_within_two_seconds_and_found_again(
    databases: PostgresDatabases, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = Server(tmp_path_factory.mktemp("stopped"), settings={"shared_buffers": "16MB"})
    server.start()
    try:
        dsn = Secret(server.dsn())
        with databases.session(dsn) as session:
            session.rows("SELECT 1")
            server.stop()
            began = time.monotonic()
            with pytest.raises(Unavailable):
                session.plan("SELECT 1")
            with pytest.raises(Unavailable, match=r"127\.0\.0\.1"), databases.session(dsn):
                pass
            assert time.monotonic() - began < 2
        server.start()
        with databases.session(dsn) as session:
            assert session.rows("SELECT 1 AS one") == [{"one": 1}]
    finally:
        server.stop()


def test_a_session_that_was_given_back_is_of_no_use(databases: PostgresDatabases, orders: Secret) -> None:
    with databases.session(orders) as session:
        pass
    with pytest.raises(Internal):
        session.plan("SELECT 1")


# keeping and lending ---------------------------------------------------------------------------------------------


def backends(dsn: Secret) -> set[int]:
    with psycopg.connect(dsn.reveal()) as other:
        sql = "SELECT pid FROM pg_stat_activity WHERE application_name = 'assay' AND datname = current_database()"
        return {pid for (pid,) in other.execute(sql)}


def test_idle_sessions_are_kept_for_a_while_and_all_closed_at_the_end(postgres: Server, until: Until) -> None:
    dsn = Secret(postgres.create_database())
    databases = PostgresDatabases(idle_s=0.3)
    with databases.session(dsn):
        pass
    assert len(backends(dsn)) == 1
    until(lambda: not backends(dsn))
    with databases.session(dsn), databases.session(dsn):
        pass
    databases.close()
    until(lambda: not backends(dsn))
    with pytest.raises(Unavailable), databases.session(dsn):
        pass


def test_many_threads_share_few_sessions(postgres: Server) -> None:
    dsn = Secret(postgres.create_database())
    databases = PostgresDatabases(keep=2, at_most=3)
    most = 0

    def visit(number: int) -> int:
        nonlocal most
        with databases.session(dsn, Limits(connect_s=30)) as session:
            most = max(most, session.rows("SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'assay'"
                                          " AND datname = current_database()")[0]["n"])  # fmt: skip
            return int(session.plan(f"SELECT * FROM generate_series(1, {number}) LIMIT {number + 1}")["Plan Rows"])

    with ThreadPoolExecutor(12) as threads:
        assert list(threads.map(visit, range(1, 61))) == list(range(1, 61))
    assert 1 <= most <= 3 and len(backends(dsn)) <= 2
    databases.close()


def test_when_all_sessions_stay_in_use_the_next_visitor_is_told(postgres: Server) -> None:
    dsn = Secret(postgres.dsn())
    databases, limits = PostgresDatabases(at_most=1), Limits(connect_s=0.1)
    says = "stayed in use"
    with databases.session(dsn, limits), pytest.raises(Unavailable, match=says), databases.session(dsn, limits):
        pass
    databases.close()


def test_no_more_explains_run_at_once_or_in_a_second_than_allowed() -> None:
    throttle, running, most, begun = Throttle(2, 50, 10), 0, 0, []
    lock = threading.Lock()

    def one(_number: int) -> None:
        nonlocal running, most
        with throttle.turn():
            with lock:
                running += 1
                most = max(most, running)
                begun.append(time.monotonic())
            threading.Event().wait(0.001)
            with lock:
                running -= 1

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(one, range(110)))
    begun.sort()
    assert most <= 2
    assert all(later - earlier > 0.97 for earlier, later in zip(begun, begun[50:], strict=False))
    with Throttle(1, 0.001, 1).turn():
        pass


def test_a_turn_that_does_not_come_times_out() -> None:
    throttle = Throttle(1, 1_000, 0.05)
    with throttle.turn(), pytest.raises(TimedOut), throttle.turn():
        pass


def test_within_a_turn_another_explain_waits_for_its_second() -> None:
    throttle, begun = Throttle(1, 20, 10), []
    with throttle.turn():
        for _ in range(45):
            begun.append(time.monotonic())
            throttle.another()
    assert all(later - earlier > 0.97 for earlier, later in zip(begun, begun[21:], strict=False))


# several estimates -----------------------------------------------------------------------------------------------


def test_estimates_come_in_order_with_refusals_among_them(databases: PostgresDatabases, postgres: Server) -> None:
    dsn = Secret(postgres.create_database())
    databases.administer(dsn, ["CREATE TABLE things (x int)", "INSERT INTO things SELECT generate_series(1, 50)"])
    asked = ["SELECT * FROM things", "SELECT * FROM nothing", "DROP TABLE things", "SELECT x FROM things WHERE x = $1",
             "SELECT 'a; b' || E'\\'' FROM things", "SELECT 1 / 0", "SELECT '$'"]  # fmt: skip
    taken: list[str] = []

    def queries() -> Iterator[str]:
        for one in asked:
            taken.append(one)
            yield one

    with databases.session(dsn) as session:
        found = session.estimates(queries())
        assert [type(one).__name__ for one in found] == [
            "Estimate", "Refused", "Refused", "Estimate", "Estimate", "Refused", "Estimate",
        ]  # fmt: skip
        assert taken == asked
        nothing, division = found[1], found[5]
        assert isinstance(nothing, Refused) and nothing.details == {"sqlstate": "42P01", "position": 15}
        assert isinstance(division, Refused) and division.details["sqlstate"] == "22012"
        assert session.estimates(()) == []
        assert session.rows("SELECT count(*)::int AS many FROM things") == [{"many": 50}], "nothing is left open"
    with databases.session(dsn) as again:
        assert [one.rows for one in again.estimates(["SELECT 1"]) if isinstance(one, Estimate)] == [1]


def test_what_plans_too_long_is_cancelled_and_the_others_are_planned(
    databases: PostgresDatabases, postgres: Server
) -> None:
    dsn = Secret(postgres.create_database())
    slow = "CREATE FUNCTION slow() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1 FROM pg_sleep(30)'"
    databases.administer(dsn, [slow])
    with databases.session(dsn, Limits(statement_ms=300)) as session:
        found = session.estimates(["SELECT 1", "SELECT slow()", "SELECT 2"])
    assert [type(one).__name__ for one in found] == ["Estimate", "TimedOut", "Estimate"]


def test_what_is_not_planned_needs_no_turn_and_what_gets_none_says_so(postgres: Server) -> None:
    databases, dsn = PostgresDatabases(), Secret(postgres.dsn())
    limits = Limits(plans_at_once=1, statement_ms=200, lock_ms=100)
    taken, done = threading.Event(), threading.Event()

    def holds() -> Iterator[str]:
        yield "SELECT 1"
        taken.set()
        done.wait(60)

    with databases.session(dsn, limits) as one, databases.session(dsn, limits) as other, ThreadPoolExecutor(1) as aside:
        held = aside.submit(one.estimates, holds())
        assert taken.wait(60)
        assert [type(it).__name__ for it in other.estimates(["DROP TABLE x"])] == ["Refused"]
        (late,) = other.estimates(["SELECT 2"])
        assert isinstance(late, TimedOut) and "No EXPLAIN could start" in late.message
        done.set()
        assert [type(it).__name__ for it in held.result(60)] == ["Estimate"]
        assert [type(it).__name__ for it in other.estimates(["SELECT 2"])] == ["Estimate"]
    databases.close()


def test_queries_that_fail_to_be_made_close_the_session(databases: PostgresDatabases, postgres: Server) -> None:
    def queries() -> Iterator[str]:
        yield "SELECT 1"
        raise LookupError("there is no second one")

    dsn = Secret(postgres.dsn())
    with databases.session(dsn) as session:
        with pytest.raises(LookupError):
            session.estimates(queries())
        with pytest.raises(Unavailable):
            session.rows("SELECT 1")
    with databases.session(dsn) as session:
        assert session.rows("SELECT 1 AS one") == [{"one": 1}]


# administering ---------------------------------------------------------------------------------------------------


def test_administering_is_all_or_nothing_and_never_repeats_a_statement_that_may_hold_a_secret(
    databases: PostgresDatabases, postgres: Server
) -> None:
    dsn = Secret(postgres.create_database())
    with pytest.raises(AssayError) as failed:
        databases.administer(dsn, ["CREATE TABLE made (x int)", "ALTER ROLE nobody_here PASSWORD 's3cret'", "SELECT 1"])
    assert "s3cret" not in str(failed.value) and failed.value.details["statement"] == 2
    with databases.session(dsn) as session:
        assert session.rows("SELECT to_regclass('made') AS made") == [{"made": None}]
    databases.administer(dsn, ["CREATE TABLE made (x int)", "INSERT INTO made VALUES (1)"])
    with databases.session(dsn) as session:
        assert session.rows("SELECT x FROM made") == [{"x": 1}]


def test_administering_takes_one_statement_at_a_time(databases: PostgresDatabases, postgres: Server) -> None:
    with pytest.raises(Unavailable):
        databases.administer(Secret("postgresql://nobody:x@127.0.0.1:1/none"), ["SELECT 1"])


def test_a_query_is_read_with_its_names_and_types_and_no_more_rows_than_asked(session: Session) -> None:
    grid = session.read(
        "SELECT g AS n, g / 2.0 AS half, 'ü' || g AS word, NULL::date AS day, ARRAY[g] AS list, 'NaN'::float8 AS odd,"
        " g > 1 AS more FROM generate_series(1, 5) g",
        2,
    )
    assert grid.columns == ("n", "half", "word", "day", "list", "odd", "more")
    assert grid.types == ("int4", "numeric", "text", "date", "int4[]", "float8", "bool")
    assert grid.rows == (
        (1, "0.50000000000000000000", "ü1", None, "{1}", "NaN", False),
        (2, "1.00000000000000000000", "ü2", None, "{2}", "NaN", True),
    )
    assert grid.more and not session.read("SELECT 1", 1).more
    assert session.read("SELECT 1 WHERE false", 10) == Grid(("?column?",), ("int4",), (), False)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("DELETE FROM orders", "Only SELECT"),
        ("WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone", "read-only|data-modifying"),
        ("SELECT 1; SELECT 2", "2 statements"),
        ("SELECT * FROM orders FOR UPDATE", "read-only"),
        ("SELECT nothing FROM orders", "nothing"),
        ("SELECT pg_sleep(60)", "timeout|too long"),
    ],
)
def test_what_is_not_a_reading_query_is_not_run_and_the_session_goes_on(
    databases: PostgresDatabases, orders: Secret, query: str, says: str
) -> None:
    with databases.session(orders, Limits(statement_ms=300)) as session:
        before = session.read("SELECT count(*) FROM orders", 1)
        with pytest.raises((Refused, TimedOut), match=f"(?i){says}"):
            session.read(query, 10)
        assert session.read("SELECT count(*) FROM orders", 1) == before
