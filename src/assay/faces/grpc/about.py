"""GetAIStatus and GetAICapabilities: whether questions are answered, and what can be asked."""

from __future__ import annotations

from assay.faces.grpc.asking import Asking, Json
from assay.wire import server_pb2 as wire

_SAYS = "Questions in words become SQL that was bound to the live schema, planned and explained."


async def get_ai_status(call: Asking, request: wire.Empty) -> wire.AIStatus:
    """Say whether questions are answered now, and by what."""
    return status(await call.ask("ask.status", dict))


async def get_ai_capabilities(call: Asking, request: wire.AICapabilitiesRequest) -> wire.AICapabilitiesResponse:
    """Say what can be asked of a plugin, or, where none is named, of this program."""
    if request.plugin_name:
        return plugin(await call.ask("plugins.capabilities", lambda: {"plugin_name": request.plugin_name}))
    return capabilities(await call.ask("ask.capabilities", dict), await call.ask("ask.status", dict))


def status(answer: Json) -> wire.AIStatus:
    """Return the message for a status."""
    return wire.AIStatus(
        available=answer["available"], supported_models=answer["supported_models"],
        current_model=answer["current_model"], capabilities=answer["capabilities"], version=answer["version"],
        last_health_check=answer["last_health_check"], reason=answer["reason"],
        supported_databases=answer["supported_databases"], calibrated_on=answer["calibrated_on"],
    )  # fmt: skip


def capabilities(able: Json, now: Json) -> wire.AICapabilitiesResponse:
    """Return the message for what this program can be asked, and how it is."""
    more = wire.AICapabilities(
        available=now["available"], supported_databases=able["databases"], supported_models=able["models"],
        default_model=now["current_model"], plugin_version=able["version"], features=able["features"],
        description=_SAYS, limits=able["limits"], health={"engine": now["reason"] or "ok"},
    )  # fmt: skip
    return wire.AICapabilitiesResponse(
        models=able["models"], features=able["features"], description=_SAYS, version=able["version"], success=True,
        capabilities=more,
    )  # fmt: skip


def plugin(answer: Json) -> wire.AICapabilitiesResponse:
    """Return the message for what a plugin says of itself."""
    return wire.AICapabilitiesResponse(
        models=answer["models"], features=answer["features"], description=answer["description"],
        version=answer["version"], success=answer["success"], error=answer["error"],
    )  # fmt: skip
