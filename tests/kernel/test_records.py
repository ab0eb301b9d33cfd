"""The records: what an operation and a catalogue refuse when they are made."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter

from assay.kernel.caller import NOBODY, Caller, room_caller
from assay.kernel.catalogue import Capability, Catalogue, Schedule
from assay.kernel.context import Context
from assay.kernel.operation import Get, Post, operation
from assay.kernel.upload import Upload
from assay.kernel.values import Value
from trial.notes.capability import NOTES


class Asked(Value):
    """A question."""

    id: str = ""


class Secretive(Value):
    """A question with a secret."""

    dsn: str = Field(json_schema_extra={"writeOnly": True})


class Sent(Value):
    """A question with a file."""

    file: Upload


class Answer(Value):
    """An answer."""


async def _fine(asked: Asked, ctx: Context) -> Answer:
    """Do it."""
    return Answer()


def test_the_record_holds_all_that_a_face_needs() -> None:
    made = operation("room.verb", effect="read", needs="room:read", http=Get("/x/{id}"))(_fine)
    assert (made.room, made.verb, made.summary, made.asks, made.answers) == ("room", "verb", "Do it.", Asked, Answer)
    assert made.http.fields == ("id",)
    assert made.timeout_s == 30


@pytest.mark.parametrize("name", ["verb", "Room.verb", "room.Verb", "room.verb.more", "room-x.verb", "room.", ".verb"])
def test_a_name_that_is_not_room_dot_verb_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match="no operation name"):
        operation(name, effect="read", needs=None, http=Get("/x"))(_fine)


def test_a_path_or_a_scope_that_names_no_field_is_refused() -> None:
    with pytest.raises(TypeError, match="path names"):
        operation("room.verb", effect="read", needs=None, http=Get("/x/{other}"))(_fine)
    with pytest.raises(TypeError, match="scope names"):
        operation("room.verb", effect="read", needs=None, http=Get("/x"), scope=("database", "other"))(_fine)


def test_a_function_without_a_docstring_or_with_other_types_is_refused() -> None:
    async def silent(asked: Asked, ctx: Context) -> Answer:
        return Answer()

    async def untyped(asked, ctx):  # type: ignore[no-untyped-def]
        """Do it."""

    async def no_stream(asked: Asked, ctx: Context) -> Answer:
        """Do it."""
        return Answer()

    record = operation("room.verb", effect="read", needs=None, http=Get("/x"))
    with pytest.raises(TypeError, match="docstring"):
        record(silent)
    with pytest.raises(TypeError, match="takes"):
        record(untyped)
    with pytest.raises(TypeError, match="AsyncIterator"):
        operation("room.verb", effect="stream", needs=None, http=Get("/x"))(no_stream)


def test_a_jobs_question_holds_no_secret_since_it_is_written_down() -> None:
    async def work(asked: Secretive, ctx: Context) -> Answer:
        """Do it."""
        return Answer()

    with pytest.raises(TypeError, match="holds no secret"):
        operation("room.verb", effect="job", needs=None, http=Post("/x"))(work)


def test_secrets_and_files_are_never_written_down() -> None:
    async def take(asked: Secretive, ctx: Context) -> Answer:
        """Do it."""
        return Answer()

    async def send(asked: Sent, ctx: Context) -> Answer:
        """Do it."""
        return Answer()

    assert operation("room.take", effect="write", needs=None, http=Post("/x"))(take).redact == ("dsn",)
    assert operation("room.send", effect="write", needs=None, http=Post("/y"))(send).redact == ("file",)


@given(st.binary(max_size=200))
def test_a_file_comes_back_from_json_as_it_was_sent(content: bytes) -> None:
    asked = TypeAdapter(Sent)
    assert asked.validate_json(asked.dump_json(Sent(file=content))).file == content


def test_a_stream_answers_with_its_items() -> None:
    async def follow(asked: Asked, ctx: Context) -> AsyncIterator[Answer]:
        """Follow it."""
        yield Answer()

    made = operation("room.follow", effect="stream", needs=None, http=Get("/x"))(follow)
    assert made.answers is Answer
    assert made.timeout_s is None


def test_a_catalogue_refuses_what_does_not_fit_together() -> None:
    one = operation("room.verb", effect="read", needs=None, http=Get("/x"))(_fine)
    other = operation("room.other", effect="read", needs=None, http=Get("/x"))(_fine)

    def room(**changed: Any) -> Capability:
        return Capability(**{"name": "room", "title": "", "group": "", "operations": (one,), "package": "x", **changed})

    for wrong, why in (
        ([room(name="elsewhere")], "does not belong"), ([room(), room()], "twice"),
        ([room(operations=(one, other))], "share GET /x"), ([room(uses=("no.where",))], "which nobody offers"),
        ([room(schedules=(Schedule("no.where", timedelta(1)),))], "which nobody offers"),
        ([room(replays=("no.where",))], "which nobody offers"),
        ([room(reactions={"no.Fact": ()})], "which nobody announces"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=why):
            Catalogue(wrong)
    assert len(Catalogue([room()])) == 1


def test_a_reaction_is_found_by_its_event() -> None:
    assert [name for name, _ in Catalogue([NOTES]).reactions["notes.NoteAdded"]] == ["notes", "notes"]
    with pytest.raises(ValueError, match="nobody announces"):
        Catalogue([replace(NOTES, announces=())])


@pytest.mark.parametrize(
    ("role", "needs", "may"),
    [
        ("viewer", "sources:read", True), ("viewer", "sources:connect", False), ("viewer", "workload:advise", False),
        ("operator", "workload:advise", True), ("operator", "sources:connect", False), ("admin", "house:audit", True),
        ("viewer", "house:audit", False), ("operator", "accounts:issue", False), ("nonsense", "sources:read", False),
        ("viewer", None, True), ("room", "notes:hear", True),
    ],
)  # fmt: skip
def test_roles_grant_what_they_say(role: str, needs: str | None, may: bool) -> None:
    assert Caller("u", "u", frozenset({role})).may(needs) is may


def test_nobody_may_only_what_needs_nothing() -> None:
    assert NOBODY.may(None)
    assert not NOBODY.may("accounts:read")
    assert not NOBODY.reaches("database", "s_1")


@settings(max_examples=50)
@given(st.text(max_size=20), st.text(max_size=20))
def test_a_scope_of_one_database_reaches_that_one_only(mine: str, other: str) -> None:
    caller = Caller("u", "u", frozenset({"viewer"}), frozenset({f"database:{mine}"}))
    assert caller.reaches("database", other) is (mine in (other, "*"))
    assert not caller.reaches("repository", other)
    assert room_caller("r").reaches("database", other)
