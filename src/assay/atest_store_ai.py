"""Starts the plugin atest-store-ai, which has to answer before the program behind it has been read."""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from importlib.metadata import version
from typing import Any

from assay.faces.loader.door import Opens
from assay.faces.loader.options import NAME, read_options, take_settings
from assay.faces.loader.serve import serve
from assay.kernel.errors import AssayError


def cli() -> None:
    """Run the plugin; exit codes say what went wrong."""
    options = read_options(sys.argv[1:])
    if options.version:
        sys.stdout.write(f"{version('assay')}\n")
        return
    try:
        take_settings(options)
        if options.validate:
            _behind().validate()
            sys.stdout.write("The settings are right.\n")
            return
        asyncio.run(serve(options, version("assay"), _open))
    except AssayError as error:
        sys.stderr.write(f"{NAME}: {error.message}\n")
        sys.exit(error.exit_code)


def _open() -> Opens:
    return _behind().open_door


def _behind() -> Any:
    """What answers behind the plugin: a running Assay where ASSAY_URL names one, else a house of its own.

    Imported here and nowhere else, since the house takes seconds to import and a host waits two for the plugin.
    """
    return importlib.import_module("assay.faces.loader.forward" if os.environ.get("ASSAY_URL") else "assay.main")


if __name__ == "__main__":
    cli()
