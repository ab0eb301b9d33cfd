"""Our plugins as a host in Go has them: gRPC and messages as Go writes them, metadata as only Go sends it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from faces.loader.running import Plugin

ROOT = Path(__file__).parents[2]
PACKAGES = [f"M{name}.proto=atest/{package}" for name, package in (("server", "server"), ("loader", "remote"))]
ODD = {"description": "城市与客户 – naïve", "pro.API_Key": "sk-none", "owner": "Ämter"}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that host/main.go is, with messages made from our contracts by Go's own generator."""
    folder = tmp_path_factory.mktemp("go")
    sources = folder / "src"
    shutil.copytree(Path(__file__).parent / "host", sources / "atest" / "host")
    made = [f"--go_out={sources}", f"--go_opt={','.join(PACKAGES)}"]
    made += [f"--go-grpc_out={sources}", f"--go-grpc_opt={','.join(PACKAGES)}"]
    subprocess.run(["protoc", f"-I{ROOT / 'proto'}", *made, "server.proto", "loader.proto"], check=True)
    env = {**os.environ, "GO111MODULE": "off", "GOPATH": f"{folder}:/usr/share/gocode"}
    subprocess.run(["go", "build", "-o", str(folder / "host"), "atest/host"], env=env, check=True)
    return folder / "host"


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, city text);"
            "INSERT INTO users VALUES (1, 'Zoë', 'Berlin'), (2, '北京', NULL);"
        )
    connection.close()
    yield path


def reports(host: Path, socket: Path, store: dict[str, str], query: dict[str, Any]) -> dict[str, Any]:
    asked = [str(host), str(socket), json.dumps(ODD | store), json.dumps(query)]
    return json.loads(subprocess.run(asked, capture_output=True, text=True, check=True, timeout=90).stdout)


@pytest.mark.timeout(400)
def test_go_gets_checked_sql_from_atest_store_ai(host: Path, file: Path, tmp_path: Path) -> None:
    flags = ("--socket", str(tmp_path / "s.sock"), "--no-also-default-socket")
    with Plugin(tmp_path, *flags) as plugin:
        asked = {"type": "ai", "key": "generate", "sql": json.dumps({"prompt": "How many users are there in Berlin?"})}
        found = reports(host, plugin.socket, {"name": "ai", "pro.dsn": f"sqlite://{file}"}, asked)
    assert found["Verify"]["ready"] and found["Verify"]["readOnly"]
    assert found["GetVersion"] == {"version": version("assay")}
    assert [menu["index"] for menu in found["GetMenus"]["data"]] == ["ai-chat"]
    assert found["GetAICapabilities"]["supportedDatabases"] == ["postgresql", "mysql", "sqlite"]
    assert found["PProf"]["code"] == "Unimplemented"
    said = {pair["key"]: pair["value"] for pair in found["Query"]["data"]}
    assert said["success"] == "true" and "error" not in said
    assert said["content"] == "SELECT COUNT(*) FROM users WHERE city = 'Berlin' LIMIT 1000"
    assert found["Query"]["aiInfo"]["verdict"] == "VERDICT_ASSAYED" and found["Query"]["aiInfo"]["evidence"]


@pytest.mark.timeout(400)
def test_go_reads_rows_through_atest_store_sql(host: Path, file: Path, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("atest-store-sql")
    socket = tmp_path / "sql.sock"
    with subprocess.Popen([program, "--socket", socket], env={**os.environ}) as plugin:
        store = {"name": "shop", "pro.driver": "sqlite", "pro.database": str(file)}
        try:
            found = reports(host, socket, store, {"sql": "SELECT name, city FROM users ORDER BY id"})
        finally:
            plugin.terminate()
    assert found["Verify"]["ready"] and found["GetAICapabilities"]["code"] == "Unimplemented"
    rows = [[(pair["key"], pair.get("value", ""), pair.get("description", "")) for pair in row["data"]]
            for row in found["Query"]["items"]]  # fmt: skip
    assert rows == [[("name", "Zoë", ""), ("city", "Berlin", "")], [("name", "北京", ""), ("city", "", "NULL")]]
