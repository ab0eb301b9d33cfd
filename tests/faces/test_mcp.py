"""MCP: tools, progress, cancellation, errors, over memory, HTTP and standard input and output."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from assay.faces.mcp.server import make
from faces.living import Home, Served


def test_a_viewer_sees_only_the_tools_it_may_use(served: Served) -> None:
    async def look(credential: Any) -> set[str]:
        async with served.home.open() as (house, _), Client(make(house, lambda _: credential)) as client:
            return {tool.name for tool in (await client.list_tools()).tools}

    assert "toys_make" in asyncio.run(look(served.home.admin)) and "toys_make" not in asyncio.run(
        look(served.home.viewer)
    )


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_job_is_waited_for_and_its_progress_told(served: Served, mode: str) -> None:
    told: list[tuple[float, str | None]] = []

    async def progress(done: float, total: float | None, message: str | None) -> None:
        told.append((done, message))

    async def build() -> Any:
        headers = {"authorization": f"Bearer {served.home.admin.reveal()}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60, verify=False) as http,
            Client(streamable_http_client(f"{served.url}/mcp", http_client=http), mode=mode) as client,
        ):
            asked = {"name": "car", "drawing": "AAAA", "steps": 20, "step_ms": 20}
            return await client.call_tool("toys_build", asked, progress_callback=progress)

    result = asyncio.run(build())
    assert result.structured_content["bytes"] == 3 and not result.is_error
    assert [done for done, _ in told] == sorted({done for done, _ in told}) and any(
        "Building car" in (m or "") for _, m in told
    )


def test_a_call_that_is_given_up_stops_its_job(served: Served) -> None:
    async def give_up() -> str:
        async with served.home.open() as (house, shown), Client(make(house, lambda _: shown), mode="legacy") as client:
            asked = {"name": "long", "drawing": "AAAA", "steps": 1000, "step_ms": 100}
            calling = asyncio.create_task(client.call_tool("toys_build", asked))
            found: Any = None
            async with asyncio.timeout(20):
                while found is None or not found.items:
                    found = await house.call("jobs.list", {"state": "running", "limit": 1}, credential=shown)
                    await asyncio.sleep(0.02)
            id = found.items[0].id
            calling.cancel()
            async with asyncio.timeout(20):
                while True:
                    job = await house.call("jobs.get", {"id": id}, credential=shown)
                    if job.ended:
                        return job.state
                    await asyncio.sleep(0.02)

    assert asyncio.run(give_up()) == "cancelled"


def test_an_answer_comes_with_words_and_structure(served: Served) -> None:
    async def ask() -> Any:
        async with served.home.open() as (house, shown), Client(make(house, lambda _: shown)) as client:
            made = await client.call_tool("toys_make", {"name": f"toy {time.time_ns()}"})
            priced = await client.call_tool("toys_price", {"id": made.structured_content["id"]})
            unknown = None
            try:
                await client.call_tool("toys_nothing", {})
            except Exception as error:
                unknown = str(error)
            return priced, unknown

    priced, unknown = asyncio.run(ask())
    assert (
        "Claims: 1 assayed." in priced.content[0].text
        and json.loads(priced.content[1].text) == priced.structured_content
    )
    assert priced.structured_content["evidence"] and "no tool" in (unknown or "")


def test_a_stream_is_collected_as_far_as_a_tool_can(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.faces.mcp.server.MOST_SECONDS", 0.4)

    async def ask() -> Any:
        async with served.home.open() as (house, shown), Client(make(house, lambda _: shown)) as client:
            many = await client.call_tool("toys_count", {"to": 500})
            slow = await client.call_tool("toys_count", {"to": 500, "every_ms": 50})
            return many.structured_content, slow.structured_content

    many, slow = asyncio.run(ask())
    assert len(many["items"]) == 100 and not many["ended"]
    assert 0 < len(slow["items"]) < 100 and not slow["ended"]


def test_http_needs_a_bearer_token_and_a_small_body(served: Served, http: httpx.Client) -> None:
    with served.anonymous() as anybody:
        refused = anybody.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        assert refused.status_code == 401 and refused.headers["www-authenticate"].startswith("Bearer")
    large = http.post("/mcp", json={"x": "y" * 400_000}, headers={"accept": "application/json, text/event-stream"})
    assert large.status_code == 413


def test_it_is_served_on_standard_input_and_output(home: Home, tmp_path: Path) -> None:
    program = tmp_path / "serve.py"
    program.write_text(
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from assay.faces.mcp.serve import stdio\n"
        "from assay.ports.secret import Secret\n"
        "from assay.runtime.settings import Settings\n"
        "from faces.living import Home\n"
        "async def main():\n"
        "    home = Home(Path(sys.argv[1]), Settings(home=Path(sys.argv[1])))\n"
        "    async with home.open(credential=Secret(sys.argv[2])) as (house, shown):\n"
        "        await stdio(house, shown)\n"
        "asyncio.run(main())\n"
    )
    arguments = [str(program), str(home.folder), home.admin.reveal()]
    server = StdioServerParameters(
        command=sys.executable, args=arguments, env={"PYTHONPATH": str(Path(__file__).parents[1])}
    )

    async def ask() -> Any:
        async with Client(server) as client:
            return await client.call_tool("jobs_list", {"limit": 1})

    assert "items" in asyncio.run(ask()).structured_content
