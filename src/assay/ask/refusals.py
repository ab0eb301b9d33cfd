"""Why a question or a text is not answered, in codes of its own."""

from __future__ import annotations

from collections.abc import Sequence

from assay.ports.errors import AssayError


class SqlRejected(AssayError):
    """The text did not pass the checks; `issues` says why."""

    code, status, exit_code = "SQL_REJECTED", 422, 8


class NoSchema(AssayError):
    """Nothing is known of the tables that a question is about, and no language model has guessed them."""

    code, status, exit_code = "NO_SCHEMA", 422, 8


def no_schema(warnings: Sequence[str]) -> NoSchema:
    """The refusal of a question whose tables nobody knows; `warnings` say why models did not guess them, if asked."""
    why = warnings[-1] if warnings else "Nothing that would be written could be checked."
    return NoSchema(
        f"no schema: nothing is known about the tables. {why}", field="schema_text",
        cure="connect the database, or tell its tables in schema_text; a language model (AI_PROVIDER) may guess them",
    )  # fmt: skip
