"""The question in a request: fields in the path, the query, the body, a form and If-Match, put together."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from assay.faces.fields import fields_of, gather, header_fields
from assay.faces.rest.errors import UnsupportedType
from assay.faces.rest.http import Request
from assay.kernel.errors import Invalid, PreconditionRequired
from assay.kernel.operation import Operation
from assay.kernel.upload import upload_fields

BODY_S = 15.0
"""A body that takes longer is given up."""
MOST_PAIRS = 1_000

_MATCH = re.compile(r'^\s*(?:W/)?"?(\d{1,18})"?\s*$')


async def question(
    request: Request, operation: Operation, path: Mapping[str, str], limit: int
) -> bytes | dict[str, Any]:
    """Return what was asked, for `call` to validate: JSON bytes when the body is all there is.

    Raises Invalid, PreconditionRequired, TooLarge, TooSlow, UnsupportedType.
    """
    known = fields_of(operation.asks)
    fixed: dict[str, Any] = {name: _path_value(name, text) for name, text in path.items()}
    versioned = request.method in ("PUT", "DELETE") and "version" in known
    if versioned and (match := request.headers.get("if-match")) is not None:
        fixed["version"] = _version(match)
    if "after" in known and "after" not in path and (seen := request.headers.get("last-event-id")) is not None:
        fixed["after"] = seen
    for name, header in header_fields(operation.asks).items():
        if (sent := request.headers.get(header)) is not None:
            fixed[name] = _header_text(sent)
    if request.method in ("GET", "HEAD", "DELETE"):
        values = _query(request, operation, fixed)
        if versioned and "version" not in values:
            raise _which_version()
        return values
    if request.query:
        name = request.query.partition("=")[0][:80]
        raise Invalid(f"{name}: {operation.name} takes its question in the body, not in the query.", field=name)
    kind, _, rest = request.headers.get("content-type", "").partition(";")
    if kind.strip().lower() == "multipart/form-data":
        return {**await _form(request, operation, limit), **fixed}
    body = await request.body(limit, BODY_S)
    _check_type(kind, rest, body)
    if versioned and "version" not in fixed and not _mentions_version(body):
        raise _which_version()
    return _merge(body, fixed)


def _header_text(sent: str) -> str:
    """Headers are read as Latin-1; what browsers and Go send beyond ASCII is UTF-8."""
    try:
        return sent.encode("latin-1").decode()
    except UnicodeDecodeError:
        return sent


def _path_value(name: str, text: str) -> str:
    if "\x00" in text or "\ufffd" in text:
        raise Invalid(f"{name}: not UTF-8 in the path.", field=name)
    return text


def _version(match: str) -> int:
    found = _MATCH.match(match)
    if found is None:
        raise Invalid('If-Match: give the ETag that you read, "3".', field="If-Match")
    return int(found[1])


def _which_version() -> PreconditionRequired:
    return PreconditionRequired(
        "Say which version you change, so that nobody's change is lost.",
        field="If-Match", cure='Send the ETag of what you read: If-Match: "3".',
    )  # fmt: skip


def _query(request: Request, operation: Operation, fixed: dict[str, Any]) -> dict[str, Any]:
    try:
        pairs = parse_qsl(request.query, keep_blank_values=True, errors="strict", max_num_fields=MOST_PAIRS)
    except ValueError:
        raise Invalid(f"query: not UTF-8, or more than {MOST_PAIRS} fields.", field="query") from None
    clash = next((name for name, _ in pairs if name in fixed), None)
    if clash is not None:
        raise Invalid(f"{clash}: given twice, in the path or a header and in the query.", field=clash)
    return {**gather(operation.asks, pairs), **fixed}


def _check_type(kind: str, rest: str, body: bytes) -> None:
    kind = kind.strip().lower()
    if not kind and not body:
        return
    charset = re.search(r'charset="?([\w-]+)', rest, re.IGNORECASE)
    is_json = kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
    if not is_json or (charset is not None and charset[1].lower() not in ("utf-8", "utf8")):
        sent = f"{kind};{rest}" if rest else kind
        raise UnsupportedType(f"The body is {sent[:200] or 'without a type'}.", cure="Content-Type: application/json")


def _mentions_version(body: bytes) -> bool:
    return b'"version"' in body


def _merge(body: bytes, fixed: Mapping[str, Any]) -> bytes:
    """Put fixed fields behind those of the JSON body, where they win; the bytes are read once, by pydantic-core."""
    if not fixed:
        return body
    bare = body.strip()
    if not bare or bare == b"{}":
        return json.dumps(fixed).encode()
    if not (bare.startswith(b"{") and bare.endswith(b"}")):
        return bare  # not an object: validation says so
    inner = bare[:-1].rstrip()
    comma = b"" if inner == b"{" else b","
    return inner + comma + json.dumps(fixed).encode()[1:]


async def _form(request: Request, operation: Operation, limit: int) -> dict[str, Any]:
    """Read multipart/form-data: files for upload fields, text for the others."""
    uploads = upload_fields(operation.asks)
    if not uploads:
        raise UnsupportedType(f"{operation.name} takes no files.", cure="Content-Type: application/json")
    body = await request.body(limit, BODY_S)

    async def once() -> AsyncGenerator[bytes, None]:
        yield body

    headers = Headers({"content-type": request.headers["content-type"]})
    try:
        parser = MultiPartParser(headers, once(), max_files=20, max_fields=200, max_part_size=limit)
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError):
        raise Invalid("body: this is no multipart/form-data that can be read.", field="body") from None
    texts: list[tuple[str, str]] = []
    files: dict[str, bytes] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            if name not in uploads:
                raise Invalid(f"{name}: this field takes no file.", field=name)
            files[name] = await value.read()
        elif name in uploads:
            files[name] = value.encode()
        else:
            texts.append((name, value))
    await form.close()
    return {**gather(operation.asks, texts), **files}
