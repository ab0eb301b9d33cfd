"""How a master key is written down: 32 bytes in hex or base64."""

from __future__ import annotations

import base64
import binascii
import re

from assay.ports.errors import Invalid

_HEX = re.compile(r"^[0-9a-fA-F]{64}$")


def read_key(text: str, where: str) -> bytes:
    """Read 32 bytes from 64 hex digits or from base64 (either alphabet, padding optional).

    Raises Invalid, which names `where` the text came from and never the text.
    """
    text = text.strip()
    if _HEX.match(text):
        return bytes.fromhex(text)
    try:
        key = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Invalid(f"The sealing key in {where} is neither base64 nor hex.", field=where, cure=_CURE) from None
    if len(key) != 32:
        raise Invalid(f"The sealing key in {where} has {len(key)} bytes and needs 32.", field=where, cure=_CURE)
    return key


_CURE = "Make one with `openssl rand -hex 32`."
