"""What is not written down does not exist: operations, events, settings, metrics, modules, decisions."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from assay.kernel.catalogue import Catalogue
from assay.kernel.own import HOUSE, JOBS
from assay.main import ROOMS
from assay.runtime.settings import Settings
from assay.runtime.telemetry import registry

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_pages_are_up_to_date(generate: ModuleType) -> None:
    for name, text in generate.pages().items():
        assert (DOCS / name).read_text() == text, f"run: {sys.executable} docs/generate.py"


def test_every_operation_event_setting_and_metric_is_on_its_page() -> None:
    catalogue = Catalogue([*ROOMS, JOBS, HOUSE])
    operations = (DOCS / "operations.md").read_text()
    assert [one.name for one in catalogue if f"`{one.name}`" not in operations] == []
    events = (DOCS / "events.md").read_text()
    assert [one for room in catalogue.capabilities for one in room.announces if f"`{one}`" not in events] == []
    settings = (DOCS / "settings.md").read_text()
    assert [name for name in Settings.model_fields if f"`ASSAY_{name.upper()}`" not in settings] == []
    metrics = (DOCS / "metrics.md").read_text()
    assert [one.name for one in registry.collect() if f"`{one.name}" not in metrics] == []


def test_every_setting_says_what_it_does() -> None:
    assert [name for name, field in Settings.model_fields.items() if not (field.description or "").endswith(".")] == []


def test_every_environment_variable_of_ours_that_the_program_reads_is_a_setting() -> None:
    known = {f"ASSAY_{name.upper()}" for name in Settings.model_fields}
    read = re.compile(r"""(?:environ|getenv)\W+["'](ASSAY_[A-Z_]+)["']""")
    for path in (ROOT / "src").rglob("*.py"):
        assert set(read.findall(path.read_text())) <= known, path


def test_every_event_that_a_room_names_is_announced_or_reacted_to() -> None:
    catalogue = Catalogue([*ROOMS, JOBS, HOUSE])
    announced = {event for room in catalogue.capabilities for event in room.announces}
    for path in (ROOT / "src" / "assay").glob("*/events.py"):
        named = set(re.findall(r'"([a-z]+\.[A-Z]\w+)"', path.read_text()))
        assert named <= announced, f"{path.parent.name} names events that its capability does not announce"
        assert all(re.fullmatch(rf"{path.parent.name}\.[A-Z][a-zA-Z]+ed", event) for event in named), named


def test_architecture_names_every_room_and_floor() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    folders = [path.name for path in (ROOT / "src" / "assay").iterdir() if (path / "__init__.py").exists()]
    assert [name for name in folders if f"`src/assay/{name}/`" not in text] == []


def test_decisions_are_numbered_without_gaps_and_have_the_four_parts() -> None:
    files = sorted((ROOT / "decisions").glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in files] == list(range(1, len(files) + 1))
    for path in files:
        text = path.read_text()
        assert all(f"**{part}.**" in text for part in ("Area", "Context", "Decision", "Consequence")), path.name
        assert len(text.splitlines()) <= 60, f"{path.name} is longer than a page"


def test_links_between_our_pages_lead_somewhere() -> None:
    broken = []
    pages = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")]
    for page in [*pages, *DOCS.glob("*.md"), *(ROOT / "decisions").glob("*.md"), *(ROOT / "changes.d").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
            if not target.startswith(("http://", "https://")) and not (page.parent / target).exists():
                broken.append(f"{page.name}: {target}")
    assert broken == []
