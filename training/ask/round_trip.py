"""Measures how much of Spider's SQL the IR can say: every gold query is lifted, rendered and executed beside itself."""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Mapping

from spider import Question, Split, execute, graphs, ordered, path, questions, same_rows

from assay.ask.graph import Graph
from assay.ask.infer import infer
from assay.ask.lift import Unliftable, lift
from assay.ask.render import sql


def main() -> None:
    """Print what share is lifted, what share gives the same rows, and why the rest does not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", type=int, default=0, help="print so many failures of each reason to stderr")
    parser.add_argument("--inferred", action="store_true", help="add the keys that names suggest")
    asked = parser.parse_args()
    known = {name: infer(one) if asked.inferred else one for name, one in graphs().items()}
    json.dump({split: measure(split, known, asked.show) for split in ("training", "validation")}, sys.stdout, indent=2)
    sys.stdout.write("\n")


def measure(split: Split, known: Mapping[str, Graph], show: int) -> dict[str, object]:
    """One side of the split."""
    seen: dict[tuple[str, str], str] = {}
    outcomes: Counter[str] = Counter()
    for one in questions(split):
        key = one.database, one.sql
        if key not in seen:
            seen[key], detail = outcome(one, known)
            if show > outcomes[seen[key]] and seen[key] != "same":
                sys.stderr.write(f"{seen[key]} [{one.database}]\n  {one.sql}\n  {detail}\n")
        outcomes[seen[key]] += 1
    total = sum(outcomes.values())
    lifted = sum(count for name, count in outcomes.items() if not name.startswith("not lifted"))
    runs = total - outcomes["not executed: no database"] - outcomes["not executed: the gold fails"]
    return {
        "queries": total,
        "lifted": round(lifted / total, 4),
        "same_rows": round(outcomes["same"] / total, 4),
        "executable": runs,
        "same_rows_of_executable": round(outcomes["same"] / runs, 4),
        "reasons": dict(outcomes.most_common()),
    }


def outcome(one: Question, known: Mapping[str, Graph]) -> tuple[str, str]:
    """What became of one gold query, and the SQL or the error that shows it."""
    schema = known[one.database]
    query = lift(one.sql, schema)
    if isinstance(query, Unliftable):
        return f"not lifted: {query.reason}", ""
    try:
        text = sql(query, schema)
    except ValueError as error:
        return f"not rendered: {error}", str(query)
    database = path(one.database)
    if database is None:
        return "not executed: no database", text
    try:
        gold = execute(database, one.sql)
    except sqlite3.Error as error:
        return "not executed: the gold fails", str(error)
    try:
        rows = execute(database, text)
    except sqlite3.Error as error:
        return "fails", f"{text}\n  {error}"
    return ("same" if same_rows(gold, rows, ordered(one.sql)) else "other rows"), text


if __name__ == "__main__":
    main()
