"""`${VAR}` and `${VAR:-default}` in a text are replaced by the environment's values; `$${` stands for `${`."""

from __future__ import annotations

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"(\$?)\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(:-[^{}]*)?\})?")


class Unreadable(Exception):
    """A reference that has no value, or is none: what is wrong, and what would be right."""

    def __init__(self, says: str, cure: str) -> None:
        super().__init__(says)
        self.says, self.cure = says, cure


def expand(text: str, environment: Mapping[str, str]) -> str:
    """Return the text with its references replaced, once: what a value brings in is not looked at again.

    A default counts where the variable is not set or empty. Every `$` but that of `${` means itself.

    Raises:
        Unreadable: a variable is not set and has no default, or a `${` is no reference.
    """

    def value(found: re.Match[str]) -> str:
        escaped, name, default = found.groups()
        if escaped:
            return found[0][1:]
        if name is None:
            raise Unreadable(
                "has a ${ that names no variable", "write ${NAME}, ${NAME:-default}, or $${ for a plain ${"
            )
        if default is not None:
            return environment.get(name) or default[2:]
        if name not in environment:
            raise Unreadable(f"needs the variable {name}, which is not set", f"set it, or write ${{{name}:-default}}")
        return environment[name]

    return _REFERENCE.sub(value, text)


def literal(text: str) -> str:
    """Return a text that expands to this one: for what comes from a caller, who may not read our environment."""
    return text.replace("${", "$${")
