"""The journey start, bottleneck, plan diff, simulate, evidence, in a real browser with nothing but the loopback."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from journeys.browsing import World

STOPS = ["bottlenecks", "query", "simulated", "evidence", "index-advisor", "sources", "evidence", "palette"]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_person_gets_from_the_sign_in_url_to_replayed_evidence(
    walks: Callable[[str], dict[str, Any]], scheme: str
) -> None:
    seen = walks(scheme)
    assert seen["errors"] == []
    assert seen["stops"] == STOPS
    assert seen["violations"] == [], "axe found serious violations of WCAG 2.1 AA"
    assert seen["foreign"] == [], "the page asked somebody else"
    assert seen["replay"].startswith("The same again")


def test_the_world_has_nothing_but_the_loopback(world: World) -> None:
    links = subprocess.run([*world.enter, "ip", "-o", "link"], capture_output=True, text=True, check=True)
    assert [line.split(":")[1].strip() for line in links.stdout.splitlines()] == ["lo"]
