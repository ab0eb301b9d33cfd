"""`assay up` with a gRPC port, as a process: it says where, answers, ends in order; a port that is taken stops it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assay.wire import server_pb2 as wire
from faces.grpc.client import Client

UP = (sys.executable, "-m", "assay.main", "up", "--port", "0")


@contextmanager
def up(home: Path, grpc_port: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "ASSAY_HOME": str(home), "ASSAY_GRPC_PORT": grpc_port, "ASSAY_LOG_LEVEL": "warning"}
    with subprocess.Popen(UP, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_the_services_start_and_stop_with_the_server(tmp_path: Path) -> None:
    with up(tmp_path / "one", "0") as first:
        assert first.stdout is not None
        address = next(found.group(1) for line in first.stdout if (found := re.search(r"gRPC .* at (\S+:\d+)\.", line)))
        with Client(address, (tmp_path / "one" / "token").read_text().strip()) as client:
            assert client.ask("Runner.GetAIStatus", wire.Empty()).available
        with up(tmp_path / "two", address.rpartition(":")[2]) as second:
            _, said = second.communicate(timeout=90)
            assert second.returncode == 7 and f"assay: gRPC cannot listen on {address}: " in said
        first.send_signal(signal.SIGINT)
        _, said = first.communicate(timeout=60)
        assert first.returncode == 0 and said == ""
