"""Makes `assay.wire` from proto/: hatchling calls it for every wheel and install; run it when a contract changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc_tools
from grpc_tools import protoc
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def generate(root: Path) -> None:
    """Write message code and its types beside `src/assay/wire/__init__.py`; raises RuntimeError when protoc refuses."""
    known = Path(grpc_tools.__file__).parent / "_proto"
    files = [f"assay/wire/{path.name}" for path in sorted((root / "proto").glob("*.proto"))]
    src = root / "src"
    # Each contract is compiled as if it lay where its code goes, so that the code imports itself by its full name.
    arguments = [f"-Iassay/wire={root / 'proto'}", f"-I{known}", f"--python_out={src}", f"--pyi_out={src}"]
    if protoc.main(["protoc", *arguments, *files]) != 0:
        raise RuntimeError("protoc refused a file of proto/; it says above which one, and why")


class WireHook(BuildHookInterface[Any]):
    """What hatchling runs before it collects files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Generate, whatever kind of wheel it is."""
        generate(Path(self.root))


if __name__ == "__main__":
    generate(Path(__file__).parent)
