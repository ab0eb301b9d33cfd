"""Fixtures of the throw-away house, for the conftest of whoever uses it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from trial.house import Trial, open_trial
from trial.notes import reactions


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """The loop that the program runs on."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture
async def trial(tmp_path: Path, anyio_backend: object) -> AsyncIterator[Trial]:
    """A house with the throw-away room, opened and closed around a test."""
    reactions.FAILURES.clear()
    async with open_trial(tmp_path / "home") as it:
        yield it
