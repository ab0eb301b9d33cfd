"""The forms that people and atest write: what they mean, and what is used of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.plugins.stores.ai import seconds
from assay.plugins.stores.expand import Unreadable, expand, literal
from assay.plugins.stores.model import AiValues, Entry, Kind, Param, RateLimit
from assay.plugins.stores.read import read
from assay.plugins.stores.secrecy import revealed
from assay.ports.secret import Secret

SEED = """
stores:
  - name: "ai-assistant"
    type: "ai"
    url: "unix:///tmp/atest-store-ai.sock"
    properties:
      provider: OpenAI
      model: ${AI_MODEL:-small}
      api_key: ${OPENAI_API_KEY}
      enable_sql_execution: true
      confidence_threshold: 0.8
      supported_databases: ["mysql", "postgres", pg, sqlite3, MariaDB]
      max_tokens: 2048
      temperature: 0.2
      timeout: 1m30s
      rate_limit:
        requests_per_minute: 30
        burst_size: 5
"""
UPSTREAM = """
stores:
- name: ai
  owner: ""
  kind:
    name: atest-ext-ai
    dependencies: [{name: atest-store-orm}]
    url: unix:///tmp/atest-ext-ai.sock
    params:
    - {key: provider, defaultValue: ollama, enum: [ollama, openai], description: who answers}
    - {key: api_key, defaultvalue: k-0}
    link: https://example.org
    enabled: false
    categories: [ai, sql-generation]
  description: ""
  url: ""
  username: u
  password: p
  readonly: true
  disabled: false
  properties:
    timeout: "30"
"""


def only(text: str, **environment: str) -> Entry:
    reading = read(text, environment)
    assert [str(one) for one in reading.problems] == []
    return reading.entries[0]


def test_the_seeds_form_is_an_ai_store_with_typed_values() -> None:
    entry = only(SEED, OPENAI_API_KEY="k-1")
    assert entry.line == 3
    assert entry.used.kind == Kind(name="atest-store-ai", url="unix:///tmp/atest-store-ai.sock")
    assert entry.ai == AiValues(
        enable_sql_execution=True,
        confidence_threshold=0.8,
        supported_databases=("mysql", "postgresql", "sqlite"),
        max_tokens=2048,
        temperature=0.2,
        timeout_s=90,
        rate_limit=RateLimit(requests_per_minute=30, burst_size=5),
        provider="openai",
        model="small",
        api_key=Secret("k-1"),
    )


def test_the_form_that_atest_writes_is_read_whole() -> None:
    store = only(UPSTREAM).used
    assert store.kind == Kind(
        name="atest-ext-ai",
        url="unix:///tmp/atest-ext-ai.sock",
        dependencies=("atest-store-orm",),
        params=(
            Param(key="provider", default="ollama", enum=("ollama", "openai"), description="who answers"),
            Param(key="api_key", default=Secret("k-0")),
        ),
        link="https://example.org",
        enabled=False,
        categories=("ai", "sql-generation"),
    )
    assert (store.username, store.password, store.readonly, store.disabled) == ("u", Secret("p"), True, False)
    assert only(UPSTREAM).ai == AiValues(timeout_s=30)


def test_a_store_that_says_nothing_of_ai_has_the_defaults() -> None:
    assert only("stores: [{name: a, type: ai, url: 'unix:///a'}]").ai == AiValues(
        enable_sql_execution=False,
        confidence_threshold=0.7,
        supported_databases=("mysql", "postgresql", "sqlite"),
        max_tokens=4096,
        temperature=0.1,
        timeout_s=30.0,
        rate_limit=RateLimit(requests_per_minute=60, burst_size=10),
        provider="",
        model="",
        endpoint="",
        api_key=None,
    )


def test_a_store_is_one_of_ai_by_its_type_or_by_the_category_of_its_kind() -> None:
    text = """
