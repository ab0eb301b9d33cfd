"""Writes the generated schemas: `python -m assay.faces.schema FOLDER MODULE:CATALOGUE`."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from pydantic import TypeAdapter

from assay.faces.openapi import document
from assay.faces.tools import tools
from assay.kernel.catalogue import Catalogue
from assay.kernel.own import Fact


def documents(catalogue: Catalogue, version: str = "0") -> dict[str, Any]:
    """Make every generated document, by file name."""
    return {
        "openapi.json": document(catalogue, version),
        "tools.json": {"tools": tools(catalogue)},
        "events.json": events(catalogue),
    }


def events(catalogue: Catalogue) -> dict[str, Any]:
    """Describe the facts that rooms announce: the envelope, and the names with who reacts to each."""
    names = sorted(event for capability in catalogue.capabilities for event in capability.announces)
    return {
        "envelope": TypeAdapter(Fact).json_schema(mode="serialization"),
        "events": {
            name: {
                "room": name.partition(".")[0],
                "reactions": sorted({room for room, _ in catalogue.reactions.get(name, ())}),
            }
            for name in names
        },
    }


def write(catalogue: Catalogue, folder: Path, version: str = "0") -> list[Path]:
    """Write the documents into a folder; return the files that changed."""
    folder.mkdir(parents=True, exist_ok=True)
    changed: list[Path] = []
    for name, content in documents(catalogue, version).items():
        file, text = folder / name, json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        if not file.exists() or file.read_text() != text:
            file.write_text(text)
            changed.append(file)
    return changed


def main(arguments: list[str]) -> int:
    """Run from the command line; return the exit status."""
    if len(arguments) != 2 or ":" not in arguments[1]:
        sys.stderr.write("usage: python -m assay.faces.schema FOLDER MODULE:CATALOGUE\n")
        return 2
    module, _, name = arguments[1].partition(":")
    found = cast("Catalogue | Callable[[], Catalogue]", getattr(importlib.import_module(module), name))
    for file in write(found if isinstance(found, Catalogue) else found(), Path(arguments[0])):
        sys.stdout.write(f"{file}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
