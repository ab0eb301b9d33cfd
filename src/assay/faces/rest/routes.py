"""Which operation a method and a path name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from assay.faces.rest.errors import MethodNotAllowed
from assay.kernel.errors import NotFound
from assay.kernel.operation import Operation

_FIELD = re.compile(r"{(\w+)}")


@dataclass(slots=True)
class _Path:
    pattern: re.Pattern[str]
    methods: dict[str, Operation] = field(default_factory=dict[str, Operation])


class Routes:
    """The catalogue's paths: literal ones by look-up, those with fields by pattern, the most literal first.

    A field matches one segment of the path as it was sent, so an encoded slash stays part of the value.
    """

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._exact: defaultdict[str, dict[str, Operation]] = defaultdict(dict)
        by_path: dict[str, _Path] = {}
        for operation in operations:
            path = operation.http.path
            if not operation.http.fields:
                self._exact[path][operation.http.method] = operation
                continue
            by_path.setdefault(path, _Path(_compile(path))).methods[operation.http.method] = operation
        self._patterns: defaultdict[int, list[_Path]] = defaultdict(list)
        for path in sorted(by_path, key=_literalness):
            self._patterns[path.count("/")].append(by_path[path])

    def find(self, method: str, path: str, raw: str) -> tuple[Operation, Mapping[str, str]]:
        """Return the operation and the fields in the path.

        Args:
            method: HEAD is looked up as GET.
            path: percent-decoded; `raw` is as it was sent, without the query.

        Raises NotFound, or MethodNotAllowed with the methods that are.
        """
        wanted = "GET" if method == "HEAD" else method
        allowed: set[str] = set()
        exact = self._exact.get(path)
        if exact is not None:
            if wanted in exact:
                return exact[wanted], {}
            allowed |= exact.keys()
        for one in self._patterns.get(raw.count("/"), ()):
            found = one.pattern.fullmatch(raw)
            if found is None:
                continue
            if wanted in one.methods:
                return one.methods[wanted], {name: unquote(value) for name, value in found.groupdict().items()}
            allowed |= one.methods.keys()
        if not allowed:
            raise NotFound(f"There is nothing at {path}.", cure="/docs lists every path.")
        if "GET" in allowed:
            allowed.add("HEAD")
        allow = ", ".join(sorted({*allowed, "OPTIONS"}))
        raise MethodNotAllowed(f"{method} is not possible at {path}.", allow=allow)


def _compile(path: str) -> re.Pattern[str]:
    parts = _FIELD.split(path)
    return re.compile("".join(f"(?P<{part}>[^/]+)" if i % 2 else re.escape(part) for i, part in enumerate(parts)))


def _literalness(path: str) -> tuple[tuple[int, int], ...]:
    """Sort literal segments before `{id}:verb` before `{id}`."""
    return tuple((len(_FIELD.findall(part)), -len(_FIELD.sub("", part))) for part in path.split("/"))
