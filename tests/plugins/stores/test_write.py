"""What is written is what atest reads, means what was put, and leaves everything else as it stood."""

from __future__ import annotations

import string
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.plugins.stores.model import Entry, Kind, Param, Reading, Store
from assay.plugins.stores.read import read
from assay.plugins.stores.secrecy import sealed
from assay.plugins.stores.write import drop_store, put_kind, put_store
from assay.ports.errors import Invalid

FILE = """\
# Ours; ask Ada.
version: 2
stores:  # all of them
  # the shop
  - name: shop   # live
    kind: {name: atest-store-orm, colour: blue}
    url: db:3306
    region: eu   # where it runs
    properties:
      driver: mysql

  # the assistant
  - name: ai
    type: "ai"
    url: unix:///tmp/atest-store-ai.sock
    properties: {timeout: 30s}

# kinds
plugins:
  - name: atest-store-orm
"""
NESTED = """
stores:
- name: ai  # seed
  type: ai
  url: unix://${SOCKET:-/tmp/a.sock}
  extra: {deep: [1, no]}
  properties:
    api_key: ${KEY}
    supported_databases: [mysql, "${DB:-pg}"]
    rate_limit: {burst_size: 10}
- name: broken
  readonly: maybe
  properties: {b: [1]}
- name: pairs
  kind: {name: k, params: [{key: a, defaultValue: b, more: c}]}
  properties: [{key: driver, value: mysql}]
"""


def written(text: str) -> list[Store]:
    return [one.written for one in read(text, {"KEY": "k", "A": "a"}).entries]


def as_atest_reads(text: str) -> list[dict[str, Any]]:
    """The stores, after the check that makes atest refuse all of them: properties are a flat map."""
    stores = yaml.load(text, Loader=yaml.BaseLoader)["stores"]
    for store in stores:
        assert all(isinstance(value, str) for value in store.get("properties", {}).values()), store
    return stores


SHOP = written(FILE)[0]


def test_a_changed_store_leaves_the_rest_of_the_file_as_it_stood() -> None:
    after = put_store(FILE, replace(SHOP, url="db2:3306", properties={"driver": "mysql", "database": "no"}))
    assert (
        after
        == """\
# Ours; ask Ada.
version: 2
stores:  # all of them
  # the shop
  - name: shop
    kind:
      name: atest-store-orm
      enabled: true
      colour: blue
    url: db2:3306
    properties:
      driver: mysql
      database: 'no'
    region: eu

  # the assistant
  - name: ai
    type: "ai"
    url: unix:///tmp/atest-store-ai.sock
    properties: {timeout: 30s}

# kinds
plugins:
  - name: atest-store-orm
"""
    )


def test_a_new_store_is_the_last_before_what_follows_the_list() -> None:
    after = put_store(FILE, Store(name="new", kind=Kind(name="k")))
    new = "  - name: new\n    kind:\n      name: k\n      enabled: true\n"
    assert after == FILE.replace("{timeout: 30s}\n", f"{{timeout: 30s}}\n{new}")


def test_a_dropped_store_takes_only_its_own_lines() -> None:
    start, end = FILE.index("  - name: shop"), FILE.index("\n  # the assistant")
    assert drop_store(FILE, "shop") == FILE[:start] + FILE[end:]
    assert drop_store(FILE, "none") == FILE


def test_the_last_store_dropped_leaves_an_empty_list() -> None:
    after = drop_store(drop_store(FILE, "shop"), "ai")
    assert read(after, {}) == replace(read(FILE, {}), entries=())
    assert "# kinds\nplugins:" in after and "# Ours" in after


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# none yet\n",
        "stores:\n",
        "stores: []  # none yet\n",
        "stores: ~\nplugins: []\n",
        "plugins: []",
        "{}",
        "{stores: []}",
        "---\nstores:\n...\n",
        "stores:\n- {name: a, kind: {name: k}}",
        "stores: [{name: a, kind: {name: k}}, {name: b, kind: {name: k}}]\nplugins: []\n",
        "stores:\n-\n  # first\n  name: a\n  kind: {name: k}\n- &b\n  name: b-b\n  kind: {name: k}\n",
        "x: &k {name: k}\nstores:\n- {name: a, kind: *k}\n",
        "stores:\r\n- name: a\r\n  kind: {name: k}\r\n",
        "stores:\n- name: a\n  kind: {name: k}\n  description: |\n    text\n    # no comment\n\n- {name: b}",
    ],
)
def test_a_store_can_be_put_into_a_file_of_any_form_changed_and_dropped(text: str) -> None:
    before = written(text)
    new = Store(name="new", kind=Kind(name="k"))
    more = put_store(text, new)
    assert written(more) == [*before, new]
    changed = replace(new, description="a\nb")
    assert written(put_store(more, changed)) == [*before, changed]
    assert written(drop_store(more, "new")) == before
    for store in before:
        assert written(drop_store(text, store.name)) == [one for one in before if one != store]
        other = replace(store, username="u")
        assert written(put_store(text, other)) == [other if one == store else one for one in before]