plugins: [{name: theirs, categories: [ai]}, {name: plain}]
stores:
- {name: a, kind: {name: theirs}}
- {name: b, kind: {name: plain}}
- {name: c, kind: {name: plain, categories: [ai]}}
- {name: d, type: AI, kind: {name: plain}}
"""
    assert [(one.used.name, one.ai is not None) for one in read(text, {}).entries] == [
        ("a", True),
        ("b", False),
        ("c", True),
        ("d", True),
    ]


def test_the_items_of_an_extension_file_are_kinds() -> None:
    reading = read("items:\n- name: atest-ext-ai\n  dependencies: [{name: atest-store-ai}]\n  categories: [ai]\n", {})
    assert reading.kinds == (Kind(name="atest-ext-ai", dependencies=("atest-store-ai",), categories=("ai",)),)
    assert reading.lists == {"items"}


@pytest.mark.parametrize(
    "properties",
    [
        "{a: {b: no, c: [0.10, {d: 30s}], e: {}}, f: ~}",
        "[{key: a, value: {b: no, c: [0.10, {d: 30s}], e: {}}}, {key: f, value: }]",
        """{a.b: "no", a.c: '["0.10", {"d": "30s"}]', a.e: "{}", f: ""}""",
    ],
)
def test_properties_of_every_form_are_one_flat_map_of_texts_as_they_were_written(properties: str) -> None:
    store = only(f"stores: [{{name: a, kind: {{name: k}}, properties: {properties}}}]").used
    assert store.properties == {"a.b": "no", "a.c": '["0.10", {"d": "30s"}]', "a.e": "{}", "f": ""}


def test_what_is_used_is_expanded_and_what_was_written_is_kept() -> None:
    text = """
stores:
- name: a
  kind: {name: k, url: "unix://${RUN}/k.sock"}
  url: postgres://u:${PASSWORD}@h/d
  password: ${PASSWORD}
  properties: {list: ["${QUOTED}"], text: '["${QUOTED}", 1]', plain: "$${PASSWORD} $5"}
"""
    entry = only(text, RUN="/run/user", PASSWORD="${RUN}", QUOTED='a"b')
    used, written = entry.used, entry.written
    assert used.kind is not None and written.kind is not None
    assert (used.kind.url, written.kind.url) == ("unix:///run/user/k.sock", "unix://${RUN}/k.sock")
    assert revealed(used.url) == "postgres://u:${RUN}@h/d"
    assert (used.password, written.password) == (Secret("${RUN}"), Secret("${PASSWORD}"))
    assert used.properties == {"list": r'["a\"b"]', "text": r'["a\"b", 1]', "plain": "${PASSWORD} $5"}
    assert written.properties == {
        "list": '["${QUOTED}"]',
        "text": '["${QUOTED}", 1]',
        "plain": "$${PASSWORD} $5",
    }


@given(st.text(), st.dictionaries(st.text(), st.text()))
def test_an_escaped_text_means_itself_in_any_environment(text: str, environment: dict[str, str]) -> None:
    assert expand(literal(text), environment) == text


@given(st.text(alphabet="${}AB:-x"))
def test_what_a_variable_brings_in_is_not_read_again(value: str) -> None:
    assert expand("<${A}>${B:-none}", {"A": value, "B": ""}) == f"<{value}>none"


@pytest.mark.parametrize("text", ["${", "${}", "${A", "${A:-${B}}", "${1}", "${A-b}", "${A }", "x${?}"])
def test_a_reference_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        expand(text, {"A": "a", "B": "b"})


@pytest.mark.parametrize(
    ("text", "length"),
    [("30s", 30), ("1m30s", 90), ("500ms", 0.5), ("1.5h", 5400), ("90", 90), ("0.5", 0.5), ("100µs", 1e-4)],
)
def test_a_duration_is_as_long_as_it_says(text: str, length: float) -> None:
    assert seconds(text) == pytest.approx(length)


@pytest.mark.parametrize("text", ["", "s", "1s ", "1 s", "1d", "--1s", "1s-1s", "٣s", "1m 30s", "1:30", "nan"])
def test_what_is_no_duration_has_no_length(text: str) -> None:
    assert seconds(text) is None


@given(st.binary(max_size=300) | st.text(alphabet="-:{}[]&*!|>'\"#%@`? \n\tstores", max_size=60).map(str.encode))
def test_nothing_that_is_read_raises(raw: bytes) -> None:
    text = raw.decode("utf-8", "replace")
    for one in (text, f"stores:\n- {text}", f"stores:\n- name: a\n  type: ai\n  properties:\n    {text}"):
        for problem in read(one, os.environ).problems:
            assert problem.says and problem.cure


def test_the_example_of_the_page_is_read_as_it_says() -> None:
    page = (Path(__file__).parents[3] / "docs" / "stores-yaml.md").read_text()
    example = page.partition("```yaml\n")[2].partition("```")[0]
    reading = read(example, {"OPENAI_API_KEY": "k-1", "SHOP_PASSWORD": "p"})
    assert reading.problems == ()
    assert [(one.used.name, one.ai is not None) for one in reading.entries] == [("ai", True), ("shop", False)]


def test_a_file_full_of_errors_says_each_of_them_once() -> None:
    many = "".join(f"  - x{number}\n" for number in range(9_000))
    reading = read(f"stores:\n- name: a\n  kind: {{name: k}}\n  properties:\n{many}", {})
    assert len(reading.problems) == 18_000
