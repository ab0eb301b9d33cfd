"""Every operation of the catalogue, on every face: the same answer and the same error."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from assay.accounts.capability import ACCOUNTS
from assay.kernel.catalogue import Catalogue
from assay.kernel.operation import Operation
from assay.kernel.own import HOUSE, JOBS
from assay.ports.secret import Secret
from faces.everywhere import Faces, assert_same_everywhere, masked
from faces.living import Served
from faces.toyroom import TOYS

CATALOGUE = Catalogue([TOYS, ACCOUNTS, JOBS, HOUSE])
OPERATIONS = list(CATALOGUE)
ONCE = {"accounts.sign_in", "accounts.sign_out", "house.events"}
"""Moved into a cookie by REST; ends sessions; never ends."""


@pytest.fixture(scope="session")
def faces(served: Served) -> Faces:
    """Every face of the served house."""
    return Faces(served.url, lambda credential: served.home.open(credential=credential))


def toy(served: Served, **more: Any) -> dict[str, Any]:
    made = served.ask(
        served.house.call("toys.make", {"name": f"toy {uuid4().hex}", **more}, credential=served.home.admin)
    )
    return {"id": made.id, "version": made.version}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_an_unknown_credential_is_refused_alike(faces: Faces, operation: Operation) -> None:
    if operation.needs is None:
        return
    kind, error = assert_same_everywhere(faces, operation, {}, Secret("assay_token_unknown"))
    assert kind == "error" and error["code"] in ("UNAUTHENTICATED", "VERSION_REQUIRED")


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_an_unknown_field_is_refused_alike(faces: Faces, served: Served, operation: Operation) -> None:
    asked = {**dict.fromkeys(operation.http.fields, "x"), "version": 1, "nonsense": 1}
    if "version" not in operation.asks.model_fields:
        del asked["version"]
    kind, error = assert_same_everywhere(faces, operation, asked, served.home.admin)
    assert kind == "error" and error["code"] == "INVALID"
    assert "nonsense" in [problem["field"] for problem in error["details"]["problems"]]


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.http.fields], ids=lambda operation: operation.name
)
def test_a_thing_that_is_not_there_is_missed_alike(faces: Faces, served: Served, operation: Operation) -> None:
    asked: dict[str, Any] = {"id": "no such thing/ü"}
    if "version" in operation.asks.model_fields:
        asked["version"] = 1
    if "colour" in operation.asks.model_fields:
        asked["colour"] = "red"
    kind, error = assert_same_everywhere(faces, operation, asked, served.home.admin)
    assert kind == "error" and error["code"] == ("INTERNAL" if operation.verb == "boast" else "NOT_FOUND")


@pytest.mark.parametrize(
    "operation",
    [one for one in OPERATIONS if one.needs and one.effect != "stream"],
    ids=lambda operation: operation.name,
)
def test_what_is_not_allowed_is_refused_alike(faces: Faces, served: Served, operation: Operation) -> None:
    if str(operation.needs).endswith(":read"):
        return
    asked: dict[str, Any] = dict.fromkeys(operation.http.fields, "x")
    if "version" in operation.asks.model_fields:
        asked["version"] = 1
    kind, error = assert_same_everywhere(faces, operation, asked, served.home.viewer)
    assert kind == "error" and error["code"] == "FORBIDDEN" and error["details"] == {"needs": operation.needs}


def examples(served: Served) -> dict[str, Any]:
    """A question that is answered, for every operation; a function makes a fresh one for each face."""
    drawing = bytes(range(256))
    return {
        "toys.list": {"limit": 3, "tags": ["toy"], "cheap": True, "below": 50.5},
        "toys.get": toy(served, name=f"{uuid4().hex} naïve \"q\" <b> 🪀") | {"version": None},
        "toys.make": lambda: {"name": f"toy {uuid4()}", "colour": "blue", "price": 2.5},
        "toys.paint": lambda: {**toy(served), "colour": "green"},
        "toys.smash": lambda: toy(served),
        "toys.count": {"to": 5}, "toys.label": {"toy_name": "snake_case stays", "font_size": 9},
        "toys.build": {"name": "car", "drawing": drawing, "steps": 4},
        "toys.price": {"id": toy(served, price=12.5)["id"]},
        "toys.fail": {"error": "none"},
        "accounts.me": {}, "accounts.link": {"minutes": 3},
        "accounts.issue": {"name": "robot", "roles": ["viewer", "operator"], "days": 2},
        "accounts.tokens": {"kind": "token", "limit": 1},
        "jobs.list": {"limit": 1, "state": "failed"},
        "house.capabilities": {}, "house.audit": {"operation": "nobody.asked"}, "house.sweep": {},
    }  # fmt: skip


def same(value: Any) -> Any:
    """Names were made for each face."""
    value = masked(value)
    if isinstance(value, dict):
        return {
            name: "…" if name in ("name", "toy", "id", "total", "removed") else same(inner)
            for name, inner in value.items()
        }
    return [same(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.name not in ONCE], ids=lambda operation: operation.name
)
def test_every_operation_answers_alike(faces: Faces, served: Served, operation: Operation) -> None:
    asked = examples(served).get(operation.name)
    if operation.name in ("jobs.get", "jobs.events", "jobs.cancel"):
        job = served.ask(
            served.house.call("toys.build", {"name": "x", "drawing": "AA==", "steps": 0}, credential=served.home.admin)
        )

        async def end() -> None:
            async for _ in served.house.follow(job):
                pass

        served.ask(end())
        asked = {"id": job.id}
    if operation.name == "accounts.revoke":

        def issue() -> dict[str, Any]:
            made = served.ask(served.house.call("accounts.issue", {"name": "gone"}, credential=served.home.admin))
            return {"id": made.id, "version": 1}

        asked = issue
    if operation.name == "toys.boast":
        asked = {"id": "x"}
    assert asked is not None, f"{operation.name} has no example"
    if isinstance(asked, dict):
        asked = {name: value for name, value in asked.items() if value is not None}
    kind, _ = assert_same_everywhere(faces, operation, asked, served.home.admin, same=same)
    assert kind == (
        "error"
        if operation.name in ("toys.boast", "jobs.cancel")
        else "items"
        if operation.effect == "stream"
        else "answer"
    )


@pytest.mark.parametrize(
    "code", ["NOT_FOUND", "CONFLICT", "FORBIDDEN", "RATE_LIMITED", "REFUSED", "UNAVAILABLE", "DEADLINE_EXCEEDED", "bug"]
)
def test_every_error_is_the_same_everywhere(faces: Faces, served: Served, code: str) -> None:
    _, error = assert_same_everywhere(faces, CATALOGUE.find("toys.fail"), {"error": code}, served.home.admin)
    assert error["code"] == ("INTERNAL" if code == "bug" else code) and "secret detail" not in error["message"]


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("toys.list", {"limit": "many"}), ("toys.list", {"limit": 0}), ("toys.list", {"colour": "pink"}),
        ("toys.list", {"cursor": "nonsense"}), ("toys.make", {"name": ""}), ("toys.make", {}),
        ("toys.count", {"to": 3, "fail_at": 1}), ("toys.count", {"to": -1}),
        ("toys.build", {"name": "x", "drawing": b"y", "fail": True}), ("toys.build", {"name": "x"}),
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_value_is_the_same_error_everywhere(
    faces: Faces, served: Served, name: str, asked: dict[str, Any]
) -> None:
    kind, error = assert_same_everywhere(faces, CATALOGUE.find(name), asked, served.home.admin)
    assert kind == "error" and error["code"] in ("INVALID", "UNAVAILABLE", "REFUSED")
