"""Files are replaced at once and read with care for who else could have written them."""

from __future__ import annotations

import os
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.plugins.stores.files import change, load
from assay.plugins.stores.model import Store
from assay.plugins.stores.read import read
from assay.plugins.stores.write import put_store
from assay.ports.errors import Conflict, Invalid, Unavailable

TEXT = "stores: []\n"
NOBODY = 65_534


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def said(path: Path) -> list[tuple[str, str]]:
    return [(one.severity, one.says) for one in load(path).problems]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "stores.yaml"
    path.write_text(TEXT)
    path.chmod(0o600)
    return path


def test_a_new_file_is_for_us_alone_and_so_is_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "atest" / "stores.yaml"
    change(path, lambda text: text + TEXT)
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    assert path.read_text() == TEXT
    assert list(path.parent.iterdir()) == [path]


def test_a_changed_file_is_another_file_for_us_alone(file: Path) -> None:
    file.chmod(0o644)
    with file.open() as before:
        change(file, lambda text: f"# new\n{text}")
        assert before.read() == TEXT
    assert (mode(file), file.read_text()) == (0o600, f"# new\n{TEXT}")


def test_what_an_edit_leaves_as_it_was_is_not_written(file: Path) -> None:
    before = file.stat()
    change(file, lambda text: text)
    assert file.stat() == before


def test_an_edit_that_fails_leaves_the_file_and_nothing_beside_it(file: Path) -> None:
    def fail(text: str) -> str:
        raise Invalid("no")

    with pytest.raises(Invalid, match="no"):
        change(file, fail)
    with pytest.raises(UnicodeEncodeError):
        change(file, lambda text: "\ud800")
    assert file.read_text() == TEXT
    assert list(file.parent.iterdir()) == [file]


def test_a_file_that_somebody_else_changed_meanwhile_is_not_overwritten(file: Path) -> None:
    def edit(text: str) -> str:
        file.write_text("# theirs\n")
        return "# ours\n"

    with pytest.raises(Conflict):
        change(file, edit)
    assert file.read_text() == "# theirs\n"
    assert list(file.parent.iterdir()) == [file]


def test_changes_of_ours_at_the_same_time_wait_for_each_other(file: Path) -> None:
    names = [f"store-{number}" for number in range(12)]
    threads = [
        threading.Thread(target=change, args=(file, lambda text, name=name: put_store(text, Store(name=name))))
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.written.name for one in read(file.read_text(), {}).entries) == sorted(names)


def test_a_symlink_stays_and_what_it_points_to_is_replaced(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "link.yaml"
    link.parent.mkdir()
    link.symlink_to(file)
    assert load(link).text == TEXT
    change(link, lambda text: f"# new\n{text}")
    assert link.is_symlink()
    assert (file.read_text(), mode(file)) == (f"# new\n{TEXT}", 0o600)
    assert list(link.parent.iterdir()) == [link]


def test_a_symlink_to_nothing_is_no_file_until_it_is_written(tmp_path: Path) -> None:
    link, file = tmp_path / "link.yaml", tmp_path / "file.yaml"
    link.symlink_to(file)
    assert load(link).text is None and said(link) == []
    change(link, lambda text: TEXT)
    assert link.is_symlink() and file.read_text() == TEXT


def test_a_symlink_to_itself_is_a_problem(tmp_path: Path) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to(link)
    assert [one[0] for one in said(link)] == ["error"]


@pytest.mark.parametrize(
    ("rights", "says"),
    [
        (0o644, "may be read by others"),
        (0o640, "may be read by others"),
        (0o620, "may be written by others"),
        (0o666, "may be written by others"),
    ],
)
def test_rights_of_others_are_a_warning(file: Path, rights: int, says: str) -> None:
    file.chmod(rights)
    assert load(file).text == TEXT
    ((severity, problem),) = said(file)
    assert severity == "warning" and problem.startswith(says)


def test_a_file_for_us_alone_has_no_problem(file: Path) -> None:
    assert said(file) == []


def test_a_file_of_another_user_is_not_read(file: Path) -> None:
    os.chown(file, NOBODY, -1)
    assert load(file).text is None
    assert said(file)[0][1].startswith("belongs to another user")
    with pytest.raises(Invalid, match="belongs to another user"):
        change(file, lambda text: text)


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A file of a user who is not root, and the process as that user."""
    with tempfile.TemporaryDirectory(prefix="assay-stores-") as folder:
        path = Path(folder) / "stores.yaml"
        path.write_text(TEXT)
        path.chmod(0o600)
        os.chown(folder, NOBODY, -1)
        os.chown(path, NOBODY, -1)
        os.seteuid(NOBODY)
        try:
            yield path
        finally:
            os.seteuid(0)


def test_what_may_not_be_read_or_written_is_an_error(nobody: Path) -> None:
    nobody.parent.chmod(0o500)
    with pytest.raises(Unavailable):
        change(nobody, lambda text: f"# new\n{text}")
    nobody.parent.chmod(0o700)
    nobody.chmod(0)
    assert said(nobody) == [("error", "cannot be read (Permission denied)")]


def test_a_folder_that_is_a_file_is_an_error(file: Path) -> None:
    with pytest.raises(Unavailable):
        change(file / "stores.yaml", lambda text: TEXT)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", tmp_path, Path("/dev/zero")):
        assert said(path) == [("error", "is no plain file")]


@pytest.mark.parametrize(
    ("raw", "says"), [(b"#" * (1 << 20) + b"\n", "is larger than 1 MiB"), (b"# \xe9", "is not UTF-8")]
)
def test_a_file_that_is_no_text_of_ours_is_not_read_and_not_replaced(file: Path, raw: bytes, says: str) -> None:
    file.write_bytes(raw)
    assert said(file) == [("error", says)]
    with pytest.raises(Invalid, match=says):
        change(file, lambda text: TEXT)
    assert file.read_bytes() == raw


def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_the_text(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbfstores: []\r\n")
    assert load(file).text == TEXT
