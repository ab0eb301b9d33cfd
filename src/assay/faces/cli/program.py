"""What `main` hands to the command line: the settings, and the ways to open what they name."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from assay.kernel.catalogue import Catalogue
from assay.kernel.house import House
from assay.kernel.secret import Secret
from assay.kernel.settings import Settings


class OpenHouse(Protocol):
    """Opens the house, and closes it on the way out."""

    def __call__(
        self, settings: Settings, *, background: bool = False, warm: bool = True
    ) -> AbstractAsyncContextManager[tuple[House, Secret]]:
        """Yield the house and the local administrator's token."""
        ...


@dataclass(frozen=True)
class Program:
    """The program, as `main` put it together."""

    settings: Settings
    version: str
    catalogue: Catalogue
    open_house: OpenHouse
    prepare: Callable[[Settings], list[str]]
    """Makes the home folder, brings the database up to date, returns what was applied."""
    page: Path
    """Folder of the built page."""

    def with_settings(self, settings: Settings) -> Program:
        """The same program with other settings."""
        return replace(self, settings=settings)
