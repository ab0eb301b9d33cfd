"""Logs, metrics and settings."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.ports.errors import Invalid
from assay.runtime.settings import Settings, read_settings
from assay.runtime.telemetry import hide_secrets, loop_lag_seconds, registry, watch_loop
from trial.house import Trial, until

SCRIPT = """
import logging
from assay.runtime.telemetry import log, set_up_logs, set_up_traces, tracer
set_up_logs("info", "{style}")
set_up_traces(None, "1")
with tracer.start_as_current_span("x"):
    log("assay.trial").info("hello", password="hunter2", source_dsn="hunter2", asked={{"token": "hunter2", "n": 1}},
                            text="postgresql://me:hunter2@db:5432/shop and password='hunter2'")
    logging.getLogger("library").warning("from a library: host=db password=hunter2 user=me")
    try:
        raise RuntimeError("connection to postgresql://me:hunter2@db failed for assay_token_abcdefghijklmnopqrstuvwxyz")
    except RuntimeError:
        log("assay.trial").exception("failed")
log("assay.trial").debug("not shown")
"""


def _said(style: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    script = SCRIPT.format(style=style)
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert ran.stdout == ""
    return ran.stderr


def test_a_log_line_is_json_with_its_place_and_its_trace_and_without_secrets() -> None:
    said = _said("json")
    lines: list[dict[str, Any]] = [json.loads(line) for line in said.splitlines()]
    assert lines[0]["event"] == "hello"
    assert len(lines) == 3
    assert len({line["trace_id"] for line in lines}) == 1
    assert all(len(line["trace_id"]) == 32 and line["at"].partition(":")[2].isdigit() for line in lines)
    assert all({"level", "logger", "timestamp"} <= line.keys() for line in lines)
    assert lines[0]["password"] == lines[0]["source_dsn"] == lines[0]["asked"]["token"] == "***"
    assert lines[0]["text"] == "postgresql://me:***@db:5432/shop and password='***'"
    assert "RuntimeError" in lines[2]["exception"]
    assert "hunter2" not in said
    assert "abcdefghijklmnopqrstuvwxyz" not in said


def test_a_log_for_people_hides_secrets_as_well() -> None:
    said = _said("text")
    assert "hello" in said
    assert "Traceback" in said
    assert "hunter2" not in said
    assert "abcdefghijklmnopqrstuvwxyz" not in said


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["password", "dsn", "api_key", "Token", "note", "event"]),
        st.recursive(
            st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
        ),
    )
)
def test_hiding_keeps_every_field_and_masks_those_that_are_named_so(event: dict[str, Any]) -> None:
    shown = hide_secrets(None, "", dict(event))
    assert shown.keys() == event.keys()
    for name in event:
        if name.lower() in ("password", "dsn", "api_key", "token"):
            assert shown[name] == "***"


@pytest.mark.anyio
async def test_every_call_counts_by_operation_and_outcome(trial: Trial) -> None:
    def count(operation: str, outcome: str) -> float:
        return registry.get_sample_value("assay_calls_total", {"operation": operation, "outcome": outcome}) or 0.0

    before = count("notes.list", "OK"), count("unknown", "NOT_FOUND"), count("notes.boom", "INTERNAL")
    await trial.ask("notes.list")
    for name in ("nobody.knows", "nobody.knows.either", "notes.boom"):
        with pytest.raises(Exception, match=r"."):
            await trial.ask(name)
    after = count("notes.list", "OK"), count("unknown", "NOT_FOUND"), count("notes.boom", "INTERNAL")
    assert [now - then for now, then in zip(after, before, strict=True)] == [1, 2, 1]


@pytest.mark.anyio
async def test_a_loop_that_is_held_up_is_seen() -> None:
    loop_lag_seconds.set(-1)
    watch = asyncio.create_task(watch_loop(every_s=0.01, window_s=60))

    def lag() -> float:
        return loop_lag_seconds._value.get()  # pyright: ignore[reportPrivateUsage]

    async def watching() -> bool:
        return lag() >= 0

    async def seen() -> bool:
        return lag() >= 0.15

    await until(watching)
    time.sleep(0.2)  # noqa: ASYNC251 - holding up the loop is what is tried
    await until(seen)
    watch.cancel()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ASSAY_PORT", "70000"), ("ASSAY_PORT", "eighty"), ("ASSAY_LOG_LEVEL", "loud"), ("ASSAY_JOBS_AT_ONCE", "0"),
        ("ASSAY_SCHEMA_CACHE_S", "10"), ("ASSAY_KEEP_AUDIT_DAYS", "0"), ("ASSAY_CALLS_PER_MINUTE", "-1"),
    ],
)  # fmt: skip
def test_a_setting_that_does_not_fit_is_named_and_its_value_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(Invalid) as caught:
        read_settings()
    assert caught.value.details["field"] == variable
    assert caught.value.message.startswith(f"{variable}: ")


def test_a_key_in_the_environment_shows_itself_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_KEY", "hunter2" * 8)
    read = Settings()
    assert read.key is not None
    assert "hunter2" not in f"{read!r} {read}"


def test_paths_follow_the_home(tmp_path: Path) -> None:
    read = Settings(home=tmp_path, key_file=None)
    assert (read.database, read.key_path) == (tmp_path / "assay.db", tmp_path / "keys" / "master.key")
    assert Settings(home=tmp_path, key_file=tmp_path / "k").key_path == tmp_path / "k"
