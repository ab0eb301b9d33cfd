"""Questions in words, asked over the socket of the plugin: of a database, of a schema, of nothing."""

from __future__ import annotations

import json
from pathlib import Path

from faces.loader.running import Host

BERLIN = "List the emails of users in Berlin"


def test_a_question_to_a_store_with_a_database_is_answered_with_checked_sql(shop: Host, shop_file: Path) -> None:
    said = shop.query("generate", {"prompt": BERLIN})
    meta = json.loads(said["meta"])
    assert said["success"] == "true" and "error" not in said and said["api_version"] == "v1"
    assert "email" in said["content"] and "Berlin" in said["content"]
    assert said["generated_sql"] == f"sql:{said['content']}\nexplanation:{said['explanation']}"
    assert "Berlin" in said["explanation"]
    assert meta["verdict"] == "assayed" and meta["evidence"] and meta["dialect"] == "sqlite"
    assert 0.7 <= meta["confidence"] <= 1
