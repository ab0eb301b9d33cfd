"""The arguments and options of a command, made of a question's fields."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import typer
from pydantic import BaseModel

from assay.faces.fields import Field, fields_of, gather
from assay.kernel.errors import Invalid
from assay.kernel.operation import Operation

HELP_PANEL = "Operations"


def signature(operation: Operation, names: Mapping[str, str] | None = None) -> inspect.Signature:
    """Return the signature that Typer reads: path fields are arguments, the others options, none is required here.

    Validation is the house's own, so that a wrong value is the same error on every face.

    Args:
        names: other names of options, by field.
    """
    parameters: list[inspect.Parameter] = []
    words = words_of(operation, names)
    for field in fields_of(operation.asks).values():
        if not words[field.name].startswith("--"):
            default, annotation = _argument(field), str | None
        else:
            default, annotation = _option(field, words[field.name]), _annotation(field)
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters.append(inspect.Parameter(field.name, kind, default=default, annotation=annotation))
    parameters.sort(key=lambda one: one.name not in operation.http.fields)
    as_json = typer.Option(False, "--json", help="Print exactly the answer, as JSON.")
    parameters.append(inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, default=as_json, annotation=bool))
    return inspect.Signature(parameters)


def words_of(operation: Operation, names: Mapping[str, str] | None = None) -> dict[str, str]:
    """What each field is called on the command line."""
    renamed = names or {}
    return {
        name: renamed.get(name) or (name.upper() if name in operation.http.fields else f"--{name.replace('_', '-')}")
        for name in fields_of(operation.asks)
    }


def _annotation(field: Field) -> Any:
    if field.kind == "flag" and not field.many:
        return bool | None
    return list[str] | None if field.many else str | None


def _argument(field: Field) -> Any:
    return typer.Argument(None, metavar=field.name.upper(), help=_escape(field.doc) or None, show_default=False)


def _option(field: Field, word: str) -> Any:
    name = word.lstrip("-")
    declared = f"--{name}/--no-{name}" if field.kind == "flag" and not field.many else f"--{name}"
    metavar = None if declared.count("--") > 1 else _metavar(field)
    return typer.Option(None, declared, help=_help(field), metavar=metavar, show_default=False)


def _metavar(field: Field) -> str:
    if field.secret:
        return "VALUE|-|env:NAME"
    if field.choices:
        return "|".join(field.choices) if len("|".join(field.choices)) <= 40 else "WORD"
    return {"text": "TEXT", "integer": "INTEGER", "number": "NUMBER", "json": "JSON", "upload": "FILE|-"}.get(
        field.kind, "TEXT"
    )


def _help(field: Field) -> str:
    parts = [_escape(field.doc)] if field.doc else []
    if field.choices and len("|".join(field.choices)) > 40:
        parts.append(f"One of {', '.join(field.choices)}.")
    if field.secret:
        parts.append(f"Secret: `-` reads a line of standard input, env:NAME a variable; without it {variable(field)}.")
    if field.required:
        parts.append("Required.")
    elif field.default not in (None, (), [], {}, "") and not field.secret:
        parts.append(f"Default {field.default}.")
    return " ".join(parts)


def _escape(text: str) -> str:
    return text.replace("[", r"\[")


def values(asks: type[BaseModel], given: Mapping[str, Any]) -> dict[str, Any]:
    """Make a question's values of what was given; a field that was not stays out, so that its default holds.

    Raises Invalid for a file that cannot be read, or JSON that is none.
    """
    known = fields_of(asks)
    pairs: list[tuple[str, str]] = []
    made: dict[str, Any] = {}
    for name, value in given.items():
        field = known[name]
        if field.secret:
            secret = read_secret(field, value)
            if secret is not None:
                made[name] = secret
        elif value is None or value == []:
            continue
        elif field.kind == "upload":
            made[name] = _read_file(name, value)
        elif isinstance(value, bool):
            made[name] = value
        else:
            pairs += [(name, one) for one in value] if isinstance(value, list) else [(name, value)]  # pyright: ignore[reportUnknownVariableType]
    return {**gather(asks, pairs), **made}


def _read_file(name: str, path: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise Invalid(f"{name}: {path} cannot be read: {error.strerror}.", field=name) from None


def variable(field: Field) -> str:
    """The environment variable that holds a secret when no option names another."""
    return f"ASSAY_{field.name.upper()}"


def read_secret(field: Field, given: str | None) -> str | None:
    """Return a secret: from standard input, a variable, or, when it is required, a prompt.

    One that was typed on the command line is taken, with a warning that every other process sees it; not for a DSN
    without a password.
    """
    if given == "-":
        return sys.stdin.readline().rstrip("\n")
    if given is not None and given.startswith("env:"):
        name = given.removeprefix("env:")
        if name not in os.environ:
            raise Invalid(f"{field.name}: there is no variable {name}.", field=field.name)
        return os.environ[name]
    if given is not None:
        if "dsn" not in field.name or shows_password(given):
            typer.echo(
                "assay: what was typed is visible to other processes and in the shell's history; "
                "`-` (standard input) or env:NAME is not.",
                err=True,
            )
        return given
    if not field.required:
        return None
    if (found := os.environ.get(variable(field))) is not None:
        return found
    if sys.stdin.isatty() and sys.stderr.isatty():
        return str(typer.prompt(field.doc.partition(".")[0] or field.name, hide_input=True, err=True))
    cure = f"Set {variable(field)}, or give --{field.name.replace('_', '-')} - and the value on standard input."
    raise Invalid(f"{field.name}: it was not given.", field=field.name, cure=cure)


def shows_password(text: str) -> bool:
    """Whether a DSN holds a password; anything that is no DSN is taken for one."""
    if "://" in text:
        try:
            parts = urlsplit(text)
            return parts.password is not None or "password=" in parts.query
        except ValueError:
            return True
    return "=" not in text or "password" in text
