"""A store is always legal metadata that loses nothing, and what older plugins say of themselves is understood."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.adapters.loaders import metadata
from assay.adapters.loaders.reading import older_capabilities
from assay.ports.loader import Store
from assay.ports.secret import Secret

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
STORES = st.builds(
    Store, name=TEXT, kind=TEXT, description=TEXT, username=TEXT, password=st.none() | TEXT.map(Secret),
    properties=st.dictionaries(TEXT | st.sampled_from(["a-bin", "API_Key", "api_key"]), TEXT | TEXT.map(Secret)),
)  # fmt: skip


@given(STORES)
def test_any_store_is_metadata_that_grpc_takes(store: Store) -> None:
    sent = metadata.of(store)
    assert len({key for key, _ in sent}) == len(sent)
    for key, value in sent:
        assert re.fullmatch(r"[0-9a-z_.-]+", key)
        assert isinstance(value, bytes) == key.endswith("-bin")
        assert isinstance(value, bytes) or re.fullmatch(r"[\x20-\x7e]*", value)


@given(STORES)
def test_nothing_of_a_value_is_lost(store: Store) -> None:
    sent = dict(metadata.of(store))
    for key, value in (("name", store.name), ("description", store.description), ("username", store.username)):
        exact = sent.get(f"{key}-bin")
        assert (sent[key] if exact is None else exact.decode()) == value


@given(STORES)
def test_a_property_arrives_or_is_named_as_unsent(store: Store) -> None:
    sent = dict(metadata.of(store))
    arrived = {f"pro.{name.lower()}" in sent for name in store.properties if name not in metadata.unsent(store)}
    assert arrived <= {True}
    assert not any(f"pro.{name.lower()}" in sent for name in metadata.unsent(store))


@pytest.mark.parametrize("order", [("API_Key", "api_key"), ("api_key", "API_Key")])
def test_of_two_names_that_differ_in_case_the_lower_one_stays(order: tuple[str, str]) -> None:
    store = Store("s", "k", properties={name: name for name in order})
    assert dict(metadata.of(store))["pro.api_key"] == "api_key"


@pytest.mark.parametrize("said", [{}, {"id": "1"}, {"success": "true"}])
def test_pairs_without_a_word_of_models_are_no_capabilities(said: dict[str, str]) -> None:
    assert older_capabilities(said) is None


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        ("a, b,,c ", ("a", "b", "c")),
        ('["a", "b"]', ("a", "b")),
        ('[{"name": "a"}, {"id": "b"}, {"name": "c", "enabled": false}, 7]', ("a", "b")),
        ("[" * 100_000, ("[" * 100_000,)),
    ],
)
def test_models_are_read_in_every_form_that_is_in_use(models: str, expected: tuple[str, ...]) -> None:
    said = older_capabilities({"models": models})
    assert said is not None and said.available and said.supported_models == expected


def test_a_plugin_that_says_why_it_cannot_is_not_available() -> None:
    said = older_capabilities({"error": "no model", "success": "false"})
    assert said is not None and not said.available and said.description == "no model"


@pytest.mark.parametrize("whole", ["", "null", "[]", '{"databases": 7, "version": null}'])
def test_capabilities_that_are_not_what_they_should_be_are_empty(whole: str) -> None:
    said = older_capabilities({"capabilities": whole})
    assert said is not None and said.available and said.supported_databases == () and said.plugin_version == ""
