"""What a plugin writes is kept: across restarts and processes, with times, without secrets, and not without end."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assay.plugins.journal import MOST_BYTES, Journal
from plugins.conftest import Plant, until


def words(journal: Journal) -> list[str]:
    return [line.text for line in journal.lines()]


def test_lines_come_back_as_they_were_written_with_their_times(tmp_path: Path) -> None:
    journal, began = Journal(tmp_path / "logs", "atest-store-x"), datetime.now(UTC)
    assert journal.lines() == []
    for line in ("one", "", "  two  three", "städte 北京 \x85 \u2028 end", "password=hunter2"):
        journal.write(line)
    assert words(journal) == ["one", "", "  two  three", "städte 北京 \x85 \u2028 end", "password=***"]
    assert all(abs(line.at - began) < timedelta(seconds=60) and line.at.tzinfo is not None for line in journal.lines())
    file = tmp_path / "logs" / "atest-store-x.log"
    assert "hunter2" not in file.read_text()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_another_process_reads_the_same(tmp_path: Path) -> None:
    Journal(tmp_path, "x").write("from here")
    text = (
        "import sys; from pathlib import Path; from assay.plugins.journal import Journal\n"
        "print([line.text for line in Journal(Path(sys.argv[1]), 'x').lines()])"
    )
    assert subprocess.check_output([sys.executable, "-c", text, str(tmp_path)], text=True) == "['from here']\n"


def test_the_oldest_lines_go_and_the_newest_stay(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "x")
    for number in range(20_000):
        journal.write(f"{number:05d} {'x' * 60}")
    kept = [int(line.split()[0]) for line in words(journal)]
    assert kept == list(range(kept[0], 20_000)) and kept[0] > 0
    sizes = [file.stat().st_size for file in tmp_path.iterdir()]
    assert len(sizes) == 2 and max(sizes) <= MOST_BYTES + 200 and sum(sizes) >= MOST_BYTES


def test_a_line_that_was_cut_off_hides_no_other(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "x")
    journal.write("one")
    with (tmp_path / "x.log").open("ab") as file:
        file.write(b"2026-11-28T05:2\n\xff\xfe\n")
    journal.write("two")
    assert words(journal) == ["one", "two"]


@pytest.mark.parametrize("kind", ["a link", "a folder"])
def test_what_cannot_be_written_is_said_once_and_stops_nothing(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    target, file = tmp_path / "target", tmp_path / "x.log"
    target.write_text("")
    if kind == "a link":
        file.symlink_to(target)
    else:
        file.mkdir()
    journal = Journal(tmp_path, "x")
    journal.write("one")
    journal.write("two")
    assert target.read_text() == ""
    assert sum("cannot be kept" in line for line in "".join(capsys.readouterr()).splitlines()) == 1


@pytest.mark.anyio
async def test_a_log_outlives_its_plugin_and_who_looked_after_it(plant: Plant) -> None:
    plant.plugin("atest-store-well")
    plant.stores("stores: [{name: well, kind: {name: atest-store-well}}]")
    for times in (1, 2):
        async with plant.running() as supervisor:
            well = supervisor.plugin("atest-store-well")
            await until(lambda well=well: well.state == "ready")
            assert words(well.journal) == ["listening"] * times
