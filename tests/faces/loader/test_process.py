"""The process: its flags, its sockets and their modes, how it starts, how it ends."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from faces.loader.running import ROOT, Host, Plugin, executable, refusal

ALONE = "--no-also-default-socket"


def ran(folder: Path, *flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "ASSAY_HOME": str(folder / "home"), "PYTHONPATH": os.pathsep.join(sys.path), **environment}
    return subprocess.run([str(executable(folder)), *flags], env=env, capture_output=True, text=True, timeout=100)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_prints_its_version(tmp_path: Path) -> None:
    assert ran(tmp_path, "--version").stdout == f"{version('assay')}\n"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--port", "70000"), "a port is"),
        (("--socket-mode", "9"), "a mode is"),
        (("--log-level", "loud"), "invalid choice"),
        (("--socket", "/nowhere/s.sock"), "the folder /nowhere does not exist"),
        (("--socket", "/tmp/" + "x" * 103), "more than 107 bytes"),
        (("--config", "/nowhere"), "cannot be read"),
    ],
)
def test_a_flag_that_is_wrong_says_why(tmp_path: Path, flags: tuple[str, ...], words: str) -> None:
    ended = ran(tmp_path, *flags)
    assert ended.returncode == 2 and words in ended.stderr and "Traceback" not in ended.stderr


@pytest.mark.parametrize("written", ["--socket PATH", "--socket=PATH", "--socket unix://PATH"])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_listens_where_it_is_told_and_leaves_nothing_behind(
    tmp_path: Path, written: str, how: signal.Signals
) -> None:
    flags = written.replace("PATH", str(tmp_path / "s.sock")).split(" ")
    with Plugin(tmp_path, *flags, ALONE, "--a-flag-of-the-future", "x", "--another=1") as it:
        assert it.says() == f"atest-store-ai@{version('assay')} is running at unix://{it.socket}\n"
        assert mode(it.socket) == 0o600
        assert Host(it.channel()).call("Verify").ready
        assert it.stop(how) == 0
        assert not it.socket.exists() and "Traceback" not in it.log


def test_its_sockets_have_the_mode_that_it_is_told(tmp_path: Path) -> None:
    with Plugin(tmp_path, "--socket", str(tmp_path / "s.sock"), "--socket-mode", "0660", ALONE) as it:
        it.says()
        assert mode(it.socket) == 0o660


def test_a_stale_socket_is_replaced_and_what_is_no_socket_is_not(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with Plugin(tmp_path, "--socket", str(path), ALONE) as it:
        it.says()
        assert Host(it.channel()).call("Verify").ready
        second = ran(tmp_path, "--socket", str(path), ALONE)
        assert second.returncode == 5 and "another process listens there" in second.stderr
        assert Host(it.channel()).call("Verify").ready, "the first one lost its socket"
    path.unlink(missing_ok=True)
    path.write_text("mine")
    ended = ran(tmp_path, "--socket", str(path), ALONE)
    assert ended.returncode == 5 and "no socket" in ended.stderr and path.read_text() == "mine"


def test_a_socket_that_somebody_else_put_there_meanwhile_stays(tmp_path: Path) -> None:
    with Plugin(tmp_path, "--socket", str(tmp_path / "s.sock"), ALONE) as it:
        it.says()
        it.socket.unlink()
        it.socket.write_text("another's")
        assert it.stop() == 0
        assert it.socket.read_text() == "another's"


def test_a_port_is_on_the_loopback_only(tmp_path: Path) -> None:
    with Plugin(tmp_path, "-p", "0") as it:
        address = it.says().rstrip("\n").rpartition(" ")[2]
        assert address.startswith("127.0.0.1:")
        assert Host(it.channel(address)).call("Verify").ready
        assert it.stop() == 0


class InItsOwnTmp:
    """Runs the plugin with an empty /tmp that only it sees."""

    def __init__(self, folder: Path, *flags: str, first: str = "true") -> None:
        # This checkout stays where it is, even when that is in /tmp.
        script = (
            f"mkdir {folder}/kept && mount --bind {ROOT} {folder}/kept && mount -t tmpfs none /tmp && mkdir -p {ROOT}"
            f' && mount --bind {folder}/kept {ROOT} && cd {ROOT} && {first} && exec "$@"'
        )
        env = {**os.environ, "ASSAY_HOME": str(folder / "home"), "PYTHONPATH": os.pathsep.join(sys.path)}
        self.process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", script, "sh", sys.executable, "-m", "assay.atest_store_ai", *flags],
            env=env, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline()
        self.tmp = Path("/proc", str(self.process.pid), "root", "tmp")

    def __enter__(self) -> InItsOwnTmp:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def outside() -> Any:
    """A folder that stays visible when /tmp is another: a short one, as sockets need."""
    folder = Path("/var/tmp") / f"assay-{os.getpid()}"
    folder.mkdir(mode=0o700)
    yield folder
    subprocess.run(["rm", "-rf", str(folder)], check=True)


def test_without_flags_it_listens_at_the_default_socket(outside: Path) -> None:
    with InItsOwnTmp(outside) as it:
        assert it.said.endswith("is running at unix:///tmp/atest-store-ai.sock\n")
        there = it.tmp / "atest-store-ai.sock"
        assert mode(there) == 0o600
        with grpc.insecure_channel(f"unix://{there}", options=[("grpc.default_authority", "localhost")]) as channel:
            assert Host(channel).call("Verify").ready


def test_with_a_socket_it_listens_at_the_default_one_too(outside: Path) -> None:
    with InItsOwnTmp(outside, "--socket", f"{outside}/s.sock") as it:
        assert it.said.endswith(f"is running at unix://{outside}/s.sock, unix:///tmp/atest-store-ai.sock\n")
        assert mode(it.tmp / "atest-store-ai.sock") == 0o600


@pytest.mark.parametrize(
    "first",
    ["ln -s /etc/passwd /tmp/atest-store-ai.sock", "touch /tmp/atest-store-ai.sock",
     "python3 -c 'import os,socket; p=\"/tmp/atest-store-ai.sock\"; socket.socket(socket.AF_UNIX).bind(p); "
     "os.chown(p, 65534, 65534)'"],
    ids=["link", "file", "of another user"],
)  # fmt: skip
def test_a_default_socket_that_is_not_its_own_is_left_alone(outside: Path, first: str) -> None:
    with InItsOwnTmp(outside, "--socket", f"{outside}/s.sock", first=first) as it:
        assert it.said.endswith(f"is running at unix://{outside}/s.sock\n")
        assert os.path.lexists(it.tmp / "atest-store-ai.sock")


def test_a_setting_that_is_wrong_is_told_before_and_after_the_start(tmp_path: Path) -> None:
    ended = ran(tmp_path, "--validate", AI_PROVIDER="custom", AI_MODEL="m")
    assert ended.returncode != 0 and "AI_ENDPOINT" in ended.stderr and "Traceback" not in ended.stderr
    assert not (tmp_path / "home").exists(), "validating makes nothing"
    with Plugin(tmp_path, "--socket", str(tmp_path / "s.sock"), ALONE, ASSAY_SCHEMA_CACHE_S="1") as it:
        host = Host(it.channel())
        code, words, _ = refusal(lambda: host.query("generate", {"prompt": "How many users?"}))
        assert code is grpc.StatusCode.UNAVAILABLE and words.startswith("ASSAY_SCHEMA_CACHE_S")
        status = host.call("Verify")
        assert not status.ready and status.message.startswith("ASSAY_SCHEMA_CACHE_S") and status.version
        health: Any = health_pb2_grpc.HealthStub(it.channel())
        assert health.Check(health_pb2.HealthCheckRequest(service="remote.Loader")).status == 2
        assert it.stop() == 0


def test_settings_come_from_a_file_where_the_environment_has_none(tmp_path: Path) -> None:
    file = tmp_path / "settings"
    file.write_text("# ours\nexport AI_PROVIDER=openai\nAI_MODEL='m'\n\nOPENAI_API_KEY=\"sk-of-the-file\"\n")
    assert ran(tmp_path, "--validate", "--config", str(file)).stdout == "The settings are right.\n"
    ended = ran(tmp_path, "--validate", "--config", str(file), AI_PROVIDER="nonsense")
    assert ended.returncode == 2 and "AI_PROVIDER: there is no provider" in ended.stderr
    file.write_text("AI_PROVIDER=openai\nsk-of-the-file\n")
    ended = ran(tmp_path, "--validate", "--config", str(file))
    assert ended.returncode == 2 and "line 2" in ended.stderr and "sk-of-the-file" not in ended.stderr


def test_no_secret_of_a_store_is_in_its_log(tmp_path: Path, shop_file: Path) -> None:
    with Plugin(tmp_path, "--socket", str(tmp_path / "s.sock"), ALONE, "--log-level", "debug") as it:
        store = {
            "password": "hunter2",
            "pro__dsn": "postgresql://asks:hunter2@127.0.0.1:1/shop",
            "pro__api_key": "sk-1",
        }
        refusal(lambda: Host(it.channel(), **store).query("generate", {"prompt": "How many users?"}))
        Host(it.channel(), pro__dsn=f"sqlite://{shop_file}", pro__api_key="sk-1").query("How many users are there?")
        assert it.stop() == 0
        assert "hunter2" not in it.log and "sk-1" not in it.log
