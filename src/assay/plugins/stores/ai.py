"""The properties of an AI store as numbers, durations and names, each within its bounds."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from assay.plugins.stores.flatten import Leaves, from_json
from assay.plugins.stores.model import AiValues, RateLimit
from assay.plugins.stores.spots import Reader, flag_of
from assay.ports.databases import Engine
from assay.ports.secret import Secret

ENGINES: dict[str, Engine] = {
    "postgresql": "postgresql", "postgres": "postgresql", "pg": "postgresql", "mysql": "mysql", "mariadb": "mysql",
    "sqlite": "sqlite", "sqlite3": "sqlite",
}  # fmt: skip
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3_600.0}
_STEP = r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)"
_DEFAULTS = AiValues()
_KNOWN = (
    "enable_sql_execution", "confidence_threshold", "supported_databases", "max_tokens", "temperature", "timeout",
    "rate_limit.requests_per_minute", "rate_limit.burst_size", "provider", "model", "endpoint", "api_key",
)  # fmt: skip


def seconds(text: str) -> float | None:
    """Return how long a duration is: `30s`, `1m30s`, `500ms`, or a number of seconds; None: it is none."""
    if _NUMBER.fullmatch(text):
        return float(text)
    if not re.fullmatch(f"(?:{_STEP})+", text, re.ASCII):
        return None
    return math.fsum(float(number) * _UNITS[unit] for number, unit in re.findall(_STEP, text, re.ASCII))


def ai_values(leaves: Leaves, reader: Reader) -> AiValues:
    """Return what the properties say, defaults where they say nothing or something wrong; that is noted in `reader`."""
    reader.nearly({key: spot for key, (_, spot) in leaves.items()}, _KNOWN)
    said, rate = _Said(leaves, reader), _DEFAULTS.rate_limit
    if "rate_limit" in leaves:
        reader.wrong(leaves["rate_limit"][1], "is text", "a map of requests_per_minute and burst_size belongs here")
    return AiValues(
        enable_sql_execution=said.flag("enable_sql_execution"),
        confidence_threshold=said.number("confidence_threshold", _DEFAULTS.confidence_threshold, 0, 1),
        supported_databases=said.databases(),
        max_tokens=said.whole("max_tokens", _DEFAULTS.max_tokens, 16, 131_072),
        temperature=said.number("temperature", _DEFAULTS.temperature, 0, 2),
        timeout_s=said.duration("timeout", _DEFAULTS.timeout_s, 600),
        rate_limit=RateLimit(
            requests_per_minute=said.whole("rate_limit.requests_per_minute", rate.requests_per_minute, 1, 100_000),
            burst_size=said.whole("rate_limit.burst_size", rate.burst_size, 1, 10_000),
        ),
        provider=said.text("provider").lower(),
        model=said.text("model"),
        endpoint=said.endpoint(),
        api_key=Secret(said.text("api_key")) if said.text("api_key") else None,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Said:
    """What a store says under a key, as a type; empty is as if it said nothing."""

    leaves: Leaves
    reader: Reader

    def text(self, key: str) -> str:
        return self.leaves[key][0].strip() if key in self.leaves else ""

    def wrong(self, key: str, says: str, cure: str) -> None:
        self.reader.wrong(self.leaves[key][1], says, cure)

    def flag(self, key: str) -> bool:
        if (text := self.text(key)) and flag_of(text) is None:
            self.wrong(key, "is neither true nor false", "write true or false")
        return flag_of(text) or False

    def number(self, key: str, default: float, least: float, most: float) -> float:
        if not (text := self.text(key)):
            return default
        if _NUMBER.fullmatch(text) and least <= float(text) <= most:
            return float(text)
        self.wrong(key, f"is not a number from {least:g} to {most:g}", f"write one, such as {default:g}")
        return default

    def whole(self, key: str, default: int, least: int, most: int) -> int:
        if not (text := self.text(key)):
            return default
        if _WHOLE.fullmatch(text) and least <= int(text) <= most:
            return int(text)
        self.wrong(key, f"is not a whole number from {least:,} to {most:,}", f"write one, such as {default}")
        return default

    def duration(self, key: str, default: float, most: float) -> float:
        if not (text := self.text(key)):
            return default
        length = seconds(text)
        if length is not None and 0 < length <= most:
            return length
        self.wrong(key, f"is not a duration of more than 0 and at most {most:g} seconds", "write 30s, 1m30s or 500ms")
        return default

    def endpoint(self) -> str:
        text = self.text("endpoint")
        try:
            parts = urlsplit(text)
            _ = parts.port
        except ValueError:
            parts = urlsplit("")
        if text and (parts.scheme not in ("http", "https") or not parts.hostname):
            self.wrong("endpoint", "is no address of a model server", "write https://HOST or http://HOST:PORT")
        elif text and (parts.username or parts.password):
            self.wrong("endpoint", "holds a password", "write it as api_key")
        return text

    def databases(self) -> tuple[Engine, ...]:
        key = "supported_databases"
        if not (text := self.text(key)):
            return _DEFAULTS.supported_databases
        spot = self.leaves[key][1]
        listed = from_json(text) if text.startswith(("[", "{")) else text.split(",")
        if not isinstance(listed, list):
            self.wrong(key, "is no list of databases", "write [postgresql, mysql, sqlite]")
            return _DEFAULTS.supported_databases
        nodes: list[Any] = spot.node.value if spot.is_list else [spot.node] * len(cast("list[object]", listed))
        found: dict[Engine, None] = {}
        for index, name in enumerate(cast("list[object]", listed)):
            engine = ENGINES.get(str(name).strip().lower())
            if engine is None:
                self.reader.wrong(spot.at(index, nodes[index]), "is no database that is supported",
                                  "postgresql, mysql (mariadb too) and sqlite are")  # fmt: skip
            else:
                found[engine] = None
        if not found:
            self.wrong(key, "names no database", "name one, or leave the whole line out")
        return tuple(found) or _DEFAULTS.supported_databases
