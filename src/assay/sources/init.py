"""Writes the statements that make the least-privilege accounts and the extensions; running them twice is harmless."""
# ruff: noqa: S608 - names and texts from outside are quoted by quoting.py

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping

from assay.ports.errors import Invalid
from assay.ports.secret import Secret
from assay.sources.model import InitSource
from assay.sources.quoting import block, name, text

READER = "profiler_ro"
"""Reads: schema, statistics, plans. Assay signs in as this one."""
SANDBOX = "profiler_sb"
"""May make temporary tables, for trying things on copies."""
ROLES = (READER, SANDBOX)
ITERATIONS = 4_096
"""PostgreSQL's own default."""

_SETTINGS = {
    READER: {
        "default_transaction_read_only": "on",
        "statement_timeout": "60s",
        "lock_timeout": "2s",
        "idle_in_transaction_session_timeout": "30s",
    },
    SANDBOX: {
        "statement_timeout": "10min",
        "lock_timeout": "2s",
        "idle_in_transaction_session_timeout": "60s",
    },
}
_CONNECTIONS = {READER: 24, SANDBOX: 4}


def init_statements(asked: InitSource, passwords: Mapping[str, Secret] | None = None) -> tuple[str, ...]:
    """Write the statements for one database.

    Args:
        asked: the database, and the schemas that the reader may read.
        passwords: for each of ROLES; None writes psql variables, `:'profiler_ro_password'`, in their place.

    Returns:
        Statements in order, without semicolons; each may run again without harm. With passwords they hold SCRAM
        verifiers, from which a password cannot be read.

    Raises:
        Invalid: no schema is named, or a password is empty or not plain ASCII.
    """
    check_schemas(asked)
    return (
        in_the_right_database(asked.database),
        *(statement for role in ROLES for statement in _role(role, passwords)),
        *(f"GRANT CONNECT ON DATABASE {name(asked.database)} TO {name(role)}" for role in ROLES),
        f"GRANT TEMPORARY ON DATABASE {name(asked.database)} TO {name(SANDBOX)}",
        f"GRANT pg_read_all_stats TO {name(READER)}",
        *(statement for schema in dict.fromkeys(asked.schemas) for statement in reading(schema, READER)),
        *(_extension(extension) for extension in ("pg_stat_statements", "hypopg")),
        _statements_of_its_own(),
    )


def check_schemas(asked: InitSource) -> None:
    """Raise Invalid unless at least one schema is named."""
    if not asked.schemas or not all(asked.schemas):
        raise Invalid("schemas: name at least one schema that may be read, for instance public.", field="schemas")


def scram_verifier(password: str, salt: bytes | None = None) -> str:
    """Compute what PostgreSQL stores for a password (RFC 5803, SCRAM-SHA-256).

    The clear password then is in no statement, and so in no server log. Raises Invalid for a password that is empty
    or not printable ASCII: others would need SASLprep.
    """
    if not password or not (password.isascii() and password.isprintable()):
        raise Invalid("password: only printable ASCII characters, at least one.", field="password")
    salt = salt or secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    shown = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${ITERATIONS}:{shown[0]}${shown[1]}:{shown[2]}"


def in_the_right_database(database: str) -> str:
    """Stop where the administrator is signed in to another database."""
    wanted = text(database)
    return block(
        f"BEGIN IF current_database() <> {wanted} THEN\n"
        f"  RAISE EXCEPTION 'this is database %, connect to %', current_database(), {wanted};\n"
        "END IF; END"
    )


def _role(role: str, passwords: Mapping[str, Secret] | None) -> tuple[str, ...]:
    return role_statements(role, _CONNECTIONS[role], _SETTINGS[role], passwords[role] if passwords else None)


def role_statements(
    role: str, connections: int, settings: Mapping[str, str], password: Secret | None
) -> tuple[str, ...]:
    """Make a role that signs in, with limits of its own; one that is a superuser is not taken over."""
    create = block(
        "BEGIN\n"
        f"  IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {text(role)} AND rolsuper) THEN\n"
        f"    RAISE EXCEPTION 'role % exists and is a superuser; drop it or take that away first', {text(role)};\n"
        f"  ELSIF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {text(role)}) THEN\n"
        f"    EXECUTE format('CREATE ROLE %I', {text(role)});\n"
        "  END IF;\n"
        "END"
    )
    secret = f":'{role}_password'" if password is None else text(scram_verifier(password.reveal()))
    # INHERIT: pg_read_all_stats works only when it is inherited
    alter = f"ALTER ROLE {name(role)} LOGIN INHERIT CONNECTION LIMIT {connections} PASSWORD {secret}"
    limits = (f"ALTER ROLE {name(role)} SET {setting} = {text(value)}" for setting, value in settings.items())
    return (create, alter, *limits)


def reading(schema: str, role: str) -> tuple[str, ...]:
    """Tables that are there, and those that any of the schema's present owners will make."""
    later = block(
        "DECLARE owner name;\n"
        "BEGIN\n"
        "  FOR owner IN\n"
        "    SELECT pg_catalog.pg_get_userbyid(c.relowner) FROM pg_catalog.pg_class c\n"
        "      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace\n"
        f"     WHERE n.nspname = {text(schema)} AND c.relkind IN ('r', 'p', 'm', 'v')\n"
        "    UNION SELECT pg_catalog.pg_get_userbyid(n.nspowner) FROM pg_catalog.pg_namespace n\n"
        f"     WHERE n.nspname = {text(schema)}\n"
        "    UNION SELECT current_user\n"
        "  LOOP\n"
        "    BEGIN\n"
        "      EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT SELECT ON TABLES TO %I',\n"
        f"                     owner, {text(schema)}, {text(role)});\n"
        "    EXCEPTION WHEN insufficient_privilege THEN\n"
        "      RAISE NOTICE 'tables that % makes later must be granted by hand', owner;\n"
        "    END;\n"
        "  END LOOP;\n"
        "END"
    )
    return (
        f"GRANT USAGE ON SCHEMA {name(schema)} TO {name(role)}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {name(schema)} TO {name(role)}",
        later,
    )


def _extension(extension: str) -> str:
    """Create it where the server has it, and open it to the reader wherever it was put."""
    return block(
        "DECLARE place name;\n"
        "BEGIN\n"
        f"  IF NOT EXISTS (SELECT FROM pg_catalog.pg_available_extensions WHERE name = {text(extension)}) THEN\n"
        f"    RAISE WARNING 'install the package of extension % on this server, then run this again',\n"
        f"      {text(extension)};\n"
        "    RETURN;\n"
        "  END IF;\n"
        f"  EXECUTE format('CREATE EXTENSION IF NOT EXISTS %I', {text(extension)});\n"
        "  SELECT n.nspname INTO place FROM pg_catalog.pg_extension e\n"
        f"    JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = {text(extension)};\n"
        f"  EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', place, {text(READER)});\n"
        f"  IF {text(extension)} = 'pg_stat_statements' THEN\n"
        f"    EXECUTE format('GRANT SELECT ON %I.pg_stat_statements TO %I', place, {text(READER)});\n"
        "  END IF;\n"
        "END"
    )


def _statements_of_its_own() -> str:
    """Keep Assay's many EXPLAINs out of pg_stat_statements, where they would push other statements out."""
    return block(
        "BEGIN\n"
        f"  EXECUTE format('ALTER ROLE %I SET pg_stat_statements.track = %L', {text(READER)}, 'none');\n"
        "EXCEPTION WHEN insufficient_privilege OR undefined_object THEN\n"
        f"  RAISE NOTICE 'the statements of % stay in pg_stat_statements', {text(READER)};\n"
        "END"
    )
