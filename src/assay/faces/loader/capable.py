"""What the plugin says it can do, in either protocol."""

from __future__ import annotations

from typing import Any

from assay.faces.loader.door import Door
from assay.faces.loader.models import known
from assay.faces.loader.replies import pairs
from assay.wire import server_pb2 as wire

DESCRIPTION = "Questions in words become SQL that reads only, names what exists, was planned, and is explained."


async def capabilities(door: Door, body: dict[str, Any]) -> wire.DataQueryResult:
    """As pairs. Names stand between commas, since the host splits there; `capabilities` has the JSON."""
    able, names = await door.ask("ask.capabilities", {}), await known(door)
    whole = {
        "version": able["version"], "models": names, "features": able["features"],
        "databases": [{"name": name, "supported": True} for name in able["databases"]], "limits": able["limits"],
    }  # fmt: skip
    if body.get("check_health"):
        whole["health"] = await _health(door)
    shown = [name for name in ("models", "features") if body.get(f"include_{name}", True) is not False]
    lists = {name: ",".join(names if name == "models" else able["features"]) for name in shown}
    return pairs(capabilities=whole, **lists, description=DESCRIPTION, version=able["version"], success=True)


async def ai_capabilities(door: Door) -> wire.AICapabilities:
    """As the message that newer hosts ask for."""
    able, names, status = await door.ask("ask.capabilities", {}), await known(door), await door.ask("ask.status", {})
    limits = {"requests_per_minute": able["limits"]["requestsPerMinute"], "burst": able["limits"]["burst"],
              "max_rows": able["limits"]["maxRows"],
              "max_question_characters": able["limits"]["maxQuestionCharacters"]}  # fmt: skip
    return wire.AICapabilities(
        available=status["available"], supported_databases=able["databases"], supported_models=names,
        default_model=status["currentModel"], plugin_version=able["version"], features=able["features"],
        description=DESCRIPTION, limits=limits, health=await _health(door),
    )  # fmt: skip


async def _health(door: Door) -> dict[str, str]:
    """Of each that answers, "ok", or why it failed last."""
    reason = (await door.ask("ask.status", {}))["reason"]
    lines = (await door.ask("models.list", {}))["models"]
    return {"embedded": reason or "ok", **{one["name"]: one["last_error"] or "ok" for one in lines}}
