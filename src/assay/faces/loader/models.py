"""The language models behind the plugin, in the words of atest: providers, models, a catalogue, a test."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from assay.faces.loader.asked import seconds
from assay.faces.loader.door import Door
from assay.faces.loader.replies import pairs
from assay.kernel.errors import AssayError
from assay.wire import server_pb2 as wire

EMBEDDED = "embedded"
"""The engine of our own, which needs no server."""
_LOCAL = ("local", "ollama")
"""What atest calls local is Ollama; here local is a file."""


class ModelNotAvailable(AssayError):
    """No model of that name is set up here."""

    code, status = "MODEL_NOT_AVAILABLE", 404


class InvalidConfiguration(AssayError):
    """A setting of models that cannot take effect from here."""

    code, status = "INVALID_CONFIGURATION", 428


def find(names: Sequence[str], provider: str, model: str) -> str | None:
    """The model that is meant by a provider, a model or both; None when there is none of them.

    Args:
        names: those that are set up, "provider:model" or "provider".
    """
    meant = {provider, *(_LOCAL if provider in _LOCAL else ())} if provider else set[str]()
    for name in names:
        its_provider, _, its_model = name.partition(":")
        if (not meant or its_provider in meant) and model in ("", name, its_model):
            return name
    return None


async def known(door: Door) -> tuple[str, ...]:
    """The names of all that answers here, in the order in which it is asked; the embedded engine is the last."""
    listed = (await door.ask("ask.capabilities", {}))["models"]
    return (*(name for name in listed if name != EMBEDDED), EMBEDDED)


async def providers(door: Door, body: dict[str, Any]) -> wire.DataQueryResult:
    """The providers, each with its models and whether it answers as far as is known."""
    found = [*_grouped((await door.ask("models.list", {}))["models"]), _own()]
    if body.get("include_unavailable", True) is False:
        found = [one for one in found if one["available"]]
    return pairs(providers=found, count=str(len(found)), success=True)


async def models(door: Door, body: dict[str, Any]) -> wire.DataQueryResult:
    """The models of one provider, or of all."""
    provider = str(body.get("provider") or "all")
    every = [
        {"id": name, "name": name, "provider": name.partition(":")[0]}
        for name in await known(door)
        if provider == "all" or find([name], provider, "")
    ]
    return pairs(models=every, provider=provider, count=str(len(every)), success=True)


async def catalog(door: Door, body: dict[str, Any]) -> wire.DataQueryResult:
    """The same by provider."""
    provider = str(body.get("provider") or "")
    found = [*_grouped((await door.ask("models.list", {}))["models"]), _own()]
    return pairs(
        catalog={one["name"]: one["models"] for one in found if not provider or find([one["name"]], provider, "")},
        success=True,
    )


async def test(door: Door, body: dict[str, Any]) -> wire.DataQueryResult:
    """Ask a model that is set up here for one short answer."""
    if sent := [name for name in ("endpoint", "api_key") if body.get(name)]:
        raise InvalidConfiguration(
            f"{sent[0]}: addresses and keys of models are set where atest-store-ai runs, and tested as they are there.",
            field=sent[0], cure="leave it out; the models are set with AI_PROVIDER in the plugin's environment",
        )  # fmt: skip
    name = await wanted(door, str(body.get("provider") or ""), str(body.get("model") or ""))
    began = time.perf_counter()
    if name == EMBEDDED:
        status = await door.ask("ask.status", {})
        fault = status["reason"]
    else:
        within = seconds(body.get("timeout"), "timeout")
        fault = (await door.ask("models.test", {"name": name}, timeout_s=within))["error"]
    took = round((time.perf_counter() - began) * 1e3)
    message = fault or f"{name} answers."
    result = {"success": fault is None, "message": message, "response_time_ms": took, "model": name,
              "provider": name.partition(":")[0]}  # fmt: skip
    reply = pairs(result=result, success=fault is None, message=message, response_time_ms=str(took))
    if fault:
        reply.data.extend(pairs(error=fault, error_code="AI_PROVIDER_UNAVAILABLE").data[1:])
    return reply


async def wanted(door: Door, provider: str, model: str) -> str:
    """The model that a caller names, the first one that is set up when it names none.

    Raises ModelNotAvailable.
    """
    names = await known(door)
    found = find(names, provider, model)
    if found is None:
        asked = ":".join(part for part in (provider, model) if part)[:80]
        raise ModelNotAvailable(f"model: {asked} is not set up here.", field="model", known=list(names),
                                cure="set AI_PROVIDER where atest-store-ai runs, or name one of the known")  # fmt: skip
    return found


async def health(door: Door, body: dict[str, Any]) -> wire.DataQueryResult:
    """Whether questions are answered, or, of one provider, whether its last call went well. No `error`: none failed."""
    provider = str(body.get("provider") or EMBEDDED)
    line = next((one for one in _grouped((await door.ask("models.list", {}))["models"])
                 if find([one["name"]], provider, "")), None)  # fmt: skip
    if provider != EMBEDDED and line is None:
        raise ModelNotAvailable(f"provider: {provider[:80]} is not set up here.", field="provider")
    fault = (await door.ask("ask.status", {}))["reason"] if line is None else line["last_error"]
    more = {"message": fault} if fault else {}
    return pairs(healthy=fault is None, provider=provider, timestamp=str(int(time.time())), success=True, **more)


def refuse_update(provider: str) -> InvalidConfiguration:
    """Why a configuration is not taken: it would last until the next start only, and hold for every store."""
    return InvalidConfiguration(
        "update_config: models are set where atest-store-ai runs, for all of its stores; nothing was changed.",
        provider=provider, cure="set AI_PROVIDER and the keys in the plugin's environment or --config file, "
        "then start it again",
    )  # fmt: skip


def _grouped(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for line in lines:
        provider = str(line["name"]).partition(":")[0]
        one = found.setdefault(provider, {"name": provider, "models": [], "available": False, "last_error": None,
                                          "on_this_machine": line["on_loopback"]})  # fmt: skip
        one["models"].append(line["name"])
        one["available"] = one["available"] or line["breaker"] != "open"
        one["last_error"] = one["last_error"] or line["last_error"]
    return list(found.values())


def _own() -> dict[str, Any]:
    return {"name": EMBEDDED, "models": [EMBEDDED], "available": True, "last_error": None, "on_this_machine": True}
