"""What ran between two snapshots: never negative, nothing lost, resets seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from assay.workload.snapshots import Counters, Key, Mark, deltas, summed

AT = datetime(2026, 1, 1, tzinfo=UTC)
RESET = datetime(2025, 1, 1, tzinfo=UTC)
KEYS: tuple[Key, ...] = tuple(("10", str(number), True) for number in range(4))


def at(minute: int, counts: dict[Key, Counters], reset: datetime | None = RESET, evictions: int | None = 0) -> Mark:
    return Mark(AT + timedelta(minutes=minute), reset, evictions, counts)


def ran(calls: int) -> Counters:
    return Counters(calls, calls * 1.5, calls * 2, calls * 3, calls, 0)


steps = st.lists(st.dictionaries(st.sampled_from(KEYS), st.integers(0, 50), max_size=4), min_size=2, max_size=8)


@given(steps)
def test_deltas_add_up_to_last_minus_first(grown: list[dict[Key, int]]) -> None:
    totals: dict[Key, int] = {}
    marks: list[Mark] = []
    for minute, step in enumerate(grown):
        for key, calls in step.items():
            totals[key] = totals.get(key, 0) + calls
        marks.append(at(minute, {key: ran(calls) for key, calls in totals.items()}))
    found = [deltas(one, two) for one, two in pairwise(marks)]
    for key in KEYS:
        before = marks[0].counts.get(key, ran(0)).calls
        after = marks[-1].counts.get(key, ran(0)).calls
        assert sum(delta.rows.get(key, ran(0)).calls for delta in found) == after - before
    assert not any(delta.reset for delta in found)


counted = st.dictionaries(st.sampled_from(KEYS), st.integers(0, 100))


@given(counted, counted, st.booleans(), st.booleans())
def test_a_delta_is_never_negative(one: dict[Key, int], two: dict[Key, int], known: bool, same: bool) -> None:
    before = at(0, {k: ran(v) for k, v in one.items()}, RESET if known else None)
    after = at(1, {k: ran(v) for k, v in two.items()}, (RESET if same else AT) if known else None)
    found = deltas(before, after)
    total = summed(found.rows.values())
    assert min(total.calls, total.total_ms, total.rows, total.blocks_hit, total.blocks_read, total.temp_written) >= 0
    assert all(counts.calls <= after.counts[key].calls for key, counts in found.rows.items())
    assert found.reset == (known and not same) or not known


def test_a_reset_starts_a_new_window() -> None:
    found = deltas(at(0, {KEYS[0]: ran(100)}), at(1, {KEYS[0]: ran(120)}, reset=AT))
    assert found.reset
    assert found.rows[KEYS[0]].calls == 120


def test_a_server_that_does_not_tell_its_reset_is_seen_by_falling_counts() -> None:
    before = at(0, dict.fromkeys(KEYS, ran(100)), reset=None)
    assert deltas(before, at(1, dict.fromkeys(KEYS, ran(3)), reset=None)).reset
    one = {**dict.fromkeys(KEYS, ran(101)), KEYS[0]: ran(2)}
    assert not deltas(before, at(1, one, reset=None)).reset


def test_an_entry_that_was_evicted_and_came_back_counts_in_full() -> None:
    found = deltas(at(0, {KEYS[0]: ran(100), KEYS[1]: ran(5)}), at(1, {KEYS[0]: ran(7), KEYS[1]: ran(6)}, evictions=3))
    assert (found.rows[KEYS[0]].calls, found.rows[KEYS[1]].calls) == (7, 1)
    assert (found.reset, found.evicted) == (False, 3)
    came_back = replace(at(1, {KEYS[0]: ran(150)}), since={KEYS[0]: AT})
    assert deltas(at(0, {KEYS[0]: ran(100)}), came_back).rows[KEYS[0]].calls == 150


def test_without_a_snapshot_before_there_is_nothing_in_between() -> None:
    assert deltas(None, at(0, {KEYS[0]: ran(5)})).rows == {}


def test_an_entry_below_the_limit_of_the_snapshot_before_is_not_taken_for_new() -> None:
    before = replace(at(0, {KEYS[0]: ran(9)}), complete=False)
    assert KEYS[1] not in deltas(before, at(1, {KEYS[0]: ran(9), KEYS[1]: ran(400)})).rows
