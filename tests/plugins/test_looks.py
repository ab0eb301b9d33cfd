"""How stores and what they answer look in a terminal."""

from __future__ import annotations

import io

from pydantic import BaseModel
from rich.console import Console

from assay.faces.cli.show import show
from assay.kernel.assayed import Verdict
from assay.plugins.model import (
    AiInfo,
    DataMeta,
    DataResult,
    FileProblem,
    GeneratedText,
    Pair,
    PluginInfos,
    Plugins,
    Row,
    StoreKind,
    StoreLine,
    Stores,
)


def look(answer: BaseModel) -> list[str]:
    """What is printed, without empty lines and rules."""
    out = io.StringIO()
    show(Console(file=out, width=100), answer)
    lines = (line.strip() for line in out.getvalue().splitlines())
    return [line for line in lines if line and set(line) != {"─"}]


def row(**values: str | None) -> Row:
    return Row(data=tuple(Pair(key=name, value=text or "", description="NULL" if text is None else "")
                          for name, text in values.items()))  # fmt: skip


def test_rows_are_a_table_of_their_values_in_order() -> None:
    labels = (Pair(key="_columns", value='["b", "a"]'), Pair(key="_more", value="true"))
    answer = DataResult(items=(row(b=None, a="1"), row(a="\x1b[31m")), meta=DataMeta(labels=labels, duration="2ms"))
    assert look(answer) == ["b      a", "NULL   1", "\N{REPLACEMENT CHARACTER}[31m", "2 rows, and there are more; 2ms"]


def test_a_value_that_a_row_lacks_is_no_null_and_no_rows_are_no_table() -> None:
    assert look(DataResult(items=(row(a="1"), row(b="2")))) == ["a   b", "1", "2", "2 rows"]
    none = DataMeta(labels=(Pair(key="_columns", value='["a"]'),))
    assert look(DataResult(meta=none)) == ["0 rows"]


def test_an_answer_without_a_statement_is_what_is_there() -> None:
    meta = DataMeta(databases=("shop",), tables=("users", "orders"))
    assert look(DataResult(meta=meta)) == ["Databases", "shop", "Tables", "users, orders"]


def test_pairs_of_an_ai_plugin_are_read_with_how_they_came_about() -> None:
    info = AiInfo(verdict=Verdict.ESTIMATE, missing=("rows",), confidence_score=0.9, warnings=("Two tables fit.",))
    pairs = (Pair(key="success", value="true"), Pair(key="generated_sql", value="SELECT\n  1"))
    assert look(DataResult(data=pairs, ai_info=info)) == [
        "success: true", "generated_sql:", "SELECT", "1", "estimate   90% sure, it says", "! Two tables fit.",
    ]  # fmt: skip


def test_what_a_plugin_made_is_shown_with_what_is_not_known() -> None:
    answer = GeneratedText(verdict=Verdict.ESTIMATE, missing=("rows",), content="SELECT 1", meta="{}")
    assert look(answer) == ["SELECT 1", "estimate", "Not known: rows"]


def test_stores_are_shown_with_what_is_wrong() -> None:
    line = StoreLine(
        name="shop", owner="", description="", url="", username="", password="", properties=(), ready=False,
        kind=StoreKind(name="atest-store-orm"), read_only=False, read_only_by_file=False, disabled=False,
        state="crashed", reason="It ended with exit status 3.", is_ai=False, version="", latency_ms=None,
        checked_at=None, restarts=2, warnings=("pro.ä cannot be sent",),
    )  # fmt: skip
    problems = (
        FileProblem(
            path="stores[1].kind", line=7, column=3, says="is no name", cure="name a program", severity="error"
        ),
        FileProblem(path="", line=0, column=0, says="may be read by others", cure="", severity="warning"),
    )
    assert look(Stores(data=(line,), file="/s.yaml", folder="/bin", problems=problems)) == [
        "Store   Plugin            State     Last call", "shop    atest-store-orm   crashed",
        "! shop: It ended with exit status 3.", "! shop: pro.ä cannot be sent",
        "/s.yaml:7:3: stores[1].kind: is no name; name a program", "/s.yaml: may be read by others",
        "The file is /s.yaml; programs are dropped into /bin.",
    ]  # fmt: skip
    assert look(Stores(data=(), file="/s.yaml", folder="/bin", problems=()))[0] == "There are no stores yet."


def test_a_list_of_nothing_says_so() -> None:
    assert look(Plugins(data=())) == ["0"] and look(PluginInfos(plugins=())) == ["0"]
