"""Links between a question and the schema."""

from __future__ import annotations

from assay.ask.engine.lexicon import Lexicon
from assay.ask.engine.link import Linker
from assay.ask.engine.values import MOST_VALUES, ValueIndex
from assay.ask.engine.words import tokenise
from assay.ask.graph import Graph

CUSTOMER = 0


def test_a_value_is_found_without_case_and_accents_and_with_a_typo(values: ValueIndex) -> None:
    assert values.exact("sao paulo")[0].value == "São Paulo"
    assert values.fuzzy("Berlim")[0].value == "Berlin"
    assert values.exact("Rome") == [] and values.fuzzy("zzzzzz") == []


def test_no_more_values_are_kept_than_promised() -> None:
    index = ValueIndex({(0, 0): (f"value {at}" for at in range(MOST_VALUES + 50))})
    assert index.columns[0, 0] == MOST_VALUES


def test_an_empty_index_finds_nothing() -> None:
    assert ValueIndex.empty().exact("Berlin") == [] and ValueIndex.empty().fuzzy("Berlin") == []


def test_columns_and_tables_are_named_by_their_words(graph: Graph, values: ValueIndex) -> None:
    links = Linker(graph, values, Lexicon()).link(tokenise("What is the home city of the customers?"))
    assert links.columns[CUSTOMER][2].cover == 1.0
    assert links.tables[CUSTOMER].cover == 1.0


def test_a_typo_in_a_name_is_forgiven(graph: Graph, values: ValueIndex) -> None:
    assert Linker(graph, values, Lexicon()).link(tokenise("list all custmers")).tables[CUSTOMER].cover > 0.6


def test_a_synonym_of_the_lexicon_is_known(graph: Graph, values: ValueIndex) -> None:
    known = Linker(graph, values, Lexicon({"town": [("city", 0.9)]})).link(tokenise("which towns are there"))
    assert known.columns[CUSTOMER][2].cover > 0.4


def test_a_value_of_two_words_is_one_span_with_its_offsets(graph: Graph, values: ValueIndex) -> None:
    asked = tokenise("customers from new york older than 40")
    spans = Linker(graph, values, Lexicon()).link(asked).spans
    assert [(span.text, span.number) for span in spans] == [("new york", None), ("40", 40.0)]
    assert spans[0].found[0].value == "New York"


def test_between_two_numbers_is_a_range(graph: Graph, values: ValueIndex) -> None:
    (span,) = Linker(graph, values, Lexicon()).link(tokenise("age between 20 and 30")).spans
    assert (span.number, span.upper) == (20.0, 30.0)


def test_women_are_found_in_a_gender_column_of_letters(graph: Graph, values: ValueIndex) -> None:
    (span,) = Linker(graph, values, Lexicon()).link(tokenise("count the female customers")).spans
    assert [(one.column, one.value) for one in span.found] == [(4, "F")]
