"""The served program, killed (kill -9) while clients ask it: benchmarks/kill.py at two points."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from pathlib import Path

import pytest

from assay_lab.shop import Shop

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.timeout(300)
def test_the_program_loses_nothing_that_it_acknowledged(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    spec = importlib.util.spec_from_file_location("kill_benchmark", BENCHMARKS / "kill.py")
    assert spec is not None and spec.loader is not None
    kill = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "kill_benchmark", kill)
    spec.loader.exec_module(kill)
    found = asyncio.run(kill.main(tmp_path / "home", shop.dsn, 2))
    assert kill.holds(found), found
    assert found["tokens"] > 0
