"""The world that journeys walk through, in a network namespace that has only the loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from journeys.browsing import World, started


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Start the world behind a loopback of its own."""
    with started(tmp_path_factory.mktemp("world")) as it:
        yield it


@pytest.fixture
def walks(world: World, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Walk a journey in a colour scheme."""
    return lambda scheme, journey="walk": world.walk(scheme, tmp_path, journey)
