"""What the worker processes of test_workers.py are asked to do."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from assay.ports.databases import Limits
from assay.ports.errors import AssayError, Cancelled, Limited, Refused
from assay.ports.secret import Secret
from assay.ports.workers import Bench, Progress


class Peculiar(Refused):
    """An error of a room's own."""


class Unsendable:
    """Something that cannot be pickled."""

    def __reduce__(self) -> Any:
        raise TypeError("not me")


def double(_bench: Bench, asked: Any) -> Any:
    return asked * 2


def where(_bench: Bench, _asked: object) -> tuple[int, int]:
    return os.getpid(), os.nice(0)


def steps(bench: Bench, count: int) -> int:
    for n in range(count):
        bench.report(Progress("Counting", n + 1, count))
    bench.report(Progress("Summing"))
    return sum(range(count))


def until_cancelled(bench: Bench, _asked: object) -> None:
    while True:
        bench.report(Progress("Waiting"))
        time.sleep(0.005)


def tidy(bench: Bench, path: str) -> None:
    try:
        until_cancelled(bench, None)
    except Cancelled:
        with open(path, "w") as file:  # noqa: PTH123
            file.write("tidied")
        raise


def deaf(bench: Bench, _asked: object) -> None:
    bench.report(Progress("Not listening"))
    time.sleep(60)


def die(_bench: Bench, how: int) -> None:
    sys.stderr.write("my last words\n")
    sys.stderr.flush()
    os.kill(os.getpid(), how)
    time.sleep(60)


def leave(_bench: Bench, status: int) -> None:
    os._exit(status)


def fail(_bench: Bench, kind: str) -> None:
    errors: dict[str, Exception] = {
        "refused": Refused("It was refused: ü.", sqlstate="42P01", position=7),
        "limited": Limited("Too often.", retry_after=1.5, scope="x"),
        "peculiar": Peculiar("Odd.", sqlstate="XX000"),
        "unsendable": AssayError("With something.", thing=Unsendable()),
        "fault": ValueError("s3cret"),
    }
    raise errors[kind]


def unsendable(_bench: Bench, _asked: object) -> Unsendable:
    return Unsendable()


def reveal(_bench: Bench, secret: Secret) -> tuple[str, str, Secret]:
    return secret.reveal(), repr(secret), secret


def visit(bench: Bench, dsn: Secret) -> int:
    with bench.databases.session(dsn, Limits()) as session:
        return int(session.rows("SELECT 6 * 7 AS answer")[0]["answer"])
