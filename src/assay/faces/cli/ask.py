"""`assay ask "…"`: a question in words; the verbs of the room stay what they are."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from assay.faces.cli.run import Asker, OpenHouse, answer_one, perform

QUESTION = "question"


class Asking(TyperGroup):
    """A group in which what is no verb is a question."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the hidden verb before a question."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [QUESTION, *args]
        return super().parse_args(ctx, args)


def add_question(room: typer.Typer, open_house: OpenHouse) -> None:
    """Add the hidden verb."""

    @room.command(QUESTION, hidden=True)
    def question(  # pyright: ignore[reportUnusedFunction]
        words: str = typer.Argument(help="The question, in quotation marks."),
        db: str | None = typer.Option(None, "--db", help="A connected database, by name or id."),
        run: bool = typer.Option(False, "--run", help="Run the SQL, and print its rows."),
        rows: int = typer.Option(100, "--rows", help="At most so many rows."),
        sure: float | None = typer.Option(None, "--sure", help="Refuse an answer that is less sure than this."),
        model: str = typer.Option("auto", "--model", help="Who proposes beside the engine: auto, embedded, or a name."),
        after: list[str] = typer.Option(
            [], "--after", help="A question that this one goes on from; may be repeated, oldest first."
        ),
        as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
    ) -> None:
        """Ask a question in words: SQL that was checked, why, how sure, and with --run its rows."""
        asked = {
            "natural_language": words,
            "earlier": after,
            "database_target": {"store": db},
            "options": {"confidence_threshold": sure, "execute": run, "max_rows": rows, "model": model},
        }

        async def act(asker: Asker) -> None:
            await answer_one(asker, asker.house.catalogue.find("ask.generate"), asked)

        perform(open_house, act, as_json=as_json)
