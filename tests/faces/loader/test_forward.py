"""The plugin in front of an Assay that runs elsewhere: its answers, its databases, no house here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from assay.faces.loader.forward import PATHS
from assay.wire import server_pb2
from faces.living import Served
from faces.loader.running import Host, Plugin, refusal
from faces.test_real import CATALOGUE, RealHome

BERLIN = "List the emails of users in Berlin"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(RealHome(tmp_path_factory.mktemp("real"))) as served:
        yield served


@pytest.fixture(scope="module")
def forward(real: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plugin]:
    folder = tmp_path_factory.mktemp("forward")
    flags = ("--socket", str(folder / "s.sock"), "--no-also-default-socket")
    with Plugin(folder, *flags, ASSAY_URL=real.url, ASSAY_TOKEN=real.home.admin.reveal()) as it:
        yield it


def test_the_paths_that_it_knows_are_those_of_the_catalogue() -> None:
    routes = {one.name: (one.http.method, one.http.path) for one in CATALOGUE}
    assert {name: routes[name] for name in PATHS} == PATHS


def test_a_stores_database_is_connected_there_and_asked_there(forward: Plugin, real: Served, shop_file: Path) -> None:
    host = Host(forward.channel(), pro__dsn=f"sqlite://{shop_file}")
    reply = host.ours(natural_language=BERLIN, explain_query=True)
    assert reply.ai_info.verdict == server_pb2.VERDICT_ASSAYED and "Berlin" in reply.ai_info.explanation
    with real.client() as client:
        names = [one["name"] for one in client.get("/api/v1/sources").json()["items"]]
        entry = client.get(f"/api/v1/evidence/{reply.ai_info.evidence[0]}")
    assert any(name.startswith("atest ai ") for name in names) and entry.status_code == 200
    assert not (forward.folder / "home").exists(), "it opened a house of its own"


def test_a_store_may_name_a_database_that_is_connected_there(forward: Plugin, real: Served, shop_file: Path) -> None:
    with real.client() as client:
        client.post("/api/v1/sources", json={"name": "my-shop", "dsn": f"sqlite://{shop_file}"}).raise_for_status()
    said = Host(forward.channel(), pro__source="my-shop").query("generate", {"prompt": BERLIN})
    assert json.loads(said["meta"])["verdict"] == "assayed"


@pytest.mark.parametrize("key", ["capabilities", "providers", "models", "test_connection", "health_check"])
def test_every_key_is_answered_from_there(forward: Plugin, key: str) -> None:
    assert Host(forward.channel()).query(key)["success"] == "true"


def test_a_refusal_there_is_the_same_refusal_here(forward: Plugin, shop_file: Path, tmp_path: Path) -> None:
    unsure = Host(forward.channel(), pro__dsn=f"sqlite://{shop_file}", pro__confidence_threshold="0.999")
    assert unsure.query("generate", {"prompt": BERLIN})["error_code"] == "CONFIDENCE_TOO_LOW"
    unknown = Host(forward.channel()).query("generate", {"prompt": BERLIN})
    assert unknown["error_code"] == "GENERATION_FAILED" and unknown["error"].startswith("no schema")
    run = {"prompt": BERLIN, "execute": True}
    assert refusal(lambda: Host(forward.channel()).query("generate", run))[2] == "SQL_EXECUTION_DISABLED"
    context = {"schema": "hello"}
    asked: Any = {"natural_language": "How many?", "database_type": "sqlite", "ai_context": context}
    assert refusal(lambda: Host(forward.channel()).ours(**asked))[::2] == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID")
    lost = Host(forward.channel(), pro__dsn=f"sqlite://{tmp_path}/lost.db")
    assert refusal(lambda: lost.query("generate", {"prompt": BERLIN}))[0] is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize(
    ("environment", "words"),
    [({"ASSAY_TOKEN": "wrong"}, "does not know the token"), ({}, "ASSAY_TOKEN"),
     ({"ASSAY_URL": "http://127.0.0.1:1", "ASSAY_TOKEN": "x"}, "does not answer"),
     ({"ASSAY_URL": "nowhere", "ASSAY_TOKEN": "x"}, "ASSAY_URL")],
    ids=["unknown token", "no token", "nobody there", "no address"],
)  # fmt: skip
def test_it_is_not_ready_when_nobody_answers_there(
    real: Served, tmp_path: Path, environment: dict[str, str], words: str
) -> None:
    flags = ("--socket", str(tmp_path / "s.sock"), "--no-also-default-socket")
    with Plugin(tmp_path, *flags, **{"ASSAY_URL": real.url, **environment}) as it:
        host = Host(it.channel())
        refusal(lambda: host.query("capabilities"))  # waits until it is open, or cannot be opened
        status = host.call("Verify")
        assert not status.ready and words in status.message and "Traceback" not in it.log
