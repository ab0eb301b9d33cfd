"""What a plugin writes is kept: across restarts and processes, with times, without secrets, and not without end."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assay.plugins.journal import MOST_BYTES, Journal, Written
from assay.ports.errors import Unavailable
from plugins.conftest import Plant, until

LINE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from assay.plugins.journal import Journal, Written
line = lambda text: [Written(datetime.now(UTC), text)]"""
"""The beginning of a program that writes lines."""


def write(journal: Journal, *lines: str) -> None:
    journal.write([Written(datetime.now(UTC), line) for line in lines])


def words(journal: Journal) -> list[str]:
    return [line.text for line in journal.lines()]


def test_lines_come_back_as_they_were_written_with_their_times(tmp_path: Path) -> None:
    journal, began = Journal(tmp_path / "logs", "atest-store-x"), datetime.now(UTC)
    assert journal.lines() == []
    forged = "a\rb\r2030-01-01T00:00:00+00:00 all is well"
    write(journal, "one", "", "  two  three", "städte 北京 \x85 \u2028 end", "password=hunter2", forged)
    assert words(journal) == ["one", "", "  two  three", "städte 北京 \x85 \u2028 end", "password=***", forged]
    assert all(abs(line.at - began) < timedelta(seconds=60) and line.at.tzinfo is not None for line in journal.lines())
    file = tmp_path / "logs" / "atest-store-x.log"
    assert "hunter2" not in file.read_text()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_another_process_reads_the_same(tmp_path: Path) -> None:
    write(Journal(tmp_path, "x"), "from here")
    text = (
        "import sys; from pathlib import Path; from assay.plugins.journal import Journal\n"
        "print([line.text for line in Journal(Path(sys.argv[1]), 'x').lines()])"
    )
    assert subprocess.check_output([sys.executable, "-c", text, str(tmp_path)], text=True) == "['from here']\n"


def test_the_oldest_lines_go_and_the_newest_stay(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "x")
    for number in range(20_000):
        write(journal, f"{number:05d} {'x' * 60}")
    kept = [int(line.split()[0]) for line in words(journal)]
    assert kept == list(range(kept[0], 20_000)) and kept[0] > 0
    sizes = [file.stat().st_size for file in tmp_path.iterdir()]
    assert len(sizes) == 2 and max(sizes) <= MOST_BYTES + 200 and sum(sizes) >= MOST_BYTES


def test_a_disk_that_is_full_loses_what_does_not_fit_and_nothing_that_comes_later(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=8k", "none", str(tmp_path)]
    text = (
        f"{LINE}; folder = Path(sys.argv[1]); journal = Journal(folder, 'x')\n"
        "(folder / 'filler').write_bytes(b'x' * 4_000)\n"
        "journal.write(line('one')); journal.write(line('y' * 6_000)); journal.write(line('lost'))\n"
        "(folder / 'filler').unlink()\n"
        "journal.write(line('two'))\n"
        "print([one.text for one in journal.lines() if 'y' not in one.text])\n"
    )
    script = f'{" ".join(mount)} && exec {sys.executable} -c "$0" {tmp_path}'
    done = subprocess.run(["unshare", "--mount", "sh", "-c", script, text], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "['one', 'two']"
    assert "cannot be kept" in done.stdout + done.stderr


@pytest.mark.parametrize("kind", ["a link", "a folder"])
def test_what_cannot_be_written_is_said_once_and_stops_nothing(tmp_path: Path, kind: str) -> None:
    target, file = tmp_path / "target", tmp_path / "x.log"
    target.write_text("")
    if kind == "a link":
        file.symlink_to(target)
    else:
        file.mkdir()
    text = (
        f"{LINE}; journal, other = (Journal(Path(sys.argv[1]), 'x') for _ in range(2))\n"
        "journal.write(line('one')); other.write(line('two')); journal.write(line('three'))"
    )
    done = subprocess.run([sys.executable, "-c", text, str(tmp_path)], capture_output=True, text=True, check=True)
    assert target.read_text() == ""
    assert (done.stdout + done.stderr).count("cannot be kept") == 2, "once for each that tried"
    with pytest.raises(Unavailable, match="The log of x cannot be read"):
        Journal(tmp_path, "x").lines()


@pytest.mark.anyio
async def test_a_log_outlives_its_plugin_and_who_looked_after_it(plant: Plant) -> None:
    plant.plugin("atest-store-well")
    plant.stores("stores: [{name: well, kind: {name: atest-store-well}}]")
    for times in (1, 2):
        async with plant.running() as supervisor:
            well = supervisor.plugin("atest-store-well")
            await until(lambda well=well: well.state == "ready")
            await until(lambda well=well, times=times: words(well.journal) == ["listening"] * times)


@pytest.mark.anyio
async def test_a_flood_is_kept_from_the_loop_and_its_end_is_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "x")
    for number in range(50):
        journal.keep([f"{number} {at}" for at in range(200)])
    await journal.settle()
    assert words(journal)[-1] == "49 199" and len(words(journal)) <= 1_000
