"""The store of a call: its database in every form, what names it, and models by whatever a caller calls them."""

from __future__ import annotations

import pytest

from assay.faces.loader.asked import seconds
from assay.faces.loader.models import find
from assay.faces.loader.store import Store, read_store, without_password
from assay.kernel.errors import AssayError, Invalid
from assay.kernel.secret import Secret


def dsn(**store: str) -> str | None:
    found = read_store((name.replace("__", "."), value) for name, value in store.items()).dsn()
    return found.reveal() if found is not None else None


def test_a_whole_dsn_wins_over_its_parts() -> None:
    assert dsn(pro__database_url=" sqlite:///a.db ", pro__dsn="sqlite:///b.db", pro__driver="mysql") == "sqlite:///a.db"
    assert dsn(pro__dsn="sqlite:///b.db") == "sqlite:///b.db"


def test_a_dsn_is_made_of_atests_parts() -> None:
    parts = {"url": "db:3306", "username": "a b", "password": "p/w", "pro__database": "shop"}
    assert dsn(pro__driver="mysql", **parts) == "mysql://a%20b:p%2Fw@db:3306/shop"
    assert dsn(pro__driver="Postgres", url="db", pro__database="shop") == "postgresql://db/shop"
    assert dsn(pro__driver="sqlite", pro__database="/data/my shop") == "sqlite:///data/my%20shop.db"


def test_an_ai_store_of_atest_names_no_database() -> None:
    assert dsn(name="ai", url="unix:///tmp/atest-store-ai.sock", username="u", password="p") is None


@pytest.mark.parametrize("field", ["driver", "database", "url"])
def test_parts_that_do_not_fit_are_named(field: str) -> None:
    whole = {"pro__driver": "mysql", "pro__database": "shop", "url": "db:3306"}
    wrong = {"driver": {"pro__driver": "tdengine"}, "database": {"pro__database": ""}, "url": {"url": "unix:///x"}}
    with pytest.raises(AssayError) as caught:
        dsn(**{**whole, **wrong[field]})
    assert caught.value.details["field"] == field


def test_what_came_as_bytes_is_what_was_meant() -> None:
    store = read_store([("name", "k%C3%A4se"), ("name-bin", "käse".encode()), ("pro.x-bin", b"\xff"), ("pro.y", "1")])
    assert (store.name, dict(store.properties)) == ("käse", {"x": "\ufffd", "y": "1"})


def test_a_store_does_not_show_its_secrets() -> None:
    store = Store(password=Secret("hunter2"), properties={"dsn": "postgresql://a:hunter2@b/c"})
    assert "hunter2" not in repr(store)


@pytest.mark.parametrize(
    "pair",
    [
        ("postgresql://a:one@h:5432/d?x=1", "postgresql://a:two@h:5432/d?x=1"),
        ("postgresql://a@h/d", "postgresql://a:two@h/d"),
        ("host=h password=one user=a", "host=h password=two user=a"),
    ],
)
def test_a_database_keeps_its_name_when_its_password_changes(pair: tuple[str, str]) -> None:
    first, second = (without_password(Secret(one)) for one in pair)
    assert first == second and "one" not in first and "two" not in second


def test_another_account_or_database_has_another_name() -> None:
    texts = ["postgresql://a:x@h/d", "postgresql://b:x@h/d", "postgresql://a:x@h/e", "sqlite:///h/d", "host=h user=a"]
    assert len({without_password(Secret(one)) for one in texts}) == len(texts)


NAMES = ["ollama:qwen2.5:7b", "openai:gpt-5", "custom", "embedded"]


@pytest.mark.parametrize(
    ("provider", "model", "found"),
    [
        ("", "", "ollama:qwen2.5:7b"), ("local", "", "ollama:qwen2.5:7b"),
        ("ollama", "qwen2.5:7b", "ollama:qwen2.5:7b"),
        ("", "gpt-5", "openai:gpt-5"), ("", "openai:gpt-5", "openai:gpt-5"), ("ollama", "gpt-5", None),
        ("custom", "", "custom"), ("", "embedded", "embedded"), ("claude", "", None), ("", "gpt-4", None),
    ],
)  # fmt: skip
def test_a_model_is_found_by_whatever_a_caller_says_of_it(provider: str, model: str, found: str | None) -> None:
    assert find(NAMES, provider, model) == found


@pytest.mark.parametrize(("said", "meant"), [("30s", 30), (5, 5), ("250ms", 0.25), ("1.5m", 90), ("", None)])
def test_a_time_has_a_unit_or_is_seconds(said: object, meant: float | None) -> None:
    assert seconds(said, "timeout") == meant


@pytest.mark.parametrize("said", ["soon", "-1", "0", "1h", [1]])
def test_what_is_no_time_is_refused(said: object) -> None:
    with pytest.raises(Invalid):
        seconds(said, "timeout")
