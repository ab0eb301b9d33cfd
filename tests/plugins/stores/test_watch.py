"""A watch notices every change of a real file, and keeps the last good stores while it is broken."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from assay.plugins.stores.files import change
from assay.plugins.stores.model import Reading, Store
from assay.plugins.stores.watch import Watch
from assay.plugins.stores.write import drop_store, put_store

EVERY_S = 0.02


def file_of(*names: str) -> str:
    return "stores:\n" + "".join(f"- name: {name}\n  kind: {{name: k}}\n" for name in names)


def names(reading: Reading) -> list[str]:
    return sorted(one.used.name for one in reading.entries)


def errors(reading: Reading) -> list[str]:
    return [one.says for one in reading.problems if one.severity == "error"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "stores.yaml"
    path.touch(mode=0o600)
    path.write_text(file_of("a", "b"))
    return path


@pytest.fixture
def watch(path: Path) -> Watch:
    watch = Watch(path, {"KEY": "k"})
    watch.again()
    return watch


async def next_of(changes: AsyncGenerator[Reading]) -> Reading:
    async with asyncio.timeout(20):
        return await anext(changes)


def test_before_there_is_a_file_there_are_no_stores_and_no_problems(tmp_path: Path) -> None:
    assert Watch(tmp_path / "stores.yaml", {}).again() == Reading()


def write(path: Path, text: str) -> None:
    path.write_text(text)


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def save_as_an_editor(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.swp")
    beside.write_text(text)
    beside.replace(path)


def save_with_a_copy(path: Path, text: str) -> None:
    path.rename(f"{path}~")
    path.write_text(text)


def write_at_the_same_time_of_day(path: Path, text: str) -> None:
    before = path.stat()
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size


def point(link: Path, target: Path) -> None:
    new = link.with_name("new")
    new.symlink_to(target)
    new.replace(link)


@pytest.mark.anyio
async def test_every_way_of_changing_a_file_is_noticed(watch: Watch, path: Path) -> None:
    changes = watch.changes(EVERY_S)
    write(path, file_of("a", "c"))
    assert names(await next_of(changes)) == ["a", "c"]
    write_at_the_same_time_of_day(path, file_of("x", "y"))
    assert names(await next_of(changes)) == ["x", "y"]
    save_as_an_editor(path, file_of("d"))
    assert names(await next_of(changes)) == ["d"]
    change(path, lambda text: put_store(text, Store(name="e")))
    assert names(await next_of(changes)) == ["d", "e"]
    append(path, "- name: f\n")
    assert names(await next_of(changes)) == ["d", "e", "f"]
    save_with_a_copy(path, file_of("g"))
    assert names(await next_of(changes)) == ["g"]
    assert names(watch.reading) == ["g"]
    await changes.aclose()


@pytest.mark.anyio
async def test_the_target_of_a_symlink_is_watched_and_so_is_the_link(watch: Watch, path: Path, tmp_path: Path) -> None:
    other, link = tmp_path / "other.yaml", tmp_path / "link.yaml"
    write(other, file_of("z"))
    point(link, path)
    through = Watch(link, {})
    assert names(through.again()) == ["a", "b"]
    changes = through.changes(EVERY_S)
    write(path, file_of("c"))
    assert names(await next_of(changes)) == ["c"]
    point(link, other)
    assert names(await next_of(changes)) == ["z"]
    await changes.aclose()


def test_nothing_is_read_while_somebody_is_still_writing(watch: Watch, path: Path) -> None:
    lines = file_of(*"cdefghij").splitlines(keepends=True)
    path.write_text(lines[0])
    for line in lines[1:]:
        assert watch.look() is None
        append(path, line)
    assert watch.look() is None
    reading = watch.look()
    assert reading is not None and names(reading) == list("cdefghij")
    assert watch.look() is None


def test_a_file_that_came_while_nobody_looked_is_read(tmp_path: Path) -> None:
    watch = Watch(tmp_path / "stores.yaml", {})
    assert [watch.look(), watch.look()] == [None, None]
    write(watch.path, file_of("a"))
    assert watch.look() is None
    assert names(watch.look() or Reading()) == ["a"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("stores: [", "is not YAML"),
        ("- a\n", "is no map"),
        ("", "has no list of stores"),
        ("# half\n", "has no list of stores"),
        ("stores:\n", "has no list of stores"),
        ("plugins: []\n", "has no list of stores"),
        ("stores: none\n", "is text"),
        ("stores: \xe9", "is not UTF-8"),
    ],
)
def test_a_broken_file_keeps_all_stores_and_says_so(watch: Watch, path: Path, text: str, says: str) -> None:
    path.write_bytes(text.encode("latin-1"))
    reading = watch.again()
    assert names(reading) == ["a", "b"]
    assert any(one.startswith(says) for one in errors(reading)), errors(reading)
    assert not reading.whole
    path.write_text(file_of("c"))
    assert (names(watch.again()), errors(watch.reading), watch.reading.whole) == (["c"], [], True)


def test_a_file_that_is_gone_keeps_all_stores_and_says_so(watch: Watch, path: Path) -> None:
    path.unlink()
    assert (names(watch.again()), errors(watch.reading)) == (["a", "b"], ["is gone"])
    path.write_text("stores: []\n")
    assert (names(watch.again()), errors(watch.reading)) == ([], [])


def test_an_extension_file_that_is_half_written_keeps_its_kinds(path: Path) -> None:
    path.write_text("items: [{name: k}]\n")
    watch = Watch(path, {})
    kinds = watch.again().kinds
    path.write_text("# half\n")
    assert watch.again().kinds == kinds != ()
    assert errors(watch.reading) == ["has no list of items"]


def test_a_store_that_is_broken_now_is_as_it_was_and_others_are_as_they_are(watch: Watch, path: Path) -> None:
    path.write_text("stores:\n- {name: a, kind: {name: k}, readonly: maybe}\n- {name: c, kind: {name: k}}\n")
    assert names(watch.again()) == ["a", "c"]
    assert errors(watch.reading) == ["is neither true nor false"]
    assert names(watch.again()) == ["a", "c"]


def test_a_store_that_was_never_good_is_not_there(watch: Watch, path: Path) -> None:
    path.write_text(file_of("a") + "- {name: new, readonly: maybe}\n")
    assert names(watch.again()) == ["a"]


def test_the_last_store_may_be_dropped(watch: Watch, path: Path) -> None:
    change(path, lambda text: drop_store(drop_store(text, "a"), "b"))
    assert (names(watch.again()), errors(watch.reading)) == ([], [])
