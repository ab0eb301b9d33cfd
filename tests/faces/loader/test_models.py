"""The plugin with a language model beside its engine: what the model is asked, and what becomes of its answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.wire import server_pb2
from doubles.model_server import Script, Server
from faces.loader.running import Host, Plugin

WORDS = "How many shops are in each city?"
GUESSED = "SELECT city, COUNT(*) AS shops FROM shops GROUP BY city"


def proposing(*texts: str) -> Script:
    return Script([json.dumps({"sql": text}) for text in texts])


@pytest.fixture(scope="module")
def model() -> Iterator[Server]:
    """A model's server; a test says what it answers, and reads what it was asked."""
    with Server(proposing(GUESSED)) as server:
        yield server


@pytest.fixture(scope="module")
def modelled(model: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plugin]:
    """The plugin, where that model is set up."""
    folder = tmp_path_factory.mktemp("modelled")
    flags = ("--socket", str(folder / "s.sock"), "--no-also-default-socket")
    with Plugin(folder, *flags, AI_PROVIDER="custom:double", AI_ENDPOINT=f"{model.url}/v1",
                ASSAY_CALLS_PER_MINUTE="100000") as it:  # fmt: skip
        yield it


@pytest.fixture
def host(modelled: Plugin, model: Server) -> Callable[..., Host]:
    """A host of that plugin, for a store; the model proposes GUESSED, and has been asked nothing."""
    model.act = proposing(GUESSED)
    model.seen.clear()
    return lambda **store: Host(modelled.channel(), **store)


def test_without_a_database_and_a_schema_the_model_s_guess_is_an_estimate(host: Callable[..., Host]) -> None:
    info = host().ours(natural_language=WORDS, database_type="mysql", explain_query=True).ai_info
    assert info.verdict == server_pb2.VERDICT_ESTIMATE and info.generated_sql == f"{GUESSED} LIMIT 1000"
    assert info.confidence_score == 0.5 and info.warnings[0].startswith("no schema") and info.dialect == "mysql"
    assert info.missing[0].startswith("a schema:") and info.model_used == "custom:double" and info.evidence


def test_the_older_protocol_gets_the_same_estimate(host: Callable[..., Host]) -> None:
    said = host(pro__supported_databases="sqlite, mysql").query("generate", {"prompt": WORDS})
    told: Any = json.loads(said["meta"])
    assert said["success"] == "true" and said["content"].startswith(GUESSED) and "error" not in said
    assert (told["verdict"], told["confidence"], told["dialect"]) == ("estimate", 0.5, "sqlite")
    assert told["warnings"][0].startswith("no schema") and told["missing"]
    unsaid = json.loads(host().query(WORDS)["meta"])
    assert unsaid["dialect"] == "postgresql" and "for postgresql" in unsaid["warnings"][1]


def test_a_threshold_of_the_store_refuses_a_guess(host: Callable[..., Host]) -> None:
    said = host(pro__confidence_threshold="0.7").query("generate", {"prompt": WORDS})
    assert said["error_code"] == "CONFIDENCE_TOO_LOW" and "content" not in said


def test_a_model_that_knows_nothing_leaves_no_answer(host: Callable[..., Host], model: Server) -> None:
    model.act = proposing("")
    said = host().query("generate", {"prompt": WORDS})
    assert said["error"].startswith("no schema") and "proposed no statement" in said["error"]
    assert said["error_code"] == "GENERATION_FAILED" and "database_url" in json.loads(said["meta"])["suggestions"][0]


def test_a_store_is_for_its_databases_with_or_without_one(host: Callable[..., Host], shop_file: Path) -> None:
    for store in ({}, {"pro__dsn": f"sqlite://{shop_file}"}):
        only = host(pro__supported_databases="mysql,sqlite", **store)
        said = only.query("generate", {"prompt": "How many users are there?", "database_type": "sqlite"})
        assert said["success"] == "true"
        with pytest.raises(Exception, match="postgresql is not answered for this store"):
            only.query("generate", {"prompt": WORDS, "database_type": "postgresql"})
