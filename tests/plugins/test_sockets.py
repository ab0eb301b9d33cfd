"""Where plugins listen."""

from __future__ import annotations

import socket
from pathlib import Path

from assay.plugins.sockets import place


def test_a_plugin_listens_at_a_socket_of_its_name() -> None:
    assert place(Path("/run/assay"), "atest-store-orm") == Path("/run/assay/atest-store-orm.sock")


def test_names_that_are_too_long_for_a_socket_get_one_each_that_can_be_bound(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    one, other = place(folder, "a" * 120), place(folder, "a" * 119 + "b")
    assert one != other and one == place(folder, "a" * 120)
    for path in (one, other):
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(path))
