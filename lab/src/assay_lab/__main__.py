"""Seed, start and stop the shop by hand, or run a command while it is open: `python -m assay_lab start FOLDER`."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import threading
from pathlib import Path

from assay_lab.server import ServerError, stop_server
from assay_lab.shop import Shop


def main(arguments: list[str] | None = None) -> int:
    """Do what the first word says, and return an exit status."""
    asked = _parser().parse_args(arguments)
    if asked.verb == "stop":
        if stop_server(asked.folder):
            return 0
        print(f"no server is running in {asked.folder}", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    shop = Shop(asked.folder, port=asked.port, scale=asked.scale)
    try:
        dsn = shop.start(_report)
        if asked.verb == "during":
            words = [word.replace("{dsn}", dsn) for word in asked.command]
            return subprocess.run(words, check=False).returncode  # noqa: S603 - the caller's own command
        print(dsn, flush=True)
        if asked.verb == "start":
            shop.keep_running()
            threading.Event().wait()
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        shop.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m assay_lab", description="The demo shop, by hand.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, says in (
        ("seed", "fill the shop, run its workload, and stop"),
        ("start", "the same, and keep it running until Ctrl-C"),
        ("during", "the same, but only while a command runs"),
        ("stop", "stop the server that another process keeps in this folder"),
    ):
        one = verbs.add_parser(verb, help=says)
        one.add_argument("folder", type=Path)
        if verb != "stop":
            one.add_argument("--port", type=int, help="a TCP port of 127.0.0.1; any free one by default")
            one.add_argument("--scale", type=float, default=1.0, help="1 is a million orders")
        if verb == "during":
            one.add_argument("command", nargs=argparse.REMAINDER, help="{dsn} in it becomes the shop's DSN")
    return parser


def _report(step: str, share: float) -> None:
    print(f"\r{share:4.0%} {step:<40}", end="\n" if share >= 1 else "", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
