"""The journey question, explanation, run, refusal, "did you mean", run, in a real browser by keyboard alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

STOPS = ["page", "empty", "answer", "evidence", "rows", "many-rows", "refused", "did-you-mean", "fault",
         "button-error", "narrow", "narrow-button"]  # fmt: skip


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_person_asks_in_words_and_runs_only_what_was_shown(
    walks: Callable[[str, str], dict[str, Any]], scheme: str
) -> None:
    seen = walks(scheme, "ask")
    assert seen["errors"] == []
    assert seen["stops"] == STOPS
    assert seen["violations"] == [], "axe found serious violations of WCAG 2.1 AA"
    assert seen["foreign"] == [], "the page asked somebody else"
    assert seen["button"] == {"right": 24, "bottom": 24, "width": 56}
    assert seen["bodies"][0] == seen["shown"] and seen["bodies"][2] == seen["other"], "other SQL ran than was shown"
    assert len(seen["words"]) == 2 and all("countries" in line for line in seen["words"])
    assert "read-only, as profiler_ro" in seen["ran"]
    assert seen["many"]["declared"] == "1001" and seen["many"]["drawn"] < 80
    assert seen["refused"] == ["Atlantis"]
    assert seen["back"] == "Assistant, online", "the focus did not go back to the button"
    assert seen["kept"] == 4 and not seen["stored"], "the conversation lives in the page and nowhere else"
    assert seen["trapped"] and not seen["overflow"]
