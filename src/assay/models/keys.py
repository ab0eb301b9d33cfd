"""What opens each provider: a key of the environment, else one in the vault, looked up whenever a model is asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pydantic import SecretStr
from sqlalchemy import delete, insert, select

from assay.models._store import keys
from assay.models.model import KEY_FORM, Provider, ProviderKey
from assay.ports.errors import Invalid, NotFound
from assay.ports.secret import Secret
from assay.ports.store import Change, Store
from assay.ports.vault import Vault
from assay.runtime.ai_settings import AiSettings

SETTINGS: Mapping[Provider, str] = {
    "openai": "OPENAI_API_KEY", "azure": "AZURE_OPENAI_API_KEY", "claude": "ANTHROPIC_API_KEY",
    "deepseek": "DEEPSEEK_API_KEY", "custom": "AI_API_KEY",
}  # fmt: skip
"""By provider; those that are not here take no key."""
_KEYLESS = ("custom",)
"""Those that may do without."""


def provider_of(model: str) -> str:
    """The provider of a configured model, "claude:some-model"."""
    return model.partition(":")[0]


def given(settings: AiSettings, models: Iterable[str]) -> dict[str, Secret]:
    """The keys that the environment has; raises Invalid for one that is none, of a provider of these models."""
    asked = set(map(provider_of, models))
    found: dict[str, Secret] = {}
    for provider, setting in SETTINGS.items():
        secret: SecretStr | None = getattr(settings, setting.lower())
        key = secret.get_secret_value().strip() if secret is not None else ""
        if provider in asked and key and not re.fullmatch(KEY_FORM, key):
            raise Invalid(f"{setting}: a key is printable ASCII without spaces.", field=setting)
        if key:
            found[provider] = Secret(key)
    return found


class Keys:
    """The keys of providers as they are now; other processes may change those in the vault.

    Args:
        given: those of the environment, which win.
    """

    def __init__(self, store: Store, vault: Vault, given: Mapping[str, Secret]) -> None:
        self._store, self._vault, self._given = store, vault, given

    async def check(self, models: Iterable[str]) -> None:
        """Raise Invalid when the provider of one of these models needs a key and has none."""
        asked = set(map(provider_of, models))
        for provider in SETTINGS:
            if provider in asked:
                await self.of(provider)

    async def of(self, provider: Provider) -> Secret | None:
        """The key for a call that begins now; raises Invalid when there is none and the provider needs one."""
        if provider in self._given:
            return self._given[provider]
        rows = await self._store.rows(select(keys.c.sealed).where(keys.c.provider == provider))
        if rows:
            return Secret(self._vault.open(rows[0]["sealed"], about=_about(provider)).decode())
        if provider in _KEYLESS:
            return None
        setting = SETTINGS[provider]
        raise Invalid(
            f"{setting}: {provider} needs a key, and there is none in the environment or the vault.", field=setting,
            cure=f"set {setting} in the environment, or: assay models keep-key {provider}", lacks="key",
        )  # fmt: skip

    async def lines(self) -> tuple[ProviderKey, ...]:
        """Where the key of each provider comes from."""
        rows = await self._store.rows(select(keys.c.provider, keys.c.kept_at))
        kept = {row["provider"]: row["kept_at"] for row in rows}
        return tuple(self.line(provider, kept.get(provider)) for provider in SETTINGS)

    def line(self, provider: Provider, kept_at: datetime | None) -> ProviderKey:
        """Where the key of a provider comes from, when one in the vault was kept then."""
        source = "environment" if provider in self._given else "none" if kept_at is None else "vault"
        return ProviderKey(provider=provider, source=source, setting=SETTINGS[provider], kept_at=kept_at)

    def keeping(self, provider: Provider, key: Secret, at: datetime) -> Sequence[Change]:
        """The changes that put a key into the vault, in the place of an older one."""
        sealed = self._vault.seal(key.reveal().encode(), about=_about(provider))
        row = {"provider": provider, "sealed": sealed, "kept_at": at}
        return Change(delete(keys).where(keys.c.provider == provider)), Change(insert(keys).values(**row))


def forgetting(provider: Provider) -> Change:
    """The change that takes a key out of the vault; NotFound when there is none."""
    none = NotFound(f"There is no key of {provider} in the vault.", field="provider")
    return Change(delete(keys).where(keys.c.provider == provider), expect=1, otherwise=none)


def _about(provider: str) -> str:
    return f"model key:{provider}"
