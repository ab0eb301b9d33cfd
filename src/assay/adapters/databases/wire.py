"""One connection to a target database, on which no wait is endless and several commands go in one round trip."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from psycopg import pq
from psycopg.waiting import Ready, Wait

from assay.adapters.databases import faults
from assay.ports.errors import AssayError

Result = TypeVar("Result")
_ANY = select.POLLIN | select.POLLERR | select.POLLHUP


@dataclass(frozen=True, slots=True)
class Send:
    """A command of one statement in the extended protocol, where the server itself refuses a second one.

    `prepared` names the statement to prepare instead of running it. Parameters are text of unknown type: the
    server infers the type, as it does for a literal.
    """

    command: str
    params: Sequence[str | None] = ()
    prepared: str | None = None


class Wire(psycopg.Connection[dict[str, Any]]):
    """A psycopg connection that gives up on a server that stays silent."""

    patience_s: float = 7.0
    """Silence for so long is a dead server; the statement timeout and two seconds."""
    where: str = ""

    def wait(self, gen: Generator[Wait, Ready, Result], interval: float = 0.0, timeout: float | None = None) -> Result:
        """Drive one of psycopg's generators to its end; Unavailable when the server stays silent."""
        until = time.monotonic() + (self.patience_s if timeout is None else timeout)
        try:
            wanted = next(gen)
            while True:
                wanted = gen.send(self._until_ready(wanted, until))
        except StopIteration as end:
            return end.value

    def _until_ready(self, wanted: Wait, until: float) -> Ready:
        poll = select.poll()
        poll.register(
            self.pgconn.socket,
            (_ANY if wanted & Wait.R else 0) | (select.POLLOUT if wanted & Wait.W else 0),
        )
        events = poll.poll(max(0.0, (until - time.monotonic()) * 1_000))
        if not events:
            self.close()
            raise faults.lost(self.where, f"silent for {self.patience_s:.0f} s")
        got = events[0][1]
        reads, writes = bool(got & _ANY), bool(got & select.POLLOUT)
        return Ready((Ready.R if reads else 0) | (Ready.W if writes else 0))

    @property
    def lost(self) -> bool:
        """Whether the connection is gone, as far as this side can see without asking."""
        if self.closed or self.pgconn.status == pq.ConnStatus.BAD:
            return True
        poll = select.poll()
        poll.register(self.pgconn.socket, _ANY)
        if poll.poll(0):
            try:  # something came unasked: a farewell, an end of file, or a notice
                self.pgconn.consume_input()
            except psycopg.Error:
                return True
            return self.pgconn.status == pq.ConnStatus.BAD or bool(poll.poll(0))
        return False

    def together(self, sends: Sequence[Send], *, before: int | None = 0) -> list[pq.abc.PGresult]:
        """Run commands in one round trip; the first one that fails ends it, and what it left open is undone.

        Raises the error of the first command that failed; `before` is the length of the text that was put before
        the caller's statement, or None when the whole text is ours.
        """
        return self._judged(lambda: self._round_trip(sends), before)

    def each(self, groups: Iterable[Sequence[Send]]) -> list[list[pq.abc.PGresult]]:
        """Run groups of commands, each sent as soon as `groups` yields it, and none of them waited for until all are.

        A command that fails ends its group only, and is for the caller to judge. What a group leaves open, the next one
        finds.
        """
        return self._whole(lambda: self._stream(groups))

    def refusal(self, wrong: pq.abc.PGresult, *, before: int | None = 0) -> AssayError:
        """The error that a failed command is; `before` as in `together`."""
        return faults.of_result(wrong, self.where, gone=self.lost, before=before)

    def simple(self, command: str, *, before: int | None = 0) -> pq.abc.PGresult:
        """Run a text in the simple protocol, which would also run several statements: only one that is known."""
        return self._judged(lambda: self._one(command), before)[0]

    def _judged(self, run: Callable[[], list[pq.abc.PGresult]], before: int | None) -> list[pq.abc.PGresult]:
        results = self._whole(run)
        wrong = next((r for r in results if r.status == pq.ExecStatus.FATAL_ERROR), None)
        if wrong is None:
            return results
        error = self.refusal(wrong, before=before)
        self._undo()
        raise error

    def _whole(self, run: Callable[[], Result]) -> Result:
        """Run to the end of an exchange, or close: the protocol would be in the middle of something."""
        try:
            return run()
        except psycopg.Error as failure:
            self.close()
            raise faults.of_statement(failure, self.where, gone=True) from None
        except BaseException:
            self.close()
            raise

    def _undo(self) -> None:
        """Leave no failed transaction and no prepared statement behind; close when that is not possible."""
        try:
            if not self.lost and self.pgconn.transaction_status != pq.TransactionStatus.IDLE:
                self._round_trip([Send("ROLLBACK")])
            if not self.lost:
                self._round_trip([Send("DEALLOCATE ALL")])
        except (psycopg.Error, AssayError):
            self.close()
        if self.lost or self.pgconn.transaction_status != pq.TransactionStatus.IDLE:
            self.close()

    def _round_trip(self, sends: Sequence[Send]) -> list[pq.abc.PGresult]:
        return self._stream([sends])[0]

    def _stream(self, groups: Iterable[Sequence[Send]]) -> list[list[pq.abc.PGresult]]:
        link, sent, found = self.pgconn, list[int](), list[list[pq.abc.PGresult]]()
        link.enter_pipeline_mode()
        for group in groups:
            for send in group:
                command = send.command.encode()
                if send.prepared is not None:
                    link.send_prepare(send.prepared.encode(), command)
                else:
                    values = [None if value is None else value.encode() for value in send.params]
                    link.send_query_params(command, values or None)
            link.pipeline_sync()
            self._flush(time.monotonic() + self.patience_s)
            sent.append(len(group))
        for many in sent:
            until = time.monotonic() + self.patience_s
            found.append([self._next(until) for _ in range(many)])
            self._next(until, sync=True)
        link.exit_pipeline_mode()
        return found

    def _flush(self, until: float) -> None:
        while self.pgconn.flush():
            self._until_ready(Wait.RW, until)
            self.pgconn.consume_input()

    def _one(self, command: str) -> list[pq.abc.PGresult]:
        until = time.monotonic() + self.patience_s
        self.pgconn.send_query(command.encode())
        self._flush(until)
        return [self._next(until)]

    def _next(self, until: float, *, sync: bool = False) -> pq.abc.PGresult:
        """Take one command's result, and the empty one that follows it."""
        link, found = self.pgconn, None
        while True:
            while link.is_busy():
                self._until_ready(Wait.R, until)
                link.consume_input()
            got = link.get_result()
            if got is None:
                if found is None:
                    raise psycopg.OperationalError("the server closed the connection")
                return found
            found = got
            if sync:
                return found
