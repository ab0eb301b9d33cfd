"""Signing in, tokens for programs, and revoking them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from assay.accounts._store import tokens, usage
from assay.accounts.gate import TokenGate
from assay.accounts.limits import Buckets
from assay.accounts.local import local_token
from assay.accounts.tokens import digest
from assay.kernel.caller import Caller
from assay.kernel.errors import Conflict, Forbidden, Limited, NotFound, Unauthenticated, Unavailable
from assay.kernel.values import now
from assay.ports.secret import Secret
from assay.ports.store import Change
from trial.house import ADMIN, VIEWER, Trial, open_trial, until

pytestmark = pytest.mark.anyio


async def _sign_in(trial: Trial) -> Any:
    link = await trial.ask("accounts.link")
    return await trial.house.call("accounts.sign_in", {"token": link.token})


async def _me(trial: Trial, session: str) -> str:
    return (await trial.house.call("accounts.me", {}, credential=Secret(session))).id


async def test_a_sign_in_url_gives_its_maker_a_session_once(trial: Trial) -> None:
    link = await trial.ask("accounts.link")
    signed_in = await trial.house.call("accounts.sign_in", {"token": link.token})
    assert signed_in.me.id == "user:ada"
    assert await _me(trial, signed_in.session) == "user:ada"
    with pytest.raises(Unauthenticated) as caught:
        await trial.house.call("accounts.sign_in", {"token": link.token})
    assert caught.value.details["cure"] == "assay url"


async def test_of_many_who_use_one_url_at_once_one_gets_in(trial: Trial) -> None:
    link = await trial.ask("accounts.link")
    calls = (trial.house.call("accounts.sign_in", {"token": link.token}) for _ in range(9))
    ended = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(not isinstance(one, Unauthenticated) for one in ended) == 1
    assert len([row for row in await trial.rows(select(tokens)) if row["kind"] == "session"]) == 1


async def test_a_link_is_no_credential_and_a_session_no_link(trial: Trial) -> None:
    link = await trial.ask("accounts.link")
    with pytest.raises(Unauthenticated):
        await _me(trial, link.token)
    session = (await _sign_in(trial)).session
    with pytest.raises(Unauthenticated):
        await trial.house.call("accounts.sign_in", {"token": session})


async def test_a_link_that_is_too_old_lets_nobody_in(trial: Trial) -> None:
    link = await trial.ask("accounts.link", minutes=1)
    await trial.store.commit([Change(update(tokens).where(tokens.c.id == link.id).values(expires_at=now()))])
    with pytest.raises(Unauthenticated):
        await trial.house.call("accounts.sign_in", {"token": link.token})


async def test_a_session_ends_when_it_was_not_used_for_its_time_and_lasts_while_it_is(tmp_path: Path) -> None:
    async with open_trial(tmp_path, keep_sessions_days=2) as trial:
        signed_in = await _sign_in(trial)
        assert timedelta(days=1.9) < signed_in.expires_at - now() <= timedelta(days=2)
        mine = tokens.c.digest == digest(signed_in.session)
        soon = now() + timedelta(minutes=5)
        await trial.store.commit([Change(update(tokens).where(mine).values(expires_at=soon))])
        await _me(trial, signed_in.session)
        await trial.settle()
        assert (await trial.rows(select(tokens).where(mine)))[0]["expires_at"] > now() + timedelta(days=1.9)
        await trial.store.commit([Change(update(tokens).where(mine).values(expires_at=now()))])
        trial.house.desk.ports.get(TokenGate).forget()
        with pytest.raises(Unauthenticated):
            await _me(trial, signed_in.session)


async def test_signing_out_ends_the_sessions_at_once_and_leaves_tokens_of_programs(trial: Trial) -> None:
    first, second = (await _sign_in(trial)).session, (await _sign_in(trial)).session
    token = (await trial.ask("accounts.issue", name="ci")).token
    assert await _me(trial, first) == await _me(trial, second) == "user:ada"
    assert await _me(trial, token) == "program:ci"
    assert (await trial.house.call("accounts.sign_out", {}, credential=Secret(first))).ended == 2
    for session in (first, second):
        with pytest.raises(Unauthenticated):
            await _me(trial, session)
    assert await _me(trial, token) == "program:ci"


async def test_a_revoked_token_stops_at_once_even_while_it_is_used(trial: Trial) -> None:
    issued = await trial.ask("accounts.issue", name="ci")
    used, ended = [0, 0, 0], False

    async def use(lane: int) -> None:
        while not ended:
            await _me(trial, issued.token)
            used[lane] += 1
            await asyncio.sleep(0)  # a cached answer comes without waiting, and would leave the others no turn

    async def all_in_use() -> bool:
        return min(used) > 3

    using = [asyncio.create_task(use(lane)) for lane in range(3)]
    await until(all_in_use)
    await trial.ask("accounts.revoke", id=issued.id, version=1)
    ended = True
    with pytest.raises(Unauthenticated):
        await _me(trial, issued.token)
    await asyncio.gather(*using, return_exceptions=True)
    with pytest.raises(Unauthenticated):
        await _me(trial, issued.token)


async def test_revoking_names_what_is_wrong(trial: Trial) -> None:
    issued = await trial.ask("accounts.issue", name="ci")
    with pytest.raises(Conflict) as caught:
        await trial.ask("accounts.revoke", id=issued.id, version=7)
    assert caught.value.details["version"] == 1
    with pytest.raises(NotFound):
        await trial.ask("accounts.revoke", id="t_nothing", version=1)


async def test_a_token_reaches_no_further_than_its_maker(trial: Trial) -> None:
    one = Caller("user:one", "one", frozenset({"admin"}), frozenset({"database:s_1"}))
    for scopes in (["database:*"], ["*:*"], ["database:s_1", "database:s_2"], ["repository:s_1"], ["database"], [":"]):
        with pytest.raises(Forbidden) as caught:
            await trial.ask("accounts.issue", one, name="ci", scopes=scopes)
        assert caught.value.details["field"] == "scopes"
    token = (await trial.ask("accounts.issue", one, name="ci", roles=["viewer"], scopes=["database:s_1"])).token
    assert (await trial.house.call("notes.of", {"source": "s_1"}, credential=Secret(token))).count == 0
    with pytest.raises(Forbidden):
        await trial.house.call("notes.of", {"source": "s_2"}, credential=Secret(token))
    with pytest.raises(Forbidden):
        await trial.house.call("accounts.issue", {"name": "more"}, credential=Secret(token))


async def test_only_an_administrator_makes_tokens(trial: Trial) -> None:
    for caller in (VIEWER, Caller("user:o", "o", frozenset({"operator"}))):
        for name, asked in (("accounts.issue", {"name": "x"}), ("accounts.link", {}), ("accounts.tokens", {})):
            with pytest.raises(Forbidden):
                await trial.ask(name, caller, **asked)


async def test_tokens_are_listed_without_themselves_and_kept_as_digests_only(trial: Trial) -> None:
    issued = await trial.ask("accounts.issue", name="ci", days=3)
    session = (await _sign_in(trial)).session
    page = await trial.ask("accounts.tokens")
    assert {line.kind for line in page.items} == {"token", "session"}
    assert (await trial.ask("accounts.tokens", kind="session")).total == 1
    shown, kept = page.model_dump_json(), str(await trial.rows(select(tokens)))
    await trial.settle()
    files = b"".join(file.read_bytes() for file in trial.settings.home.glob("assay.db*"))
    for secret in (issued.token, session, trial.credential.reveal()):
        assert secret not in shown
        assert secret not in kept
        assert secret.encode() not in files
    assert issued.token not in repr(issued)


async def test_the_local_token_lies_in_a_file_that_only_its_owner_may_read(trial: Trial) -> None:
    file = trial.settings.token_file
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().strip() == trial.credential.reveal()
    assert (await trial.house.call("accounts.me", {}, credential=trial.credential)).roles == ("admin",)
    assert (await local_token(trial.store, file)) == trial.credential
    file.chmod(0o644)
    with pytest.raises(Unavailable) as caught:
        await local_token(trial.store, file)
    assert caught.value.details["cure"] == f"chmod 600 {file}"


async def test_a_local_token_that_was_lost_is_made_anew_and_the_old_one_ends(trial: Trial) -> None:
    file = trial.settings.token_file
    file.unlink()
    again = await local_token(trial.store, file)
    assert again != trial.credential
    trial.house.desk.ports.get(TokenGate).forget()
    with pytest.raises(Unauthenticated):
        await trial.house.call("accounts.me", {}, credential=trial.credential)
    file.write_text("")
    assert (await local_token(trial.store, file)) != again


async def test_processes_that_start_together_agree_on_the_local_token(trial: Trial) -> None:
    trial.settings.token_file.unlink()
    made = await asyncio.gather(*(local_token(trial.store, trial.settings.token_file) for _ in range(8)))
    assert len(set(made)) == 1
    assert trial.settings.token_file.read_text().strip() == made[0].reveal()


async def test_a_token_is_written_down_when_it_was_used_last(trial: Trial) -> None:
    issued = await trial.ask("accounts.issue", name="ci")
    await _me(trial, issued.token)
    await trial.settle()
    line = next(line for line in (await trial.ask("accounts.tokens")).items if line.id == issued.id)
    assert line.used_at is not None and now() - line.used_at < timedelta(minutes=1)


async def test_a_bucket_lets_a_burst_through_and_then_the_rate(trial: Trial) -> None:
    buckets = Buckets(trial.store)
    assert [await buckets.take("k", per_minute=60, burst=3) for _ in range(3)] == [0, 0, 0]
    wait = await buckets.take("k", per_minute=60, burst=3)
    assert 0 < wait <= 1
    assert await buckets.take("other", per_minute=60, burst=3) == 0


async def test_a_restart_gives_nobody_a_fresh_bucket(tmp_path: Path) -> None:
    limits = {"calls_per_minute": 1.0, "calls_burst": 8}
    async with open_trial(tmp_path, **limits) as trial:
        for _ in range(8):
            await trial.ask("accounts.me")
    async with open_trial(tmp_path, **limits) as trial:
        with pytest.raises(Limited):
            for _ in range(3):
                await trial.ask("accounts.me")
        assert len(await trial.rows(select(usage))) == 1


async def test_a_clock_that_was_set_back_locks_nobody_out(trial: Trial) -> None:
    buckets = Buckets(trial.store)
    assert await buckets.take("k", per_minute=60, burst=2) == 0
    buckets._buckets["k"].full_at += 86_400  # pyright: ignore[reportPrivateUsage]
    assert 0 < await buckets.take("k", per_minute=60, burst=2) <= 1


async def test_me_is_whoever_calls(trial: Trial) -> None:
    me = await trial.ask("accounts.me", VIEWER)
    assert (me.id, me.name, me.roles, me.scopes) == ("user:vic", "vic", ("viewer",), ("database:s_1",))
    assert (await trial.ask("accounts.me", ADMIN)).scopes == ("*:*",)
