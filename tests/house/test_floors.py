"""The floors: import-linter's contracts hold, and what is private in a room stays in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import grimp
import pytest
from importlinter.api import read_configuration

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "assay"

FLOORS = [
    "The house has floors",
    "Only main chooses adapters",
    "Adapters see ports and wire only",
    "Faces know operations, not capabilities",
    "Frameworks stay at the door",
    "Wire stays at the door",
    "No rings",
]


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("assay", cache_dir=None)


def test_the_contracts_are_written_down_and_hold() -> None:
    contracts = read_configuration(str(ROOT / "pyproject.toml"))["contracts_options"]
    assert [one["name"] for one in contracts] == FLOORS
    linter = Path(sys.executable).with_name("lint-imports")
    ran = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-3000:]


def test_only_reactions_look_up_and_only_at_events() -> None:
    for contract in read_configuration(str(ROOT / "pyproject.toml"))["contracts_options"]:
        assert contract.get("ignore_imports", []) in ([], ["assay.*.reactions -> assay.*.events"])


def test_what_is_private_stays_in_its_room(graph: grimp.ImportGraph) -> None:
    strays = []
    for module in graph.modules:
        parent, _, name = module.rpartition(".")
        if not name.startswith("_"):
            continue
        for importer in graph.find_modules_that_directly_import(module):
            if not importer.startswith(f"{parent}."):
                own = importer == "assay.kernel.own" and module == "assay.runtime._tables"
                strays += [] if own else [f"{importer} imports {module}"]
    assert strays == []


def test_a_room_is_one_sentence_and_imports_nothing() -> None:
    for door in SRC.glob("*/__init__.py"):
        lines = [line for line in door.read_text().splitlines() if line.strip()]
        assert len(lines) == 1, f"{door.relative_to(ROOT)} holds more than its sentence"


def test_every_room_has_the_four_compulsory_modules() -> None:
    rooms = [door.parent for door in SRC.glob("*/capability.py")]
    assert {room.name for room in rooms} >= {"workload", "sources", "evidence", "accounts"}
    for room in rooms:
        names = {path.stem for path in room.iterdir()}
        assert names >= {"__init__", "capability", "operations", "model"}, room.name
        if (room / "_store.py").exists():
            assert list((room / "migrations").glob("0001_*.py")), f"{room.name} has tables and no migrations"


def test_models_do_no_work_and_events_know_nobody(graph: grimp.ImportGraph) -> None:
    for module in graph.modules:
        room, _, name = module.removeprefix("assay.").partition(".")
        seen = graph.find_modules_directly_imported_by(module)
        if name == "events":
            assert {one for one in seen if not one.startswith(("assay.kernel", f"assay.{room}.model"))} == set(), module
        if name == "model":
            mine = {one for one in seen if one.startswith(f"assay.{room}.")}
            assert all(one.rpartition(".")[2] in ("model", "names", "shapes") or "model" in one for one in mine), module
            assert not {one for one in seen if "adapters" in one or one.startswith("assay.runtime")}, module