def test_a_comment_that_is_not_in_the_way_stays() -> None:
    for text in ("# none yet\n", "stores: []  # none yet\n", "stores:  # none yet\n", "---\n# none yet\nstores: []\n"):
        assert "# none yet" in put_store(text, SHOP)


def test_what_would_hide_all_stores_from_atest_is_written_flat() -> None:
    before = read(NESTED, {"KEY": "k"})
    after = put_store(NESTED, SHOP)
    stores = {one["name"]: one for one in yaml.load(after, Loader=yaml.BaseLoader)["stores"]}
    assert stores["ai"]["properties"] == {
        "api_key": "${KEY}",
        "supported_databases": '["mysql", "${DB:-pg}"]',
        "rate_limit.burst_size": "10",
    }
    assert stores["ai"]["kind"]["url"] == stores["ai"]["url"] == "unix://${SOCKET:-/tmp/a.sock}"
    assert stores["ai"]["extra"] == {"deep": ["1", "no"]}
    assert stores["pairs"]["properties"] == {"driver": "mysql"}
    assert stores["pairs"]["kind"]["params"] == [{"key": "a", "defaultvalue": "b", "more": "c"}]
    now = read(after, {"KEY": "k"})
    assert [one.used for one in now.entries[:2]] == [one.used for one in before.entries]
    assert [one.ai for one in now.entries[:2]] == [one.ai for one in before.entries]


def test_a_broken_store_stays_as_it_is_while_others_are_written() -> None:
    after = put_store(NESTED, SHOP)
    assert "- name: broken\n  readonly: maybe\n  properties: {b: [1]}\n" in after
    assert read(after, {"KEY": "k"}).bad == {"broken"}


def test_an_anchor_in_a_store_that_is_written_anew_is_not_missed() -> None:
    text = "stores:\n- &a {name: a, kind: &k {name: k}, url: x}\n- {<<: *a, name: b}\n- {name: c, kind: *k}\n"
    before = written(text)
    assert written(put_store(text, replace(before[0], url="y"))) == [replace(before[0], url="y"), *before[1:]]
    assert written(drop_store(text, "a")) == before[1:]


