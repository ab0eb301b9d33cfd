"""The shape of the tree: sentences, sizes, names."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = sorted([*(ROOT / "src").rglob("*.py"), *(ROOT / "lab" / "src").rglob("*.py")])
MODULES = [path for path in OURS if "__pycache__" not in path.parts]

LONG_FILES: dict[str, str] = {
    "src/assay/workload/model.py": "the nouns of the largest room, most of it docstrings of fields",
}
LONG_FUNCTIONS: dict[str, str] = {
    "src/assay/faces/cli/own.py:add_own": "six commands, each a closure over the program, one after the other",
    "src/assay/workload/runbook.py:_partitioned_steps": "the steps of one runbook, in their order",
}
VAGUE = {"utils", "util", "helper", "helpers", "manager", "service", "base", "common", "misc"}


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_module_says_in_one_sentence_what_it_is_for(path: Path) -> None:
    words = ast.get_docstring(_tree(path)) or ""
    first = words.split("\n\n")[0].replace("\n", " ")
    assert first.endswith((".", ":")), f"{_name(path)}: {first!r}"
    assert 10 <= len(first) <= 300


def test_no_file_is_longer_than_400_lines() -> None:
    long = {_name(path) for path in MODULES if len(path.read_text().splitlines()) >= 400}
    assert long <= set(LONG_FILES)


def test_no_function_is_longer_than_50_lines() -> None:
    long: set[str] = set()
    for path in MODULES:
        if "migrations" in path.parts:
            continue
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _lines(node) > 50:
                long.add(f"{_name(path)}:{node.name}")
    assert long <= set(LONG_FUNCTIONS)


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function, its docstring not counted."""
    assert function.end_lineno is not None
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is not None:
        first = function.body[0]
        assert first.end_lineno is not None
        lines -= first.end_lineno - first.lineno + 1
    return lines


def test_no_file_is_named_after_a_kind_of_file() -> None:
    assert [_name(path) for path in MODULES if VAGUE & set(path.stem.strip("_").split("_"))] == []


def test_no_import_hides_in_a_function_but_that_of_an_extra() -> None:
    extras = ("opentelemetry.exporter", "assay_lab")
    hidden: list[str] = []
    for path in (path for path in MODULES if "src/assay/" in _name(path)):
        for function in (n for n in ast.walk(_tree(path)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)):
            for node in ast.walk(function):
                if isinstance(node, ast.ImportFrom) and not (node.module or "").startswith(extras):
                    hidden.append(f"{_name(path)}:{node.lineno}")
                if isinstance(node, ast.Import):
                    hidden.append(f"{_name(path)}:{node.lineno}")
    assert hidden == []


def test_tests_have_no_two_modules_that_hide_each_other() -> None:
    packages = [path for path in (ROOT / "tests").rglob("conftest.py") if path.parent.name.startswith("test_")]
    assert packages == []
