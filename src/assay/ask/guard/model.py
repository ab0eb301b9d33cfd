"""What the guard says: a statement that passed, or why it did not."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import ErrorLevel
from sqlglot.expressions.core import Expr

from assay.ports.errors import Invalid


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that the guard does not let pass."""

    code: str
    """For programs: "raw.nul", "node.delete", "function.pg_sleep", "table.unknown"."""
    message: str
    """For people: what is wrong, and what would be right."""
    fragment: str = ""
    """The offending text, at most 120 characters."""
    start: int | None = None
    """Offset of the first character in the text, where it is known."""
    end: int | None = None
    """Offset after the last one."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """A statement that passed."""

    sql: str
    """Written from the checked tree alone, its tables qualified, its rows capped; the only text that may be run."""
    tables: tuple[int, ...]
    """Places in the graph of the tables that it reads, in order."""
    columns: tuple[tuple[int, int], ...]
    """Places (table, column) of the columns that it reads, in order."""
    warnings: tuple[str, ...] = ()
    """Sentences: what was changed, what may be costly."""


class Rejected(Invalid):
    """A statement that the guard does not let pass; `violations` says why, in the order found."""

    def __init__(self, violations: list[Violation]) -> None:
        found = violations or [Violation("guard.unknown", "the statement could not be checked")]
        super().__init__(
            f"the statement is not run: {found[0].message}",
            field="sql",
            violations=[
                {"code": one.code, "message": one.message, "fragment": one.fragment, "start": one.start, "end": one.end}
                for one in found
            ],
        )
        self.violations: tuple[Violation, ...] = tuple(found)


def violation(code: str, message: str, node: Expr | None = None) -> Violation:
    """A violation at a node of the tree; its offsets are those that the parser kept, or none."""
    if node is None:
        return Violation(code, message)
    start, end = node.meta.get("start"), node.meta.get("end")
    fragment = (
        node.sql(comments=False, unsupported_level=ErrorLevel.IGNORE)[:120]
        if not isinstance(node, exp.Command)
        else f"{node.this}"[:120]
    )
    return Violation(code, message, fragment, start, end + 1 if isinstance(end, int) else None)
