"""The contracts on the wire: atest's names and numbers are as they were written down, and what we add harms nobody."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import message_factory
from google.protobuf.message import Message

from assay.wire import loader_pb2, server_pb2
from wire.filling import filled
from wire.written import listing, messages, old, read

ATEST: dict[str, dict[str, Any]] = read("atest.json")
OURS: dict[str, dict[str, Any]] = read("ours.json")
GOLDEN: dict[str, str] = read("golden.json")
EVERY_MESSAGE_OF_ATEST = pytest.mark.parametrize("name", ATEST["messages"])


@pytest.fixture(scope="module")
def known_before() -> dict[str, type[Message]]:
    return old()


def make(name: str, values: dict[str, Any]) -> Message:
    return message_factory.GetMessageClass(messages()[name])(**values)


def test_nothing_of_atest_was_renumbered_renamed_or_retyped() -> None:
    speaks = listing()
    added = OURS["messages"]
    for name, fields in ATEST["messages"].items():
        spoken = speaks["messages"][name].items()
        assert {field: spec for field, spec in spoken if field not in added.get(name, {})} == fields, name
    assert {name: shape for name, shape in speaks["rpcs"].items() if name not in OURS["rpcs"]} == ATEST["rpcs"]


def test_what_we_add_is_as_it_was_written_down() -> None:
    speaks = listing()
    added = {
        name: {field: spec for field, spec in fields.items() if field not in ATEST["messages"].get(name, {})}
        for name, fields in speaks["messages"].items()
    }
    assert {name: fields for name, fields in added.items() if fields} == OURS["messages"]
    assert {name: shape for name, shape in speaks["rpcs"].items() if name not in ATEST["rpcs"]} == OURS["rpcs"]
    assert (speaks["enums"], speaks["reserved"]) == (OURS["enums"], OURS["reserved"])


def test_what_we_add_to_a_message_of_atest_is_numbered_from_10() -> None:
    grown = {name: fields for name, fields in OURS["messages"].items() if name in ATEST["messages"]}
    assert set(grown) == {"server.DataQuery", "server.DataQueryResult", "server.AICapabilitiesResponse"}
    assert min(int(spec.split()[0]) for fields in grown.values() for spec in fields.values()) == 10


def test_every_enum_begins_with_unspecified() -> None:
    assert OURS["enums"]
    for values in OURS["enums"].values():
        first, number = next(iter(values.items()))
        assert first.endswith("_UNSPECIFIED") and number == 0


@EVERY_MESSAGE_OF_ATEST
def test_a_message_of_atest_has_the_bytes_that_it_always_had(name: str) -> None:
    message = make(name, filled(messages()[name], ATEST["messages"]))
    assert message.SerializeToString(deterministic=True).hex() == GOLDEN[name]
    read_back = message_factory.GetMessageClass(messages()[name]).FromString(bytes.fromhex(GOLDEN[name]))
    assert read_back == message


@EVERY_MESSAGE_OF_ATEST
def test_who_does_not_know_ours_reads_his_own_and_hands_on_the_rest(
    name: str, known_before: dict[str, type[Message]]
) -> None:
    sent = make(name, filled(messages()[name]))
    understood = known_before[name].FromString(sent.SerializeToString(deterministic=True))
    assert sent.FromString(understood.SerializeToString(deterministic=True)) == sent
    understood.DiscardUnknownFields()
    assert understood.SerializeToString(deterministic=True).hex() == GOLDEN[name]


def test_a_question_in_words_reaches_an_old_plugin_as_the_query_that_it_knows(
    known_before: dict[str, type[Message]],
) -> None:
    asked = server_pb2.DataQuery(
        type="ai", key="generate", sql='{"prompt": "late orders"}', natural_language="late orders",
        database_type="postgresql", explain_query=True, ai_context={"schema": "orders(id)"},
    )  # fmt: skip
    seen: Any = known_before["server.DataQuery"].FromString(asked.SerializeToString())
    assert (seen.type, seen.key, seen.sql) == ("ai", "generate", '{"prompt": "late orders"}')
    assert not hasattr(seen, "natural_language")


def test_an_answer_of_an_old_plugin_has_no_ai_information(known_before: dict[str, type[Message]]) -> None:
    said: Any = known_before["server.DataQueryResult"]()
    said.data.add(key="generated_sql", value="SELECT 1")
    read_here = server_pb2.DataQueryResult.FromString(said.SerializeToString())
    assert not read_here.HasField("ai_info") and read_here.data[0].value == "SELECT 1"


def test_a_request_for_capabilities_without_a_name_is_as_empty_as_empty() -> None:
    assert server_pb2.AICapabilitiesRequest().SerializeToString() == server_pb2.Empty().SerializeToString() == b""


def test_fields_whose_names_are_words_of_python_can_be_set_and_read() -> None:
    rpc = server_pb2.RPC(**{"import": ["a.proto", "b.proto"]}, raw="x")
    assert list(getattr(rpc, "import")) == ["a.proto", "b.proto"]
    suite = server_pb2.TestSuiteWithCase(case=server_pb2.TestCase(name="first"))
    assert suite.case.name == "first"


def test_both_packages_have_a_suite_of_their_own() -> None:
    assert server_pb2.TestSuite.DESCRIPTOR.fields_by_name["proxy"].number == 5
    assert loader_pb2.TestSuite.DESCRIPTOR.fields_by_name["items"].number == 5
