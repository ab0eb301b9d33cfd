"""Makes `assay.wire` from proto/: hatchling calls it for every wheel and install; run it when a contract changes."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import grpc_tools
from grpc_tools import protoc
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_IMPORT = re.compile(r'^import "(\w+\.proto)"', re.MULTILINE)


def generate(root: Path) -> None:
    """Write message code and its types beside `src/assay/wire/__init__.py`; raises RuntimeError when protoc refuses."""
    known = Path(grpc_tools.__file__).parent / "_proto"
    with TemporaryDirectory() as name:
        # Contracts name each other as everybody compiles them, side by side; our code imports itself by its full name.
        place = Path(name, "assay", "wire")
        place.mkdir(parents=True)
        for path in (root / "proto").glob("*.proto"):
            (place / path.name).write_text(_IMPORT.sub(r'import "assay/wire/\1"', path.read_text()))
        files = sorted(f"assay/wire/{path.name}" for path in place.iterdir())
        out = root / "src"
        arguments = [f"-I{name}", f"-I{known}", f"--python_out={out}", f"--pyi_out={out}"]
        if protoc.main(["protoc", *arguments, *files]) != 0:
            raise RuntimeError("protoc refused a file of proto/; it says above which one, and why")


class WireHook(BuildHookInterface[Any]):
    """What hatchling runs before it collects files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Generate, whatever kind of wheel it is."""
        generate(Path(self.root))


if __name__ == "__main__":
    generate(Path(__file__).parent)
