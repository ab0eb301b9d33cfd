"""A ledger whose writer is killed at a random point verifies, and holds every id that was acknowledged.

`ASSAY_KILLS` says how often (4 by default; the bar is 200).
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assay.evidence.ledger import SealedLedger
from evidence import recorder
from evidence.ledgers import new_home

KILLS = int(os.environ.get("ASSAY_KILLS", "4"))


@pytest.mark.timeout(120 + 5 * KILLS)
def test_kill_9_at_random_points_leaves_a_whole_ledger_with_every_acknowledged_entry(tmp_path: Path) -> None:
    home = new_home(tmp_path / "home")
    acknowledged: set[str] = set()
    for turn in range(KILLS):
        command = [sys.executable, recorder.__file__, str(home.folder)]
        writers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(1 + turn % 2)]
        try:
            first = [_line(writer) for writer in writers]
            time.sleep(random.uniform(0, 0.3))  # the point of the kill is what is drawn
        finally:
            for writer in writers:
                writer.kill()
        rest = [line for writer in writers for line in writer.communicate()[0].split("\n")[:-1]]
        acknowledged.update(id for id in (*first, *rest) if id)
        found = home.verify()
        assert found.whole, found.broken
        assert found.checked >= len(acknowledged)
    held = home.run(lambda store, vault: SealedLedger(store, vault).holds(sorted(acknowledged)))
    assert held and len(acknowledged) >= KILLS


def _line(writer: subprocess.Popen[str]) -> str:
    assert writer.stdout is not None
    return writer.stdout.readline().strip()
