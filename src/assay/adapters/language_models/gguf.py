"""The child process that serves a model's file: llama.cpp on a free port of the loopback, behind a key of its own.

Run as `python -m assay.adapters.language_models.gguf FILE CONTEXT THREADS AT_ONCE FD`; the key is in the environment,
the address is written to the file descriptor once the model is loaded.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import Any

KEY = "ASSAY_CHILD_KEY"


def serve(file: str, context: int, threads: int, at_once: int, told: int) -> None:
    """Load the file, say where it is served, and wait to be stopped."""
    llama: Any = importlib.import_module("xllamacpp")  # an extra, and without types
    given = llama.CommonParams()
    given.model.path = file
    given.model_alias = {os.path.basename(file)}  # noqa: PTH119 - it loads nothing else either
    given.hostnames = ["127.0.0.1"]
    given.port = 0
    given.api_keys = [os.environ.pop(KEY)]
    given.n_ctx, given.n_parallel, given.kv_unified = context, at_once, True
    given.cpuparams.n_threads = given.cpuparams_batch.n_threads = threads
    given.cache_ram_mib = 0
    given.ui = given.endpoint_slots = given.endpoint_props = False
    given.verbosity = 1
    server = llama.Server(given)
    os.write(told, f"{server.listening_address}\n".encode())
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    # its own way of stopping waits for answers under way
    os._exit(0)


if __name__ == "__main__":
    _file, *_numbers = sys.argv[1:]
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    serve(_file, *map(int, _numbers))
