"""Questions that lean on earlier ones are made whole; those that stand alone are left as they are."""

from __future__ import annotations

import pytest

from ask.shop_graph import STAFF, graph
from assay.ask.engine.lexicon import Lexicon
from assay.ask.engine.link import Linker
from assay.ask.engine.values import ValueIndex
from assay.ask.follow import standalone


@pytest.fixture
def linker() -> Linker:
    return Linker(graph(), ValueIndex({(STAFF, 1): ["Ada", "Grace", "Edsger"]}), Lexicon({}, {}))


@pytest.mark.parametrize(
    ("question", "whole"),
    [
        ("only those in Berlin", "Show the staff, only those in Berlin"),
        ("and sort them by name?", "Show the staff, and sort them by name?"),
        ("Without the managers", "Show the staff, Without the managers"),
        ("How many orders are there?", "How many orders are there?"),
        ("What is the name of the oldest one of the staff?", "What is the name of the oldest one of the staff?"),
        ("", ""),
    ],
)
def test_what_leans_is_joined_to_what_was_said(linker: Linker, question: str, whole: str) -> None:
    assert standalone(linker, question, ["Show the staff."]) == whole


def test_another_value_of_the_same_column_takes_the_place_of_the_first(linker: Linker) -> None:
    assert standalone(linker, "What about Grace?", ["How many orders has Ada?"]) == "How many orders has Grace?"
    assert standalone(linker, "and for Edsger", ["How many orders has Ada?", "what about Grace?"]) == (
        "How many orders has Edsger?"
    )


def test_a_new_question_forgets_the_ones_before(linker: Linker) -> None:
    said = ["How many orders has Ada?", "Show the staff", "only those in Berlin"]
    assert standalone(linker, "sort them by name", said) == "Show the staff, only those in Berlin, sort them by name"


def test_nothing_said_before_changes_nothing(linker: Linker) -> None:
    assert standalone(linker, "only those in Berlin", []) == "only those in Berlin"
