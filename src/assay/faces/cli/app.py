"""Makes the command line of a catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import typer
from typer.core import TyperGroup

from assay.faces.cli.ask import Asking, add_question
from assay.faces.cli.options import signature, values, words_of
from assay.faces.cli.run import OpenHouse, answer_one, guarded, perform
from assay.faces.cli.scan import add_scan
from assay.faces.cli.words import WORDS
from assay.kernel.catalogue import Catalogue
from assay.kernel.operation import Operation

ROOMS = "Rooms"
_HELP = "AI for engineering operations: nothing is shown until it has been assayed."


def build(catalogue: Catalogue, open_house: OpenHouse) -> typer.Typer:
    """Make the command line: `assay <room> <verb>` for every operation, and the short words that have one.

    Args:
        open_house: opens the house for one command, with the credential under which it asks.
    """
    app = typer.Typer(
        name="assay", help=_HELP, no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]}, add_completion=True,
    )  # fmt: skip

    @app.callback()
    def assay() -> None:  # pyright: ignore[reportUnusedFunction]
        """Make the rooms commands even when there is only one."""

    known = {operation.name: operation for operation in catalogue}
    if {"workload.scan", "sources.connect"} <= known.keys():
        add_scan(app, open_house)
    for word in WORDS:
        if word.operation in known:
            operation = known[word.operation]
            made = command(operation, open_house, word.options)
            app.command(word.name, help=_text(operation), rich_help_panel="Workload")(made)
    for capability in catalogue.capabilities:
        verbs = ", ".join(operation.verb.replace("_", "-") for operation in capability.operations)
        kind = Asking if capability.name == "ask" else TyperGroup
        room = typer.Typer(name=capability.name, help=verbs, no_args_is_help=True, rich_markup_mode="rich", cls=kind)
        for operation in capability.operations:
            room.command(operation.verb.replace("_", "-"), help=_text(operation))(command(operation, open_house))
        if capability.name == "ask":
            add_question(room, open_house)
        app.add_typer(room, rich_help_panel=ROOMS)
    app.callback(help=_HELP)(assay)
    return app


def command(operation: Operation, open_house: OpenHouse, names: Mapping[str, str] | None = None) -> Callable[..., None]:
    """Make the function of one command; its signature is the question's."""

    def run(*, as_json: bool, **given: Any) -> None:
        asked: dict[str, Any] = {}
        guarded(lambda: asked.update(values(operation.asks, given)), as_json=as_json, words=words)
        perform(open_house, lambda asker: answer_one(asker, operation, asked), as_json=as_json, words=words)

    words = words_of(operation, names)
    run.__name__ = operation.verb
    run.__doc__ = operation.doc
    made = signature(operation, names)
    run.__signature__ = made  # pyright: ignore[reportFunctionMemberAccess]
    run.__annotations__ = {name: parameter.annotation for name, parameter in made.parameters.items()}
    return run


def _text(operation: Operation) -> str:
    when = f"\n\nUse it when {operation.when}." if operation.when else ""
    return f"{operation.doc}{when}".replace("[", r"\[")
