"""The shop can be seeded, started, used and stopped by hand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg

LAB = [sys.executable, "-m", "assay_lab"]


def test_a_shop_is_seeded_used_by_a_command_and_stopped_by_its_folder(tmp_path: Path) -> None:
    folder = str(tmp_path / "pg")
    seeded = subprocess.run(
        [*LAB, "seed", folder, "--scale", "0.002"], capture_output=True, text=True, check=True, timeout=100
    )
    assert seeded.stdout.startswith("postgresql://")
    asking = "import psycopg, sys; print(psycopg.connect(sys.argv[1]).execute('SELECT count(*) FROM users').fetchone())"
    used = subprocess.run(
        [*LAB, "during", "--scale", "0.002", folder, sys.executable, "-c", asking, "{dsn}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    assert used.stdout == "(1000,)\n"
    running = subprocess.Popen([*LAB, "start", folder, "--scale", "0.002"], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    dsn = running.stdout.readline().strip()
    psycopg.connect(dsn).close()
    assert subprocess.run([*LAB, "stop", folder], check=False, timeout=30).returncode == 0
    os.kill(running.pid, signal.SIGINT)
    assert running.wait(60) == 130
    running.stdout.close()
    assert subprocess.run([*LAB, "stop", folder], capture_output=True, check=False, timeout=30).returncode == 1
