"""Reads SHOW GRANTS: what an account may do beyond reading."""

from __future__ import annotations

import re
from collections.abc import Iterable

_GRANT = re.compile(r"GRANT (?P<what>.+?) ON (?:TABLE |FUNCTION |PROCEDURE |PACKAGE |PACKAGE BODY )?(?P<where>\S+) TO ")
_COLUMNS = re.compile(r"\([^)]*\)")
_HARMLESS = frozenset({"USAGE", "SELECT", "SHOW VIEW", "SHOW DATABASES", "REFERENCES"})


def powers(grants: Iterable[str]) -> tuple[str, ...]:
    """Privileges beyond reading, each once, "FILE on *.*"; a line that cannot be read counts as one."""
    found: dict[str, None] = {}
    for line in grants:
        grant = _GRANT.match(line)
        if grant is None:
            if not re.match(r"GRANT [`'\"][^ ]+ TO |SET DEFAULT ROLE ", line):  # a role, whose own lines follow
                found["a grant that is not known"] = None
            continue
        for word in _COLUMNS.sub("", grant["what"]).split(","):
            if word.strip() not in _HARMLESS:
                found[f"{word.strip()} on {grant['where']}"] = None
        if "WITH GRANT OPTION" in line:
            found[f"GRANT OPTION on {grant['where']}"] = None
    return tuple(found)
