"""The AI methods of server.Runner on a real port, over a real database."""

from __future__ import annotations

import psycopg

from assay.wire import server_pb2 as wire
from assay_lab.shop import Shop
from faces.grpc.client import Client

SURE = "how many users are there?"
UNSURE = "which users live in Atlantis?"


def asked(words: str = SURE, **options: object) -> wire.GenerateSQLRequest:
    return wire.GenerateSQLRequest(
        natural_language=words, database_target=wire.DatabaseTarget(store="shop"),
        options=wire.GenerationOptions(**options),
    )  # fmt: skip


def test_a_question_becomes_sql_that_was_checked(client: Client, shop: Shop) -> None:
    answer = client.ask("Runner.GenerateSQL", asked())
    assert answer.success and answer.model_used == "embedded" and answer.error_message == ""
    with psycopg.connect(shop.dsn) as connection:
        rows = connection.execute(answer.generated_sql).fetchall()
        assert rows == connection.execute("SELECT count(*) FROM users").fetchall()
    info = answer.ai_info
    assert info.verdict == wire.VERDICT_ASSAYED and info.evidence[0].startswith("E-") and info.dialect == "postgresql"
    assert info.generated_sql == answer.generated_sql and info.request_id.startswith("a_")
    assert "users" in answer.explanation == info.explanation and list(answer.suggestions) == list(info.suggestions)
    assert {one.level for one in info.findings} == {wire.FINDING_LEVEL_INFO} and not info.missing
    assert answer.confidence_score > 0.7 and not answer.HasField("result")