@pytest.mark.parametrize(
    "text", ["stores: {", "- a\n", "text", "stores: x\n", "stores:\n\t- a\n", "stores: []\nstores: []"]
)
def test_a_file_that_cannot_be_read_is_not_written(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        put_store(text, SHOP)
    assert refused.value.message.startswith("The file cannot be changed as it is: ")


def test_a_file_is_not_made_larger_than_can_be_read() -> None:
    with pytest.raises(Invalid, match="larger than 1 MiB"):
        put_store("x:\n" + f"- {'a' * 8_000}\n" * 130, replace(SHOP, description="b" * 8_192))


def test_what_is_no_text_is_not_written() -> None:
    with pytest.raises(Invalid, match="could not be read again"):
        put_store(FILE, replace(SHOP, description="\ud800"))


def test_a_kind_is_put_where_atest_looks_for_it_first() -> None:
    text = "items:\n- name: other # theirs\n  categories: [git]\n"
    ai = Kind(name="atest-store-ai", dependencies=("atest-store-orm",), categories=("ai",))
    after = put_kind(text, ai, "items")
    assert after == (
        "items:\n- name: atest-store-ai\n  dependencies:\n  - name: atest-store-orm\n  enabled: true\n"
        "  categories:\n  - ai\n- name: other # theirs\n  categories: [git]\n"
    )
    changed = replace(ai, url="unix:///a.sock", params=(Param(key="model", default="m", enum=("m", "n")),))
    assert read(put_kind(after, changed, "items"), {}).kinds == (changed, Kind(name="other", categories=("git",)))
    assert put_kind(after, ai, "items") == after


WORDS = st.text(
    alphabet=st.sampled_from(string.printable[:95] + "\n\t") | st.characters(exclude_categories=("Cc", "Cs")),
    max_size=30,
)
ODD = st.sampled_from(["no", "on", "~", "null", "0x10", "1_000", "1:30", "2024-01-01", "=", "<<", "- a", "a: b", "# c",
                       "'", '"', " a ", "a\n\n b\n", "${A}", "$${", "[1, 2]", '{"a": "b"}', "!a", "&a", "*a", "%", "@",
                       "\N{GRINNING FACE}", "\u2028", "\ufeff", "|", ">", "?", "", "true", ".5", "-", "---", "..."]
)  # fmt: skip
TEXTS = (WORDS | ODD).filter(lambda text: "${" not in text.replace("${A}", "") and text != "******")
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
STORE_NAMES = (NAMES | st.sampled_from(["no", "12", "~", "商店", "a b", "#x", "'"])).filter(
    lambda name: name != "local"
)
KINDS = st.builds(
    Kind,
    name=NAMES.filter(lambda name: not name.startswith("atest")),
    url=st.sampled_from(["", "unix:///tmp/a b.sock", "127.0.0.1:7070"]),
    dependencies=st.lists(NAMES, max_size=2).map(tuple),
    params=st.lists(
        st.builds(
            Param,
            key=NAMES,
            default=TEXTS,
            enum=st.lists(TEXTS, max_size=2).map(tuple),
            description=TEXTS,
        ),
        max_size=2,
        unique_by=lambda param: param.key,
    ).map(tuple),
    link=TEXTS,
    enabled=st.booleans(),
    categories=st.lists(NAMES.filter(lambda name: name != "ai"), max_size=2).map(tuple),
)
STORES = st.builds(
    Store,
    name=STORE_NAMES,
    owner=TEXTS,
    kind=KINDS,
    description=TEXTS,
    url=TEXTS.map(str.strip),
    username=TEXTS,
    password=TEXTS,
    readonly=st.booleans(),
    disabled=st.booleans(),
    properties=st.dictionaries(TEXTS.filter(bool), TEXTS, max_size=4),
).map(sealed)
LISTS = st.lists(STORES, max_size=4, unique_by=lambda store: store.name)


def put_all(text: str, stores: list[Store]) -> str:
    for store in stores:
        text = put_store(text, store)
    return text


@settings(deadline=None, max_examples=40)
@given(LISTS, st.sampled_from(["", "# c\n", "stores: []\n", "stores:\nplugins: []\n", "{}"]))
def test_what_was_written_is_read_again(stores: list[Store], text: str) -> None:
    after = put_all(text, stores)
    reading = read(after, {"A": "a"})
    assert [str(one) for one in reading.problems if one.severity == "error"] == []
    assert [one.written for one in reading.entries] == stores
    assert put_all(after, stores) == after
    if stores:
        assert [one["name"] for one in as_atest_reads(after)] == [one.name for one in stores]


@settings(deadline=None, max_examples=40)
@given(STORES, STORES, st.booleans())
def test_a_store_put_in_place_of_another_leaves_nothing_of_it(one: Store, other: Store, dropped: bool) -> None:
    text = put_store(FILE, replace(one, name="it"))
    text = put_store(drop_store(text, "it") if dropped else text, replace(other, name="it"))
    assert written(text) == [*written(FILE), replace(other, name="it")]
    assert drop_store(text, "it") == FILE


TREES = st.recursive(
    TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES.map(lambda name: name.replace(".", "_")), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=40)
@given(st.dictionaries(NAMES.map(lambda name: name.replace(".", "_")), TREES, max_size=3), st.booleans())
def test_nested_properties_mean_the_same_after_they_were_written_flat(properties: dict[str, Any], flow: bool) -> None:
    store = {"name": "n", "kind": {"name": "k"}, "unknown": properties, "properties": properties}
    text = yaml.safe_dump({"stores": [store]}, default_flow_style=flow, allow_unicode=True)
    before: Reading = read(text, {"A": 'a"\\'})
    assert before.problems == ()
    after = put_store(text, SHOP)
    entry: Entry = read(after, {"A": 'a"\\'}).entries[0]
    assert entry.used == before.entries[0].used
    assert entry.written == before.entries[0].written
    assert yaml.safe_load(after)["stores"][0].get("unknown") == properties
    as_atest_reads(after)
