"""What is secret never shows, and comes back unchanged when it was hidden."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assay.plugins.stores.model import Kind, Param, Store
from assay.plugins.stores.read import read
from assay.plugins.stores.secrecy import HIDDEN, masked, revealed, sealed, unmasked
from assay.ports.errors import Invalid
from assay.ports.secret import Secret

SECRET = "hunter2-of-nobody"


@pytest.mark.parametrize(
    "key",
    ["password", "api_key", "apiKey", "API-KEY", "db.password", "auth.token", "accesskey", "secret_access_key", "pwd",
     "client_secret", "key", "dsn", "credentials", "passphrase", "Authorization", "private_key"],
)  # fmt: skip
def test_a_property_whose_name_says_so_is_secret(key: str) -> None:
    assert sealed(Store(name="a", properties={key: SECRET})).properties == {key: Secret(SECRET)}


@pytest.mark.parametrize(
    "key", ["max_tokens", "tokenizer", "model", "keyspace", "public_key", "rate_limit.burst_size", "token.kind"]
)
def test_a_property_whose_name_only_resembles_one_is_not(key: str) -> None:
    assert sealed(Store(name="a", properties={key: SECRET})).properties == {key: SECRET}


@pytest.mark.parametrize(
    "value",
    [f"postgresql://u:{SECRET}@h/d", f"host=h password={SECRET}", f'[{{"token": "{SECRET}"}}]', f"Bearer {SECRET}"],
)
def test_a_property_whose_value_holds_a_secret_is_secret(value: str) -> None:
    assert sealed(Store(name="a", properties={"where": value})).properties == {"where": Secret(value)}


def full() -> Store:
    kind = Kind(name="k", params=(Param(key="api_key", default=SECRET), Param(key="model", default="m")))
    properties = {"api_key": SECRET, "model": "m", "empty_key": ""}
    return sealed(
        Store(name="a", kind=kind, url=f"mysql://u:{SECRET}@h", password=Secret(SECRET), properties=properties)
    )


def test_a_listed_store_shows_no_secret_and_everything_else() -> None:
    shown = masked(full())
    assert SECRET not in repr(shown) + repr(full())
    assert (shown.url, shown.password) == (HIDDEN, HIDDEN)
    assert shown.properties == {"api_key": HIDDEN, "model": "m", "empty_key": ""}
    assert shown.kind is not None
    assert [one.default for one in shown.kind.params] == [HIDDEN, "m"]


def test_a_store_that_comes_back_as_it_was_listed_is_unchanged() -> None:
    assert unmasked(masked(full()), full()) == full()


def test_a_secret_that_comes_back_with_a_value_is_changed() -> None:
    sent = replace(masked(full()), password="new", properties={"api_key": "other", "model": "m"})
    back = unmasked(sent, full())
    assert (back.password, back.properties) == (Secret("new"), {"api_key": Secret("other"), "model": "m"})


@pytest.mark.parametrize("before", [None, Store(name="a"), Store(name="a", properties={"api_key": ""})])
def test_unchanged_is_refused_where_nothing_is_kept(before: Store | None) -> None:
    with pytest.raises(Invalid) as refused:
        unmasked(Store(name="a", properties={"api_key": HIDDEN}), before)
    assert refused.value.details["field"] == "properties.api_key"


def test_no_problem_and_no_entry_repeats_a_secret() -> None:
    text = f"""
stores:
- name: a
  type: ai
  url: {SECRET}
  password: [{SECRET}]
  properties: {{api_key: "{SECRET}\\0", endpoint: "http://u:{SECRET}@h", max_tokens: {SECRET}, token: "${{{SECRET}"}}
- {{name: b, kind: {{name: k}}, password: {SECRET}, properties: {{api_key: {SECRET}}}}}
"""
    reading = read(text, {})
    assert len(reading.problems) == 6
    assert [revealed(one.used.password) for one in reading.entries] == [SECRET]
    assert SECRET not in "".join(map(str, reading.problems)) + repr(reading)
