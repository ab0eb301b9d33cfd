"""The journey of a plugin: dropped in, named, healthy, killed, back again, stopped, started, in a real browser."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from doubles.troubled import install
from journeys.browsing import World

STOPS = ["none", "form", "form-narrow", "store", "ready", "ready-narrow", "crashed", "log", "log-narrow", "long-log",
         "asked-to-stop", "stopped", "problems", "models", "models-narrow"]  # fmt: skip
PLUGIN = "atest-store-double-with-a-name-that-is-longer-than-any-column"
FILE = f"""
plugins:
- name: {PLUGIN}
  categories: [ai]
  params:
  - {{key: provider, description: Who answers., enum: [ollama, openai], defaultvalue: ollama}}
  - {{key: api_key, description: Of its provider.}}
  - {{key: timeout, description: Of an answer., defaultvalue: 30s}}
stores: []
"""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_person_adds_a_store_and_sees_its_plugin_die_and_come_back(
    world: World, walks: Callable[[str, str], dict[str, Any]], scheme: str
) -> None:
    world.plugins.mkdir(mode=0o755, exist_ok=True)
    install(world.plugins, PLUGIN)
    file = world.home / "stores.yaml"
    file.write_text(FILE)
    file.chmod(0o600)
    shutil.rmtree(world.home / "logs", ignore_errors=True)  # of the walk before
    seen = walks(scheme, "plugins")
    assert seen["errors"] == []
    assert seen["stops"] == STOPS
    assert seen["violations"] == [], "axe found serious violations of WCAG 2.1 AA"
    assert seen["foreign"] == [], "the page asked somebody else"
    assert seen["overflow"] == []
    assert seen["standard"] == "ollama" and seen["kept"]
    assert not any(seen["filled"]) and not seen["stored"], "a secret came back into the page"
    assert "SIGKILL" in seen["crashed"] and "is crashed: it ended (SIGKILL)" in seen["spoken"]
    assert "last error" in seen["again"] and "SIGKILL" in seen["again"]
    assert seen["lines"] == 7, "the log lost what was written before it was killed"
    assert seen["drawn"] < 120
    assert re.search(r"stores\[0\]\.kind\.name, line \d+:\d+\s+name is a list\. Text belongs here\.", seen["problem"])
