"""Stores and plugins over REST, on the program that ships, with plugins that are real processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from doubles.troubled import install
from faces.living import Served
from plugins.serving import PluginHome, make

STORES = """# kept
stores:
- name: rows
  kind: {name: atest-store-well}
  password: hunter2
  properties: {colour: red, api_key: "${SECRET_OF_TEST:-sk-none}", city: "${CITY_OF_TEST:-Rome}"}
- name: 北京
  kind: {name: atest-store-well}
- name: bot
  kind: {name: atest-store-bot, categories: [ai]}
  properties: {rate_limit.requests_per_minute: "10000", rate_limit.burst_size: "1000"}
- {name: off, disabled: true, kind: {name: atest-store-off}}
- {name: broken, kind: {name: "not a name!"}}
"""


@pytest.fixture(scope="module")
def home() -> Iterator[PluginHome]:
    with tempfile.TemporaryDirectory(prefix="plugins-") as folder:
        it = make(Path(folder))
        install(it.bin, "atest-store-well")
        install(it.bin, "atest-store-bot", "well", "--without", "GetAICapabilities")
        it.file.write_text(STORES)
        it.file.chmod(0o600)
        yield it


@pytest.fixture(scope="module")
def served(home: PluginHome) -> Iterator[Served]:
    with Served(home) as it:
        yield it


def caller(served: Served, *roles: str, scopes: tuple[str, ...] = ("*:*",)) -> httpx.Client:
    asked = {"name": uuid4().hex, "roles": list(roles), "scopes": list(scopes)}
    issue = served.house.call("accounts.issue", asked, credential=served.home.admin)
    token = asyncio.run_coroutine_threadsafe(issue, served.loop).result(60).token
    return httpx.Client(base_url=f"{served.url}/api/v1", headers={"authorization": f"Bearer {token}"}, timeout=60)


@pytest.fixture(scope="module")
def api(served: Served) -> Iterator[httpx.Client]:
    with caller(served, "admin") as client:
        wait(lambda: {"rows", "北京", "bot"} <= {one["name"] for one in stores(client).values() if one["ready"]})
        yield client


def wait(true: Callable[[], Any], within_s: float = 20.0) -> Any:
    began = time.monotonic()
    while not (so := true()):
        assert time.monotonic() - began < within_s
        time.sleep(0.02)
    return so


def stores(api: httpx.Client) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in api.get("/stores").json()["data"]}


def test_stores_are_listed_as_atest_lists_them_with_states_and_without_secrets(api: httpx.Client) -> None:
    body = api.get("/stores").json()
    assert "hunter2" not in json.dumps(body) and "sk-none" not in json.dumps(body)
    rows = next(one for one in body["data"] if one["name"] == "rows")
    assert rows["password"] == "******" and rows["ready"] is True and rows["state"] == "ready"
    assert rows["readOnly"] is True and rows["version"] == "v1.2" and rows["latencyMs"] > 0 and rows["restarts"] == 0
    assert rows["readOnlyByFile"] is False, "only the plugin says that it is read-only"
    said = {one["key"]: one["value"] for one in rows["properties"]}
    assert said == {"colour": "red", "api_key": "******", "city": "${CITY_OF_TEST:-Rome}"}
    off = next(one for one in body["data"] if one["name"] == "off")
    assert (off["state"], off["ready"], off["disabled"]) == ("disabled", False, True)
    problem = next(one for one in body["problems"] if one["severity"] == "error")
    assert problem["path"].startswith("stores[4]") and problem["line"] == 13 and problem["cure"]
    assert [one["name"] for one in api.get("/stores", params={"kind": "ai"}).json()["data"]] == ["bot"]
    kinds = {one["name"] for one in api.get("/stores/kinds").json()["data"]}
    assert {"atest-store-well", "atest-store-bot"} <= kinds


def test_a_statement_goes_to_the_store_that_the_header_names(api: httpx.Client) -> None:
    answer = api.post("/data/query", json={"key": "rows", "offset": "1"}, headers={"X-Store-Name": "rows"}).json()
    assert [[one["value"] for one in row["data"]] for row in answer["items"]] == [["Äda", "1"], ["Bob", "2", ""]]
    assert answer["items"][1]["data"][2] == {"key": "note", "value": "", "description": "NULL"}
    assert answer["meta"]["currentDatabase"] == "shop"
    named = api.post("/data/query", json={"key": "echo"}, headers={"X-Store-Name": "北京".encode()})  # type: ignore[dict-item]
    said = {one["key"]: one["value"] for one in named.json()["data"]}
    assert bytes.fromhex(said["name-bin"]).decode() == "北京"
    assert "pro.colour" not in said and "pro.api_key" not in said
    nobody = api.post("/data/query", json={"key": "rows"})
    assert nobody.status_code == 422 and "X-Store-Name" in nobody.json()["error"]["message"]
    assert api.post("/data/query", json={"store": "none"}).status_code == 404
    words = {"key": "echo", "sql": "{{ env `HOME` }} ${HOME}", "store": "rows"}
    said = {one["key"]: one["value"] for one in api.post("/data/query", json=words).json()["data"]}
    assert json.loads(said["asked.sql"]) == words["sql"]


def test_who_may_do_what(served: Served, api: httpx.Client) -> None:
    with caller(served, "viewer") as viewer, caller(served, "operator") as operator:
        assert viewer.get("/stores").status_code == 200
        assert viewer.post("/data/query", json={"store": "rows", "key": "rows"}).status_code == 403
        refused = operator.post("/data/query", json={"store": "rows", "key": "rows"})
        assert refused.status_code == 403 and refused.json()["error"]["details"]["needs"] == "plugins:statement"
        asked = {"type": "AI", "natural_language": "how many?", "store": "bot"}
        assert operator.post("/data/query", json=asked).status_code == 200
        changes = operator.post("/data/query", json={"type": "ai", "key": "update_config", "sql": "{}", "store": "bot"})
        assert changes.status_code == 403
        for path in ("/plugins/atest-store-well/stop", "/plugins/atest-store-well/restart"):
            assert operator.post(path).status_code == 403
        assert operator.get("/plugins/atest-store-well/log").status_code == 403
        assert operator.delete("/stores/rows").status_code == 403
    with caller(served, "admin", scopes=("store:bot",)) as narrow:
        assert list(stores(narrow)) == ["bot"]
        assert narrow.post("/data/query", json={"store": "rows", "key": "rows"}).status_code == 403


def test_a_store_is_made_changed_with_its_secrets_kept_and_taken_away(api: httpx.Client, home: PluginHome) -> None:
    os.environ["LEAK_OF_TEST"] = "leaked"
    made = {
        "name": "mine", "kind": {"name": "atest-store-well"}, "password": "pass-1", "username": "${LEAK_OF_TEST}",
        "properties": [{"key": "token", "value": "tok-1"}, {"key": "colour", "value": "blue"}], "ready": False,
    }  # fmt: skip
    answer = api.post("/stores", json=made)
    assert answer.status_code == 200, answer.text
    assert "pass-1" not in answer.text and "tok-1" not in answer.text
    assert api.post("/stores", json=made).status_code == 409
    wait(lambda: stores(api)["mine"]["ready"])

    def told() -> dict[str, str]:
        said = api.post("/data/query", json={"key": "echo", "store": "mine"}).json()["data"]
        return {one["key"]: one["value"] for one in said}

    assert (told()["password"], told()["pro.token"], told()["username"]) == ("pass-1", "tok-1", "${LEAK_OF_TEST}")
    shown = stores(api)["mine"]
    changed = {name: shown[name] for name in ("name", "kind", "password", "username", "properties")}
    changed["properties"] = [*changed["properties"][:1], {"key": "colour", "value": "green"}]
    assert api.put("/stores/mine", json=changed).status_code == 200
    after = told()
    assert (after["password"], after["pro.token"], after["pro.colour"]) == ("pass-1", "tok-1", "green")
    assert after["username"] == "${LEAK_OF_TEST}"
    bad = api.put("/stores/mine", json={**changed, "kind": {"name": "atest-store-well", "url": "unix://x"}})
    assert bad.status_code == 422 and bad.json()["error"]["details"]["field"] == "kind.url"
    assert home.file.stat().st_mode & 0o777 == 0o600 and home.file.read_text().startswith("# kept")
    audit = api.get("/audit", params={"limit": 200}).text
    assert "pass-1" not in audit and "tok-1" not in audit
    assert api.delete("/stores/mine").status_code == 200
    assert "mine" not in stores(api) and api.delete("/stores/mine").status_code == 404
    assert "SECRET_OF_TEST:-sk-none" in home.file.read_text()


def test_verify_says_whether_it_works_and_what_is_the_matter(api: httpx.Client) -> None:
    good = api.post("/stores/verify", json={"name": "rows", "kind": "x"}).json()
    assert (good["ready"], good["readOnly"], good["version"], good["message"]) == (True, True, "v1.2", "")
    off = api.post("/stores/verify", json={"name": "off"}).json()
    assert off["ready"] is False and "disabled" in off["message"]
    assert api.post("/stores/verify", json={"name": "none"}).status_code == 404


def test_a_plugin_is_stopped_started_killed_and_its_log_is_read(served: Served, api: httpx.Client) -> None:
    def plugin() -> dict[str, Any]:
        return next(one for one in api.get("/plugins").json()["data"] if one["name"] == "atest-store-well")

    assert plugin()["stores"] == ["rows", "北京"] and plugin()["program"].endswith("/bin/atest-store-well")
    assert api.post("/plugins/atest-store-well/stop").json()["state"] == "stopped"
    gone = api.post("/data/query", json={"key": "rows", "store": "rows"})
    assert gone.status_code == 503 and "stopped it" in gone.json()["error"]["message"]
    assert "POST /api/v1/plugins/atest-store-well/start" in gone.json()["error"]["details"]["cure"]
    assert stores(api)["bot"]["ready"] is True
    api.post("/plugins/atest-store-well/start")
    wait(lambda: stores(api)["rows"]["ready"])
    before = plugin()
    os.kill(before["pid"], signal.SIGKILL)
    wait(lambda: plugin()["restarts"] == before["restarts"] + 1 and stores(api)["rows"]["ready"])
    page = api.get("/plugins/atest-store-well/log", params={"limit": 1}).json()
    assert (
        [(one["number"], one["text"]) for one in page["items"]] == [(1, "listening")]
        and page["total"] >= 3
        and page["next_cursor"] == "1"
    )
    assert api.get("/plugins/none/log").status_code == 404
    metrics = httpx.get(f"{served.url}/metrics").text
    assert 'assay_plugin_up{plugin="atest-store-well"} 1.0' in metrics
    assert 'assay_plugin_restarts_total{plugin="atest-store-well"} 1.0' in metrics
    assert 'assay_plugin_call_seconds_count{call="query",outcome="OK",store="rows"}' in metrics
    health = httpx.get(f"{served.url}/health?verbose", headers=api.headers).json()
    part = next(one for one in health["parts"] if one["name"] == "plugins")
    assert part["well"] is True, part


def test_menus_of_plugins_are_listed_once_and_their_pages_served(api: httpx.Client) -> None:
    menus = api.get("/extension/menus").json()
    assert menus == {"data": [{"name": "AI", "index": "ai-chat", "icon": "Chat", "version": 2}]}
    assert api.get("/extension/pages/ai-chat/js").json() == {"success": True, "message": "let a"}
    assert api.get("/extension/pages/ai-chat/css").json() == {"success": True, "message": "a {}"}
    missing = api.get("/extension/pages/welcome/js").json()
    assert missing["success"] is False and "welcome" in missing["message"]


def test_an_ai_plugin_is_registered_discovered_asked_for_its_health_and_unregistered(
    api: httpx.Client, home: PluginHome
) -> None:
    install(home.bin, "my-ai")
    found = {one["name"]: one["configured"] for one in api.get("/ai/plugins/discover").json()["plugins"]}
    assert found["bot"] is True and found["my-ai"] is False
    for wrong in ({"name": "sh"}, {"name": "env"}, {"name": "x", "socketPath": "tmp/x.sock"}):
        assert api.post("/ai/plugins/register", json=wrong).status_code == 422
    assert api.post("/ai/plugins/register", json={"name": "x", "socketPath": "/nowhere/x.sock"}).status_code == 503
    asked = {"name": "my-ai", "version": "1", "capabilities": ["sql"], "metadata": {"api_key": "sk-9", "sure": "0.95"}}
    made = api.post("/ai/plugins/register", json=asked)
    assert made.status_code == 200 and made.json()["metadata"] == {"api_key": "******", "sure": "0.95"}, made.text
    health = wait(lambda: (one := api.get("/ai/plugins/my-ai/health").json())["status"] == "online" and one)
    assert health["errorMessage"] == "" and health["responseTime"] > 0 and health["lastCheckAt"]
    assert {one["name"] for one in api.get("/ai/plugins/health").json()["plugins"]} == {"bot", "my-ai"}
    assert api.get("/ai/plugins/rows/health").status_code == 404
    assert api.delete("/ai/plugins/rows").status_code == 404
    assert api.delete("/ai/plugins/my-ai").status_code == 200
    assert "my-ai" not in stores(api)
