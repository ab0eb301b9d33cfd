"""Chances come from the curves that ship, and never add up to more than one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.ask.calibrate import ENOUGH, Calibration, isotonic, on_feedback, on_public_data
from assay.ask.engine.answer import Candidate, Reading
from assay.ask.engine.lexicon import Lexicon
from assay.ask.engine.link import Linker
from assay.ask.engine.rank import WEIGHTS, BadWeights
from assay.ask.engine.values import ValueIndex
from assay.ask.engine.words import tokenise
from assay.ask.graph import Graph
from assay.ask.ir import Query, Ref, Term

CURVE = ((-2.0, 0.0, 2.0), (0.1, 0.4, 0.9))


def reading(sure: float, *scores: float, ran: bool = False) -> Reading:
    graph = Graph("sqlite", ())
    links = Linker(graph, ValueIndex.empty(), Lexicon({}, {})).link(tokenise("x"))
    return Reading(tuple(Candidate(Query((Term(Ref(0)),)), score, links) for score in scores), sure, ran)


def test_the_first_chance_is_read_off_the_curve_and_the_rest_share_what_is_left() -> None:
    curves = Calibration(CURVE, ((-2.0, 2.0), (0.0, 1.0)), "a test")
    chances = curves.chances(reading(0.0, 3.0, 2.5, 2.4))
    assert chances[0] == pytest.approx(0.4)
    assert sum(chances) == pytest.approx(1.0) and chances[1] > chances[2]
    assert curves.chances(reading(0.0, 3.0, 2.0, ran=True))[0] == pytest.approx(0.5)
    assert curves.chances(reading(9.0, 3.0))[0] == 0.9, "level beyond the last knot"


def test_no_other_reading_is_likelier_than_the_first() -> None:
    curves = Calibration(CURVE, CURVE, "a test")
    chances = curves.chances(reading(-2.0, 3.0, 2.9))
    assert chances == [pytest.approx(0.1), pytest.approx(0.1)]


def test_nothing_read_has_no_chance() -> None:
    assert Calibration(CURVE, CURVE, "a test").chances(Reading()) == []


def test_the_curves_that_ship_rise() -> None:
    shipped = on_public_data()
    for knots in (shipped.unseen, shipped.ran):
        believed, chances = knots
        assert list(believed) == sorted(believed) and list(chances) == sorted(chances)
        assert 0 < chances[0] < chances[-1] <= 0.97


def test_curves_that_were_changed_by_hand_are_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    shutil.copytree(WEIGHTS, folder)
    known = json.loads((folder / "calibration.json").read_text())
    known["unseen"][1][-1] = 0.99
    (folder / "calibration.json").write_text(json.dumps(known))
    with pytest.raises(BadWeights, match=r"calibration\.json"):
        on_public_data(folder)


def test_a_curve_of_ones_own_takes_enough_answers_and_makes_nothing_surer_that_was_not_judged() -> None:
    public = Calibration(CURVE, CURVE, "a test")
    few = [(0.8, True)] * (ENOUGH - 1)
    assert on_feedback(few, public) is public
    own = on_feedback([*few, (0.8, True)], public)
    assert own.says.startswith(f"{ENOUGH} answers")
    assert own.chances(reading(2.0, 1.0))[0] > 0.9, "0.9 by the public curve, and right whenever it was judged"
    assert own.chances(reading(-2.0, 1.0))[0] == pytest.approx(0.1), "nobody judged anything so unsure"


def test_a_database_where_answers_are_often_wrong_is_believed_less() -> None:
    public = Calibration(CURVE, CURVE, "a test")
    own = on_feedback([(0.9, at % 4 == 0) for at in range(ENOUGH)], public)
    assert own.chances(reading(2.0, 1.0))[0] < 0.35
    assert own.chances(reading(-2.0, 1.0))[0] <= 0.1


@given(st.lists(st.tuples(st.floats(-6, 6), st.booleans()), min_size=1, max_size=80))
def test_isotonic_regression_rises_and_stays_within_what_was_seen(judged: list[tuple[float, bool]]) -> None:
    believed, chances = isotonic([sure for sure, _ in judged], [right for _, right in judged])
    assert list(believed) == sorted(believed) and list(chances) == sorted(chances)
    assert chances[0] > 0 and chances[-1] < 1


def test_isotonic_regression_pools_what_contradicts_the_order() -> None:
    believed, chances = isotonic([-1.0, 0.0, 1.0, 2.0], [False, True, False, True])
    assert believed == (-1.0, 0.5, 2.0)
    assert chances == (pytest.approx(1 / 3), pytest.approx(0.5), pytest.approx(2 / 3))
