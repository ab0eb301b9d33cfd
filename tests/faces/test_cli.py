"""The command line: what people read, what programs read, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from assay.accounts.capability import ACCOUNTS
from assay.faces.cli.app import build
from assay.faces.cli.options import shows_password
from assay.faces.cli.run import print_error
from assay.faces.cli.scan import whereabouts
from assay.faces.cli.text import age, milliseconds, number, percent, size
from assay.kernel.catalogue import Catalogue
from assay.kernel.errors import Invalid
from assay.kernel.own import HOUSE, JOBS
from assay.kernel.values import now
from faces.living import Home, Served
from faces.toyroom import TOYS

CATALOGUE = Catalogue([TOYS, ACCOUNTS, JOBS, HOUSE])


def run(home: Home, *arguments: str, **more: Any) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(build(CATALOGUE, home.open), arguments, catch_exceptions=False, **more)


def test_every_operation_is_a_command_with_help(home: Home) -> None:
    for operation in CATALOGUE:
        result = run(home, operation.room, operation.verb.replace("_", "-"), "--help", env={"COLUMNS": "200"})
        assert result.exit_code == 0 and operation.summary in " ".join(result.output.split())


def test_a_page_is_a_table_and_without_a_terminal_it_has_no_colours(home: Home, served: Served) -> None:
    name = f"toy {uuid4().hex}"
    assert run(home, "toys", "make", "--name", name, "--colour", "blue").exit_code == 0
    result = run(home, "toys", "list", "--tags", name[4:20])
    assert (
        name in result.stdout and "blue" in result.stdout and "1 of 1" in result.stdout and "\x1b" not in result.output
    )


def test_a_narrow_terminal_keeps_every_name_whole(home: Home, served: Served) -> None:
    name = uuid4().hex
    run(home, "toys", "make", "--name", name)
    result = run(home, "toys", "list", "--tags", name, env={"COLUMNS": "40"})
    assert all(len(line) <= 40 for line in result.stdout.splitlines())
    words = result.stdout.split()
    assert any(all(word in words for word in (name[:n], name[n : 2 * n], name[2 * n :])) for n in range(10, 33))


def test_json_is_exactly_the_answer(home: Home, served: Served) -> None:
    made = json.loads(run(home, "toys", "make", "--name", uuid4().hex, "--json").stdout)
    with served.client() as http:
        assert (
            json.loads(run(home, "toys", "get", made["id"], "--json").stdout)
            == http.get(f"/api/v1/toys/{made['id']}").json()
        )


def test_a_claim_shows_its_hallmark(home: Home, served: Served) -> None:
    made = json.loads(run(home, "toys", "make", "--name", uuid4().hex, "--json").stdout)
    result = run(home, "toys", "price", made["id"])
    assert result.stdout.startswith("assayed E-") and made["name"] in result.stdout


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("NOT_FOUND", 4),
        ("CONFLICT", 5),
        ("FORBIDDEN", 3),
        ("RATE_LIMITED", 6),
        ("REFUSED", 8),
        ("UNAVAILABLE", 7),
        ("bug", 1),
    ],
)
def test_an_error_is_a_line_a_cure_and_a_status(home: Home, served: Served, code: str, status: int) -> None:
    result = run(home, "toys", "fail", "--error", code)
    lines = result.stderr.splitlines()
    assert result.exit_code == status and result.stdout == ""
    said = [line for line in lines if line.startswith("assay: ")]
    assert len(said) == 1 and "Traceback" not in "".join(line for line in lines if not line.startswith("20"))
    if code not in ("bug", "RATE_LIMITED"):
        assert lines[-1] == "  → Ask for another."


def test_a_wrong_value_names_its_field(home: Home, served: Served) -> None:
    result = run(home, "toys", "list", "--limit", "many")
    assert result.exit_code == 2 and result.stderr.startswith("assay: limit: ")
    missing = run(home, "toys", "build", "--name", "x", "--drawing", "/no/such/file")
    assert missing.exit_code == 2 and "No such file" in missing.stderr


def test_a_terminal_escape_in_a_name_is_defused(home: Home, served: Served) -> None:
    name = f"{uuid4().hex}\x1b]0;owned\x07"
    with served.client() as http:
        http.post("/api/v1/toys", json={"name": name})
    result = run(home, "toys", "list", "--tags", name[:32])
    assert "owned" in result.stdout and "\x1b" not in result.stdout and "\x07" not in result.stdout


def test_a_stream_is_printed_as_it_comes(home: Home, served: Served) -> None:
    assert run(home, "toys", "count", "--to", "3", "--json").stdout == '{"number":1}\n{"number":2}\n{"number":3}\n'
    assert run(home, "toys", "count", "--to", "2").stdout == "Number: 1\nNumber: 2\n"


def test_a_job_with_an_upload_from_standard_input(home: Home, served: Served) -> None:
    result = run(home, "toys", "build", "--name", "car", "--drawing", "-", "--json", input=b"\x00\xff")
    assert json.loads(result.stdout)["bytes"] == 2


def test_a_secret_is_read_from_where_nobody_sees_it(
    home: Home, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_SECRET", "from the environment")
    for given, typed in (("env:MY_SECRET", None), ("-", "from standard input\n")):
        result = run(home, "toys", "make", "--name", uuid4().hex, "--secret", given, input=typed)
        assert result.exit_code == 0 and "warn" not in result.stderr and "visible" not in result.stderr
    for typed in ("typed", "typed=="):
        seen = run(home, "toys", "make", "--name", uuid4().hex, "--secret", typed)
        assert seen.exit_code == 0 and "visible to other processes" in seen.stderr
    missing = run(home, "toys", "make", "--name", uuid4().hex, "--secret", "env:NOT_THERE")
    assert missing.exit_code == 2 and "NOT_THERE" in missing.stderr


def test_a_required_secret_that_was_not_given_says_how_to_give_it(home: Home, served: Served) -> None:
    result = run(home, "accounts", "sign-in")
    assert result.exit_code == 2 and "ASSAY_TOKEN" in result.stderr


def test_ctrl_c_stops_the_job(home: Home, served: Served, tmp_path: Path) -> None:
    program = tmp_path / "cli.py"
    program.write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from assay.faces.cli.app import build\n"
        "from assay.kernel.catalogue import Catalogue\n"
        "from assay.kernel.own import HOUSE, JOBS\n"
        "from assay.ports.secret import Secret\n"
        "from assay.runtime.settings import Settings\n"
        "from faces.living import Home\n"
        "from faces.toyroom import TOYS\n"
        "home = Home(Path(sys.argv.pop(1)), Settings(home=Path(sys.argv[1])), Secret(sys.argv.pop(1)))\n"
        "build(Catalogue([TOYS, JOBS, HOUSE]), home.open)()\n".replace("Settings(home=Path(sys.argv[1]))", "SETTINGS")
    )
    text = program.read_text().replace(
        "home = Home(Path(sys.argv.pop(1)), SETTINGS,",
        "folder = Path(sys.argv.pop(1))\nhome = Home(folder, Settings(home=folder),",
    )
    program.write_text(text)
    drawing = tmp_path / "drawing"
    drawing.write_bytes(b"x")
    name = uuid4().hex
    arguments = [sys.executable, str(program), str(home.folder), home.admin.reveal(), "toys", "build"]
    arguments += ["--name", name, "--drawing", str(drawing), "--steps", "1000", "--step-ms", "100"]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "NO_COLOR": "1"}
    child = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, text=True)
    with served.client() as http:
        found = wait(lambda: next((j for j in running(http) if j["step"] == f"Building {name}"), None))
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=30)
        assert child.returncode == 130 and out == "" and "stopped" in err and "Traceback" not in err, err
        assert http.get(f"/api/v1/jobs/{found['id']}").json()["state"] == "cancelled"


def running(http: Any) -> list[dict[str, Any]]:
    """Jobs that run now, in whichever process."""
    return http.get("/api/v1/jobs", params={"state": "running", "limit": 20}).json()["items"]


def wait(look: Any) -> Any:
    """Look until there is something, for half a minute."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(0.05)
    raise AssertionError("nothing came")


