"""Writes the reference pages beside it from the catalogue, the settings and the metrics: `python docs/generate.py`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry
from pydantic import AliasChoices

from assay.faces.cli.words import WORDS
from assay.faces.tools import tool_name
from assay.kernel.catalogue import Catalogue
from assay.kernel.own import HOUSE, JOBS
from assay.main import ROOMS
from assay.runtime.ai_settings import AiSettings
from assay.runtime.settings import Settings
from assay.runtime.telemetry import registry

_MADE = "<!-- Written by docs/generate.py; edit the code instead. -->"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(heads)]
    lines += [["---"] * len(lines[0]), *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def operations(catalogue: Catalogue) -> str:
    """Every operation of every room: what it does, where each face has it, what it needs."""
    short = {word.operation: f"`assay {word.name}`, " for word in WORDS}
    parts = [f"# Operations\n\n{_MADE}\n"]
    parts.append(
        "What can be asked, room by room. Every face reads this same catalogue: REST and the command line carry all\n"
        "of it, MCP those with a tool name. *Effect*: a read or write answers at once, a job later, a stream item by\n"
        "item. *Needs* is the permission that one of the caller's roles must grant; a dash needs no sign-in.\n"
    )
    for capability in catalogue.capabilities:
        parts.append(f"## {capability.title}\n")
        rows = [
            (
                f"`{one.name}`", one.summary, one.effect, f"`{one.needs}`" if one.needs else "–",
                f"`{one.http.method} {one.http.path}`",
                f"{short.get(one.name, '')}`assay {one.room} {one.verb.replace('_', '-')}`",
                f"`{tool_name(one)}`" if one.when else "–",
            )
            for one in capability.operations
        ]  # fmt: skip
        parts.append(_table(("operation", "what it does", "effect", "needs", "REST", "command line", "MCP tool"), rows))
        parts.append("")
    return "\n".join(parts)


def events(catalogue: Catalogue) -> str:
    """Every fact that a room announces, and who reacts."""
    rows = [
        (
            f"`{event}`",
            capability.title,
            ", ".join(sorted({room for room, _ in catalogue.reactions.get(event, ())})) or "–",
        )
        for capability in catalogue.capabilities
        for event in capability.announces
    ]
    return (
        f"# Events\n\n{_MADE}\n\nFacts that rooms announce, committed together with the changes that they tell of and\n"
        "delivered at least once, in order within an aggregate. `GET /api/v1/events` streams them to a client; their\n"
        "envelope is in `schema/events.json`.\n\n" + _table(("event", "announced by", "rooms that react"), rows) + "\n"
    )


def settings() -> str:
    """Every setting, from its field."""
    rows: list[tuple[str, str, str]] = []
    for name, field in sorted(Settings.model_fields.items(), key=lambda one: one[0] in AiSettings.model_fields):
        made = field.default_factory is not None
        default = (
            "`~/.local/share/assay`"
            if name == "home"
            else "–"
            if made or field.default is None
            else f"`{field.default}`"
        )
        usual = field.validation_alias.choices[1:] if isinstance(field.validation_alias, AliasChoices) else ()
        also = "".join(f" Also `{one}`." for one in usual)
        rows.append((f"`ASSAY_{name.upper()}`", default, " ".join((field.description or "").split()) + also))
    return (
        f"# Settings\n\n{_MADE}\n\nRead from the environment when the program starts. A value that does not fit stops "
        "the start and is named.\n\n" + _table(("variable", "default", "what it does"), rows) + "\n"
    )


def metrics(known: CollectorRegistry) -> str:
    """Every metric that `/metrics` serves."""
    rows: list[tuple[str, str, str]] = []
    for metric in sorted(known.collect(), key=lambda metric: metric.name):
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        rows.append((f"`{name}`", metric.type, metric.documentation))
    return (
        f"# Metrics\n\n{_MADE}\n\nServed at `/metrics` in the Prometheus text format: to a scraper on the loopback\n"
        "interface as it is, to others with a bearer token that may `house:read`.\n\n"
        + _table(("metric", "type", "what it counts"), rows)
        + "\n"
    )


def pages() -> dict[str, str]:
    """Every reference page, by file name."""
    catalogue = Catalogue([*ROOMS, JOBS, HOUSE])
    return {
        "operations.md": operations(catalogue),
        "events.md": events(catalogue),
        "settings.md": settings(),
        "metrics.md": metrics(registry),
    }


if __name__ == "__main__":
    for file, text in pages().items():
        Path(__file__).with_name(file).write_text(text)
