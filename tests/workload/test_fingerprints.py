"""One query is one fingerprint, whatever its literals, layout and comments; two are two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.workload.statement import fingerprint, parse


@pytest.mark.parametrize(
    "variants",
    [
        ("SELECT * FROM t WHERE a = 1", "select *  from t where a = -2.5", "SELECT * FROM t WHERE a = $1 -- hm"),
        ("SELECT 1 FROM t WHERE s = 'a'", "SELECT 1 FROM t WHERE s = E'it\\'s'", "SELECT 1 FROM t WHERE s = 'it''s'",
         "SELECT 1 FROM t WHERE s = $q$x$q$"),
        ("SELECT 1 FROM t WHERE a IN (1, 2, 3)", "SELECT 1 FROM t WHERE a IN ($1)", "SELECT 1 FROM t WHERE a IN"
            " ($1, $2)"),
        ("SELECT 1 FROM t LIMIT 10", "SELECT 1 FROM t LIMIT $1"),
        ("INSERT INTO t (a) VALUES (1)", "INSERT INTO t (a) VALUES ($1)"),
    ],
)  # fmt: skip
def test_literal_variants_share_a_fingerprint(variants: tuple[str, ...]) -> None:
    assert len({fingerprint(text) for text in variants}) == 1


def test_different_queries_do_not() -> None:
    texts = ["SELECT a FROM t WHERE a = 1", "SELECT a FROM t WHERE b = 1", "SELECT a FROM u WHERE a = 1",
             'SELECT a FROM "T" WHERE a = 1', "SELECT a FROM t WHERE a > 1"]  # fmt: skip
    assert len({fingerprint(text) for text in texts}) == len(texts)


def test_texts_that_cannot_be_parsed_still_share_one() -> None:
    cut = ("SELECT a FROM t WHERE a = 1 AND (b = 'x' OR", "SELECT  a FROM t WHERE a = 22 AND (b = $1 OR")
    assert fingerprint(cut[0]) == fingerprint(cut[1])
    assert fingerprint(cut[0]).startswith("u")
    assert fingerprint("SELECT 'open") != fingerprint("SELECT 1 'open")


@given(st.text(max_size=60))
def test_no_text_whatever_makes_it_fail(text: str) -> None:
    assert len(fingerprint(text)) == 16
    parsed = parse(text)
    assert (parsed.tree is None) == (parsed.error is not None)