def test_numbers_carry_units_that_fit() -> None:
    assert [number(n) for n in (1234567, 0.01234, 12.0, 1234.5)] == ["1,234,567", "0.0123", "12", "1,234"]
    assert [milliseconds(n) for n in (0.4213, 3100, 150_000, 15_000_000)] == ["0.421 ms", "3.1 s", "2.5 min", "4.17 h"]
    assert [size(n) for n in (12, 1_800_000, 3.5e12, None)] == ["12 B", "1.8 MB", "3.5 TB", ""]
    assert [percent(n) for n in (99.61, -3.0, None)] == ["−99.6 %", "+3.0 %", ""]
    assert age(now()) == "now" and age(None) == "never"


@pytest.mark.parametrize(
    ("dsn", "there"),
    [
        ("postgresql://ann:p%40ss@db.example:5433/shop?sslmode=require", ("db.example:5433/shop", "ann", "shop")),
        ("postgres://ann@[::1]/", ("[::1]:5432/ann", "ann", "ann")),
        ("host=/tmp port=5434 user=bob dbname=my", ("/tmp:5434/my", "bob", "my")),
        ("postgresql://x:y@host:port/z", ("", "", "")), ("host='unclosed", ("", "", "")),
    ],
)  # fmt: skip
def test_where_a_dsn_points_is_found_without_its_password(dsn: str, there: tuple[str, str, str]) -> None:
    assert whereabouts(dsn) == there


def test_a_dsn_without_a_password_is_no_secret() -> None:
    assert shows_password("postgresql://a:b@h/d") and shows_password("host=h password=x") and shows_password("plain")
    assert not shows_password("postgresql://a@h/d") and not shows_password("host=h user=a")


def test_an_error_that_offers_other_readings_prints_them(capsys: pytest.CaptureFixture[str]) -> None:
    readings = [{"says": "Show users.email", "sql": "SELECT email FROM users", "confidence": 0.4}]
    print_error(Invalid("Not sure enough.", did_you_mean=readings), as_json=False)
    said = capsys.readouterr().err
    assert "assay: Not sure enough." in said
    assert "Did you mean: Show users.email\n      SELECT email FROM users" in said
