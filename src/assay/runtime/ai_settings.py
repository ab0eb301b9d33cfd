"""The settings of language models; each is read under its own name with ASSAY_ before it, or under the usual one."""

from __future__ import annotations

import re

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}


def _named(name: str, *others: str) -> AliasChoices:
    """ASSAY_<name>, else <name>, else the others."""
    return AliasChoices(f"ASSAY_{name}", name, *others)


class AiSettings(BaseSettings):
    """What is asked of models, of which, and how much. Nothing is asked of any until `ai_provider` is set."""

    model_config = SettingsConfigDict(
        env_prefix="ASSAY_", use_attribute_docstrings=True, extra="ignore", frozen=True, populate_by_name=True,
        env_ignore_empty=True,
    )  # fmt: skip

    ai_provider: str | None = Field(default=None, validation_alias=_named("AI_PROVIDER"))
    """Which models are asked, in order, with commas: local, ollama, openai, azure, claude, deepseek or custom, each with its model after a colon (`claude:NAME,local:/models/x.gguf`). Not set: none."""  # noqa: E501
    ai_model: str | None = Field(default=None, validation_alias=_named("AI_MODEL"))
    """The model of a provider that names none: its name on the server, or, for local, a GGUF file."""
    ai_endpoint: str | None = Field(default=None, validation_alias=_named("AI_ENDPOINT"))
    """Address of the provider custom, any server of the OpenAI protocol (vLLM, llama.cpp), with its /v1."""
    ai_api_key: SecretStr | None = Field(default=None, validation_alias=_named("AI_API_KEY"))
    """Key of the provider custom, where it wants one. Wins over one in the vault, like those below."""
    ai_timeout: float = Field(default=30.0, gt=0, le=600, validation_alias=_named("AI_TIMEOUT"))
    """How long models may take for one question, repairs included: seconds, or with a unit (`30s`)."""
    ai_max_tokens: int = Field(default=4_096, ge=16, le=131_072, validation_alias=_named("AI_MAX_TOKENS"))
    """Tokens of one answer, at most."""
    ai_temperature: float = Field(default=0.1, ge=0, le=2, validation_alias=_named("AI_TEMPERATURE"))
    """How freely a model chooses its words."""
    ai_confidence_threshold: float = Field(default=0.7, ge=0, le=1, validation_alias=_named("AI_CONFIDENCE_THRESHOLD"))
    """Below this confidence a question is refused, unless it says otherwise itself."""
    ai_samples: int = Field(default=3, ge=1, le=8, validation_alias=_named("AI_SAMPLES"))
    """How often a model is asked the same question; what its answers agree on counts for more."""
    ai_workload: bool = Field(default=False, validation_alias=_named("AI_WORKLOAD"))
    """Whether an advice over a workload also asks models for indexes, rewrites and words, and tells them statements."""
    ai_private: bool = Field(default=False, validation_alias=_named("AI_PRIVATE"))
    """Privacy mode: a model that is not on this machine's loopback is refused, at the start and at every connection."""
    ai_send_values: bool = Field(default=False, validation_alias=_named("AI_SEND_VALUES"))
    """Whether values of the database that a question names may be told to models off this machine."""
    ai_budget_tokens: int | None = Field(default=None, ge=0, validation_alias=_named("AI_BUDGET_TOKENS"))
    """Tokens of all models together in one day (UTC); then questions are answered without them."""
    ai_budget_usd: float | None = Field(default=None, ge=0, validation_alias=_named("AI_BUDGET_USD"))
    """The same in dollars; every model off this machine then needs its price."""
    ai_prices: dict[str, tuple[float, float]] = Field(
        default_factory=dict[str, tuple[float, float]], validation_alias=_named("AI_PRICES")
    )
    """Dollars for a million tokens of question and of answer, as JSON by model: `{"claude:NAME": [3, 15]}`."""
    openai_api_key: SecretStr | None = Field(default=None, validation_alias=_named("OPENAI_API_KEY"))
    """Key of the provider openai."""
    openai_base_url: str = Field(default="https://api.openai.com/v1", validation_alias=_named("OPENAI_BASE_URL"))
    """Address of the provider openai."""
    anthropic_api_key: SecretStr | None = Field(
        default=None, validation_alias=_named("ANTHROPIC_API_KEY", "CLAUDE_API_KEY")
    )
    """Key of the provider claude."""
    anthropic_base_url: str = Field(default="https://api.anthropic.com", validation_alias=_named("ANTHROPIC_BASE_URL"))
    """Address of the provider claude, or of another server of its protocol; without /v1."""
    deepseek_api_key: SecretStr | None = Field(default=None, validation_alias=_named("DEEPSEEK_API_KEY"))
    """Key of the provider deepseek."""
    deepseek_base_url: str = Field(default="https://api.deepseek.com/v1", validation_alias=_named("DEEPSEEK_BASE_URL"))
    """Address of the provider deepseek."""
    azure_openai_api_key: SecretStr | None = Field(default=None, validation_alias=_named("AZURE_OPENAI_API_KEY"))
    """Key of the provider azure."""
    azure_openai_endpoint: str | None = Field(default=None, validation_alias=_named("AZURE_OPENAI_ENDPOINT"))
    """Address of the provider azure, `https://NAME.openai.azure.com`; the model is the deployment."""
    azure_openai_api_version: str = Field(
        default="2024-10-21", validation_alias=_named("AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION")
    )
    """Version of Azure's interface."""
    ollama_endpoint: str = Field(default="http://127.0.0.1:11434", validation_alias=_named("OLLAMA_ENDPOINT"))
    """Address of Ollama; without /v1."""
    keep_model_calls_days: float = Field(default=90, gt=0)
    """How long it is kept what was asked of models by whom and what it cost; never the words."""

    @field_validator("ai_timeout", mode="before")
    @classmethod
    def _with_unit(cls, value: object) -> object:
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m)\s*", value) if isinstance(value, str) else None
        return float(found[1]) * _UNITS[found[2]] if found else value
