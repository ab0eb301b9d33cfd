"""The house with a room that weighs things."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from assay.accounts.capability import ACCOUNTS
from assay.evidence.capability import EVIDENCE
from trial.house import Trial, open_trial

from .scales import READING, SCALES


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """The loop that the program runs on."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture
async def house(tmp_path: Path, anyio_backend: object) -> AsyncIterator[Trial]:
    """A house in which evidence comes from scales."""
    READING.clear()
    async with open_trial(tmp_path / "home", rooms=(SCALES, EVIDENCE, ACCOUNTS), background=False) as it:
        yield it
