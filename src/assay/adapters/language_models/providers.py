"""Makes the model that a setting names, "claude:some-model", of what the settings say about servers and keys."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from assay.adapters.language_models.anthropic import AnthropicModel
from assay.adapters.language_models.endpoint import Endpoint, Key
from assay.adapters.language_models.local import LocalModel
from assay.adapters.language_models.openai import DEEPSEEK, OPENAI, OllamaModel, OpenAiModel, azure
from assay.ports.errors import Invalid
from assay.ports.language_model import LanguageModel
from assay.ports.processes import Processes

PROVIDERS = ("local", "ollama", "openai", "azure", "claude", "deepseek", "custom")
_SAME = {"anthropic": "claude", "vllm": "custom", "llamacpp": "custom"}


@dataclass(frozen=True, slots=True)
class Server:
    """Where one provider is, and what opens it."""

    url: str | None
    setting: str
    """Where the address comes from, for errors."""
    key: Key


@dataclass(frozen=True, slots=True)
class Access:
    """What the settings say of every provider."""

    servers: dict[str, Server]
    """By provider; local has none."""
    azure_version: str
    private: bool


def chosen(choices: str, model: str | None) -> list[tuple[str, str]]:
    """The (provider, model) pairs of a setting, in order; a provider that names no model gets `model`.

    Raises Invalid when a provider is not known, or stands there twice with the same model.
    """
    found: list[tuple[str, str]] = []
    for choice in filter(None, (one.strip() for one in choices.split(","))):
        name, _, own = choice.partition(":")
        provider = _SAME.get(name.strip().lower(), name.strip().lower())
        if provider not in PROVIDERS:
            raise Invalid(f"AI_PROVIDER: there is no provider of that name; one of {', '.join(PROVIDERS)} is needed.",
                          field="AI_PROVIDER", known=list(PROVIDERS))  # fmt: skip
        pair = (provider, own.strip() or (model or "").strip())
        if pair in found:
            raise Invalid(f"AI_PROVIDER: {provider} stands there twice with the same model.", field="AI_PROVIDER")
        found.append(pair)
    return found


def make(provider: str, model: str, access: Access, processes: Processes) -> LanguageModel:
    """The model. Raises Invalid when something is missing, except for the key, before anything is asked of anybody."""
    if provider == "local" and model.endswith(".gguf"):
        return LocalModel(processes, Path(model))
    if provider == "local":
        provider = "ollama"  # what the name meant before we served files ourselves
    if not model and provider != "custom":
        raise Invalid(f"AI_MODEL: {provider} needs to be told which model.", field="AI_MODEL",
                      cure=f"AI_PROVIDER={provider}:NAME")  # fmt: skip
    server = access.servers[provider]
    if not server.url:
        raise Invalid(f"{server.setting}: {provider} needs an address.", field=server.setting)
    headers = {"claude": "x-api-key", "azure": "api-key"}
    end = Endpoint(server.url, server.key, headers.get(provider, "authorization"), private=access.private,
                   setting=server.setting)  # fmt: skip
    if provider == "claude":
        return AnthropicModel(end, model)
    if provider == "ollama":
        return OllamaModel(end, model)
    dialects = {"openai": OPENAI, "deepseek": DEEPSEEK, "azure": azure(model, access.azure_version)}
    return OpenAiModel(end, model, dialects.get(provider))
