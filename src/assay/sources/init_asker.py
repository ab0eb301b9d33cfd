"""Writes the statements that make the account as which questions are run: it reads, and as little else as can be."""
# ruff: noqa: S608 - names and texts from outside are quoted by quoting.py

from __future__ import annotations

import hashlib

from assay.ports.errors import Invalid
from assay.ports.secret import Secret
from assay.sources.init import check_schemas, in_the_right_database, reading, role_statements
from assay.sources.model import InitSource
from assay.sources.quoting import backticked, block, name, text

ASKER = "asker_ro"
"""Reads tables, and nothing of the server; for `ask` alone."""
_SETTINGS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "15s",
    "lock_timeout": "1s",
    "idle_in_transaction_session_timeout": "10s",
    "max_parallel_workers_per_gather": "0",
}
_SECONDS = 15
_CONNECTIONS = 8

DANGEROUS = {
    "waits": "pg_sleep pg_sleep_for pg_sleep_until",
    "locks that other sessions meet": "pg_advisory_lock pg_advisory_lock_shared pg_advisory_xact_lock"
    " pg_advisory_xact_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared pg_try_advisory_xact_lock"
    " pg_try_advisory_xact_lock_shared",
    "settings, such as its own timeout": "set_config",
    "messages to others": "pg_notify pg_logical_emit_message",
    "text that is run as SQL": "query_to_xml query_to_xmlschema query_to_xml_and_xmlschema cursor_to_xml"
    " cursor_to_xmlschema table_to_xml table_to_xmlschema table_to_xml_and_xmlschema schema_to_xml schema_to_xmlschema"
    " schema_to_xml_and_xmlschema database_to_xml database_to_xmlschema database_to_xml_and_xmlschema ts_stat"
    " ts_rewrite crosstab crosstab2 crosstab3 crosstab4 crosstabn connectby",
    "other servers": "dblink dblink_connect dblink_connect_u dblink_exec dblink_open dblink_fetch dblink_send_query"
    " dblink_get_result dblink_disconnect",
    "large objects": "lo_creat lo_create lo_from_bytea lo_get lo_import lo_export lo_open lo_put lo_truncate"
    " lo_truncate64 lo_unlink loread lowrite",
    "other sessions": "pg_terminate_backend pg_cancel_backend pg_stat_get_activity",
    "transactions": "pg_export_snapshot txid_current pg_current_xact_id",
}
"""Functions of PostgreSQL and its usual extensions that reading needs none of, by what they do.

Who may call them is nobody's own affair: EXECUTE is PUBLIC's, so that a REVOKE from one role changes nothing.
"""


def asker_statements(asked: InitSource, password: Secret | None = None) -> tuple[str, ...]:
    """Write the statements for one database; running them twice is harmless.

    Args:
        asked: the engine, the database and, in PostgreSQL, its schemas.
        password: of the account; None writes a placeholder that no server takes as it is.

    Raises Invalid when no schema or database is named, or the password is not plain ASCII.
    """
    return _mariadb(asked.database, password) if asked.engine == "mariadb" else _postgres(asked, password)


def _postgres(asked: InitSource, password: Secret | None) -> tuple[str, ...]:
    check_schemas(asked)
    return (
        in_the_right_database(asked.database),
        *role_statements(ASKER, _CONNECTIONS, _SETTINGS, password),
        _where_it_may("temp_file_limit", "1GB"),
        _where_it_may("idle_session_timeout", "10min"),
        f"GRANT CONNECT ON DATABASE {name(asked.database)} TO {name(ASKER)}",
        *(statement for schema in dict.fromkeys(asked.schemas) for statement in reading(schema, ASKER)),
        *((_revoke(),) if asked.revoke_functions else ()),
    )


def _where_it_may(setting: str, value: str) -> str:
    """A limit that old servers do not have, or that only a superuser may set."""
    return block(
        "BEGIN\n"
        f"  EXECUTE format('ALTER ROLE %I SET {setting} = %L', {text(ASKER)}, {text(value)});\n"
        "EXCEPTION WHEN insufficient_privilege OR undefined_object THEN\n"
        f"  RAISE NOTICE '{setting} of % was not set', {text(ASKER)};\n"
        "END"
    )


def _revoke() -> str:
    """Take the functions from PUBLIC in this database, and give them to each role that is there now but ours."""
    names = ", ".join(text(one) for words in DANGEROUS.values() for one in words.split())
    return block(
        "DECLARE called regprocedure; other name;\n"
        "BEGIN\n"
        "  FOR called IN\n"
        "    SELECT p.oid FROM pg_catalog.pg_proc p\n"
        f"     WHERE p.proname IN ({names})\n"
        "       AND EXISTS (SELECT FROM pg_catalog.aclexplode(\n"
        "             coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a\n"
        "             WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE')\n"
        "  LOOP\n"
        "    BEGIN\n"
        "      FOR other IN SELECT rolname FROM pg_catalog.pg_roles\n"
        f"        WHERE NOT rolsuper AND rolname !~ '^pg_' AND rolname <> {text(ASKER)}\n"
        "      LOOP\n"
        "        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', called, other);\n"
        "      END LOOP;\n"
        "      EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', called);\n"
        "    EXCEPTION WHEN insufficient_privilege THEN\n"
        "      RAISE NOTICE 'everybody may still call %: its owner alone can change that', called;\n"
        "    END;\n"
        "  END LOOP;\n"
        "END"
    )


def _mariadb(database: str, password: Secret | None) -> tuple[str, ...]:
    """In a grant, _ and % of a database's name would stand for any character."""
    if not database:
        raise Invalid("database: name the database that may be read.", field="database")
    who = f"'{ASKER}'@'%'"
    secret = f"BY :{ASKER}_password" if password is None else f"VIA mysql_native_password USING '{_native(password)}'"
    limits = f"WITH MAX_USER_CONNECTIONS {_CONNECTIONS} MAX_STATEMENT_TIME {_SECONDS}"
    pattern = backticked(database.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%"))
    return (
        f"CREATE USER IF NOT EXISTS {who} IDENTIFIED {secret} {limits}",
        f"ALTER USER {who} IDENTIFIED {secret} {limits}",
        f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM {who}",
        f"GRANT SELECT, SHOW VIEW ON {pattern}.* TO {who}",
    )


def _native(password: Secret) -> str:
    """What MariaDB stores for a password, so that no clear one is in a log."""
    once = hashlib.sha1(password.reveal().encode(), usedforsecurity=False).digest()
    return "*" + hashlib.sha1(once, usedforsecurity=False).hexdigest().upper()
