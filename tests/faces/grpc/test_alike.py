"""The same question over HTTP, as a command, to an MCP tool and over gRPC: the same answer, or the same error."""

from __future__ import annotations

from typing import Any

import pytest

from assay.ports.secret import Secret
from faces.everywhere import Faces, assert_same_everywhere
from faces.grpc.conftest import issued
from faces.living import Served
from faces.spoken import SPOKEN
from faces.test_real import CATALOGUE, RealHome, steady

SURE = "how many users are there?"
ANSWERED: list[tuple[str, dict[str, Any]]] = [
    ("ask.generate", {"natural_language": SURE, "database_target": {"store": "shop"}}),
    ("ask.generate", {"natural_language": SURE, "database_target": {"store": "shop", "dialect": "postgres"},
                      "options": {"alternatives": 1, "confidence_threshold": 0.3}}),
    ("ask.validate", {"sql": "SELECT * FROM users WHERE id = 1", "store": "shop"}),
    ("ask.validate", {"sql": "DELETE FROM users", "store": "shop"}),
    ("ask.status", {}), ("ask.capabilities", {}),
    ("plugins.capabilities", {"plugin_name": "ai"}), ("plugins.capabilities", {"plugin_name": "helper"}),
    ("plugins.generate", {"plugin_name": "helper", "prompt": "Größe?"}),
    ("plugins.query", {"key": "rows", "store": "shelf"}), ("plugins.query", {"key": "echo", "store": "shelf"}),
    ("plugins.query", {"type": "AI", "natural_language": "x", "store": "helper"}),
    ("plugins.menus", {}), ("plugins.page_js", {"name": "ai-chat"}), ("plugins.page_css", {"name": "none"}),
]  # fmt: skip
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("ask.generate", {"natural_language": "which users live in Atlantis?", "database_target": {"store": "shop"}},
     "CONFIDENCE_TOO_LOW"),
    ("ask.generate", {"natural_language": "x", "options": {"temperature": 2.5}}, "INVALID"),
    ("ask.generate", {"natural_language": "x", "database_target": {"schema": "public"}}, "INVALID"),
    ("ask.generate", {"natural_language": "", "database_target": {"store": "shop"}}, "INVALID"),
    ("ask.generate", {"natural_language": "x", "database_target": {"store": "Größe"}}, "NOT_FOUND"),
    ("ask.validate", {"sql": "SELECT 1", "store": "shop", "dialect": "oracle"}, "UNSUPPORTED_DATABASE"),
    ("plugins.capabilities", {"plugin_name": "nobody"}, "NOT_FOUND"),
    ("plugins.query", {"key": "fail", "database_type": "UNKNOWN", "sql": "no", "store": "shelf"}, "REFUSED"),
    ("plugins.query", {"sql": "SELECT 1"}, "INVALID"),
]  # fmt: skip


@pytest.fixture(scope="module")
def faces(serving: Served) -> Faces:
    """Every face; other houses are opened on the same folder as commands are."""
    home: Any = serving.home
    return Faces(serving.url, lambda credential: RealHome.open(home, credential=credential), serving.grpc)


@pytest.mark.parametrize(("name", "asked"), ANSWERED, ids=str)
def test_an_answer_is_the_same(faces: Faces, serving: Served, name: str, asked: dict[str, Any]) -> None:
    kind, _ = assert_same_everywhere(faces, CATALOGUE.find(name), asked, Secret(issued(serving)), same=steady)
    assert kind == "answer"


@pytest.mark.parametrize(("name", "asked", "code"), REFUSED, ids=str)
def test_a_refusal_is_the_same(faces: Faces, serving: Served, name: str, asked: dict[str, Any], code: str) -> None:
    kind, error = assert_same_everywhere(faces, CATALOGUE.find(name), asked, Secret(issued(serving)), same=steady)
    assert kind == "error" and error["code"] == code


def test_every_operation_that_gRPC_carries_was_asked() -> None:  # noqa: N802
    carried = {operation.name for operation in CATALOGUE if operation.rpc is not None}
    assert carried == set(SPOKEN) == {name for name, _ in ANSWERED}
