"""A model's file (GGUF) that is served by a child process of ours, started when it is first asked."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from importlib.util import find_spec
from pathlib import Path

from assay.adapters.language_models.endpoint import Endpoint, always
from assay.adapters.language_models.gguf import KEY
from assay.adapters.language_models.openai import OpenAiModel
from assay.ports.deadline import Deadline
from assay.ports.errors import Invalid, TimedOut, Unavailable
from assay.ports.language_model import Delta, Prompt, Reply
from assay.ports.processes import Command, Process, Processes
from assay.ports.secret import Secret

READY_WITHIN_S = 120.0
RESTARTS = 5
SPARE_BYTES = 6 * 1024**3
"""Of address space, beside twice the file: most of it is reserved by threads and libraries, and never touched."""
AT_ONCE = 4
_MAGIC = b"GGUF"


class LocalModel:
    """Implements `ports.language_model.LanguageModel`.

    Args:
        file: a GGUF file; raises Invalid when it is none, or when what serves it is not installed.
        context: tokens of prompt and answer together, of all that is answered at once.
    """

    def __init__(self, processes: Processes, file: Path, *, context: int = 8_192) -> None:
        _check(file)
        self._processes, self._file, self._context = processes, file, context
        self._child: Process | None = None
        self._ended: asyncio.Task[int] | None = None
        """Done when nobody starts the child again."""
        self._starting: asyncio.Task[Process] | None = None
        self._http: OpenAiModel | None = None
        self._address: bytes = b""
        self._ends: tuple[int, int] | None = None
        self._key = Secret(secrets.token_urlsafe(32))

    @property
    def model(self) -> str:
        """The name of the file."""
        return self._file.name

    @property
    def on_loopback(self) -> bool:
        """Always."""
        return True

    async def complete(self, prompt: Prompt, deadline: Deadline) -> Reply:
        """Ask, and wait for the whole reply."""
        return await (await self._running(deadline)).complete(prompt, deadline)

    async def stream(self, prompt: Prompt, deadline: Deadline) -> AsyncGenerator[Delta | Reply]:
        """Ask; yield the text as it comes, and the whole reply last."""
        async with aclosing((await self._running(deadline)).stream(prompt, deadline)) as pieces:
            async for piece in pieces:
                yield piece

    async def models(self, deadline: Deadline) -> Sequence[str]:
        """The one that it is; nothing is started for that."""
        return (self._file.name,)

    async def close(self) -> None:
        """Stop the child, and let go of the connections."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        if self._child is not None:
            await self._child.stop()
        if self._ended is not None:
            await self._ended
        if self._http is not None:
            await self._http.close()
        for end in self._ends or ():
            os.close(end)
        self._child = self._ended = self._starting = self._http = self._ends = None

    async def _running(self, deadline: Deadline) -> OpenAiModel:
        """The way to the child, which is started when it is not there, for everybody who waits for it."""
        child = self._child
        if child is None or self._ended is None or self._ended.done():
            if self._starting is None or self._starting.done():
                self._starting = asyncio.create_task(self._start(), name=f"start {self._file.name}")
            done, _ = await asyncio.wait([self._starting], timeout=deadline.left(READY_WITHIN_S))
            if not done:
                raise TimedOut(f"{self._file.name} was not loaded within the deadline; it is still being loaded.")
            child = self._starting.result()
            if child is not self._child:
                self._child, self._ended = child, asyncio.create_task(child.wait(), name=f"end of {self._file.name}")
        if child.state != "ready" or self._http is None:
            raise Unavailable(f"The process that serves {self._file.name} ended, and is being started again.")
        return self._http

    async def _start(self) -> Process:
        reads, writes = self._ends = self._ends or os.pipe()
        os.set_blocking(reads, False)
        threads = max(1, (os.cpu_count() or 2) // 2)
        numbers = (self._context, threads, AT_ONCE, writes)
        return await self._processes.start(
            Command(
                name=f"the model {self._file.name}",
                args=(sys.executable, "-m", "assay.adapters.language_models.gguf", str(self._file), *map(str, numbers)),
                env={KEY: self._key.reveal()},
                ready=self._told, ready_within_s=READY_WITHIN_S, restarts=RESTARTS,
                memory_bytes=2 * self._file.stat().st_size + SPARE_BYTES, pass_fds=(writes,),
            )
        )  # fmt: skip

    async def _told(self) -> bool:
        """Whether the child said where it listens; called anew for each of its starts."""
        assert self._ends is not None
        with contextlib.suppress(BlockingIOError):
            self._address += os.read(self._ends[0], 4_096)
        line, end, rest = self._address.partition(b"\n")
        if not end:
            return False
        self._address = rest
        if self._http is not None:
            await self._http.close()
        endpoint = Endpoint(f"{line.decode()}/v1", always(self._key), private=True, setting="AI_MODEL")
        self._http = OpenAiModel(endpoint, self._file.name)
        return True


def _check(file: Path) -> None:
    if find_spec("xllamacpp") is None:
        raise Invalid("AI_MODEL: a model's file needs the extra `local`.", field="AI_MODEL",
                      cure="pip install 'assay[local]'")  # fmt: skip
    try:
        with file.open("rb") as opened:
            magic = opened.read(4)
    except OSError as error:
        raise Invalid(f"AI_MODEL: {file} cannot be read: {error.strerror}.", field="AI_MODEL") from None
    if magic != _MAGIC:
        raise Invalid(f"AI_MODEL: {file} is no GGUF file.", field="AI_MODEL")
