"""Values that lie between two samples, where a plan may change."""

from __future__ import annotations

import pytest

from assay.workload.trades import Trade, between


@pytest.mark.parametrize(
    ("low", "high", "middle"),
    [
        (("10", "x"), ("20", "y"), ("15", "x")),
        (("-3",), ("4",), ("0",)),
        (("0.5",), ("1.0",), ("0.75",)),
        (("2025-12-24 00:00:00+00:00",), ("2025-12-26 00:00:00+00:00",), ("2025-12-25 00:00:00+00:00",)),
        (("2025-12-24",), ("2025-12-26",), ("2025-12-25",)),
        ((None, "1"), ("a", "3"), (None, "2")),
        (("2025-12-24 00:00:00+00:00", "1"), ("2025-12-26 00:00:00", "3"), ("2025-12-24 00:00:00+00:00", "2")),
    ],
)
def test_halfway_is_a_number_or_a_time(
    low: tuple[str | None, ...], high: tuple[str | None, ...], middle: tuple[str | None, ...]
) -> None:
    assert between(low, high) == middle


@pytest.mark.parametrize(("low", "high"), [(("1",), ("2",)), (("a",), ("b",)), ((), ())])
def test_where_nothing_lies_between_there_is_none(low: tuple[str, ...], high: tuple[str, ...]) -> None:
    assert between(low, high) is None


def test_a_trade_names_the_statement_the_values_and_both_counts() -> None:
    words = Trade("q_1", ("2025-12-24", "10"), 40_839.0, 52_878.4, "Spent per user").words
    assert "“Spent per user”" in words and "2025-12-24, 10" in words
    assert "52,878 blocks instead of 40,839" in words
