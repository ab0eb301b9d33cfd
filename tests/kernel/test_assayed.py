"""Claims: nothing is called assayed that the ledger does not hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from assay.kernel.assayed import Assayed, Verdict, claims
from assay.kernel.errors import Internal
from assay.kernel.values import Value
from trial.house import Trial, until
from trial.notes._store import notes
from trial.notes.model import Claimed, Nested

pytestmark = pytest.mark.anyio


def test_an_assayed_claim_without_evidence_cannot_be_made() -> None:
    with pytest.raises(ValidationError, match="cites at least one"):
        Assayed(verdict=Verdict.ASSAYED)


def test_an_estimate_names_what_is_missing() -> None:
    with pytest.raises(ValidationError, match="names what is missing"):
        Assayed(verdict=Verdict.ESTIMATE)
    assert Assayed(verdict=Verdict.ESTIMATE, missing=("replicas",)).evidence == ()


def test_claims_are_found_however_deep_they_are() -> None:
    one = Claimed(verdict=Verdict.WITHHELD)
    assert list(claims(Nested(by_name={"a": (one, one)}))) == [one, one]
    assert list(claims([{"x": ({"y": {one}},)}, one, 7, None])) == [one, one]


class Knot(Value):
    """A noun that holds its own kind, and in it what its type does not tell."""

    inside: tuple[Knot, ...] = ()
    other: Mapping[str, Value | int] = {}
    some: Any = None
    text: str | None = None


def test_claims_are_found_in_nouns_that_hold_themselves_and_where_a_type_says_little() -> None:
    one = Claimed(verdict=Verdict.WITHHELD)
    for knot in (Knot(other={"a": one}), Knot(some=[one]), Knot(inside=(Knot(inside=(Knot(some=one),)),))):
        assert list(claims(knot)) == [one]
    assert list(claims(Knot(inside=(Knot(text="x"),)))) == []


async def test_an_answer_that_cites_what_the_ledger_does_not_hold_is_refused(trial: Trial) -> None:
    with pytest.raises(Internal) as caught:
        await trial.ask("notes.claim", evidence=["E-424242"])
    assert "the ledger does not hold" in caught.value.message
    for invented in ("E-0", "E--1", "E-1 ", "1", "", "E-99999999999999999999", "E-²"):
        with pytest.raises(Internal):
            await trial.ask("notes.claim", evidence=[invented])


async def test_a_claim_hidden_deep_in_an_answer_is_refused_as_well(trial: Trial) -> None:
    with pytest.raises(Internal):
        await trial.ask("notes.claim_deep", evidence=["E-424242"])


async def test_a_claim_whose_checks_were_written_down_is_let_out(trial: Trial) -> None:
    claimed = await trial.ask("notes.claim", prove=True)
    shown = await trial.ask("evidence.get", id=claimed.evidence[0])
    assert (shown.kind, shown.claim, shown.passed) == ("notes.claim", "It is so.", True)
    assert (await trial.ask("notes.claim", evidence=[shown.id])).evidence == (shown.id,)


@pytest.mark.parametrize("verdict", ["estimate", "withheld", "stale", "failed"])
async def test_what_is_not_called_assayed_needs_no_evidence(trial: Trial, verdict: str) -> None:
    assert (await trial.ask("notes.claim", verdict=verdict)).verdict == verdict


async def test_a_job_whose_result_claims_without_evidence_fails(trial: Trial) -> None:
    job = await trial.ask("notes.fail", words="claim")

    async def ended() -> object:
        now = await trial.ask("jobs.get", id=job.id)
        return now if now.ended else None

    ended_job = await until(ended)
    assert ended_job.state == "failed"
    assert "the ledger does not hold" in ended_job.error["message"]
    assert await trial.rows(select(notes)) == []
