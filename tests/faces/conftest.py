"""Fixtures of the faces: a home with toys, and a server over it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from faces.living import Home, Served, make_home


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built page, as Vite leaves it."""
    root = tmp_path_factory.mktemp("page")
    (root / "assets").mkdir()
    (root / "index.html").write_text("<!doctype html><title>Assay</title><div id=root></div>")
    (root / "assets" / "index-B4gLKn0_.js").write_text("console.log('a');" * 500)
    (root / "assets" / "index-B4gLKn0_.js.br").write_bytes(b"pretend brotli")
    (root / "assets" / "mark.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    return root


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A folder with a database and two callers."""
    return make_home(tmp_path_factory.mktemp("home"), body_limit_bytes=300_000)


@pytest.fixture(scope="session")
def served(home: Home, page: Path) -> Iterator[Served]:
    """A server over that folder."""
    with Served(home, page) as it:
        yield it


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    """A client that is signed in as the administrator."""
    with served.client() as client:
        yield client
