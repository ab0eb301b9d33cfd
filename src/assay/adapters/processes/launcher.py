"""Runs between fork and the child's own program: dies with its owner, limits itself, and says when that fails.

A file of its own, run by `python -I -S`, since Python code between fork and exec can hang a program with threads.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1


def launch(owner: int, report: int, memory: int, keep: set[int], program: list[str]) -> None:
    """Become `program`; what prevents that is written to the file descriptor `report`, which exec closes.

    Args:
        owner: process id of the owner; when it has died already, there is nobody to work for.
        report: file descriptor.
        memory: bytes of address space, 0 for no limit.
        keep: file descriptors that the program gets, beside the first three; not every event loop closes the others.
        program: arguments, the program's name or path first.
    """
    os.set_inheritable(report, False)
    try:
        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")
        if os.getppid() != owner:
            os._exit(1)
        for fd in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208 - pathlib takes long to import
            if fd > 2 and fd != report and fd not in keep:
                with contextlib.suppress(OSError):
                    os.set_inheritable(fd, False)
        if memory:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        os.execvp(program[0], program)  # noqa: S606 - this is what a launcher is for
    except OSError as error:
        os.write(report, f"{program[0]}: {error.strerror}".encode())
        os._exit(127)


if __name__ == "__main__":
    _owner, _report, _memory = map(int, sys.argv[1:4])
    launch(_owner, _report, _memory, {int(fd) for fd in sys.argv[4].split(",") if fd}, sys.argv[5:])
