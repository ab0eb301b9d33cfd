"""The API's documentation: /openapi.json, and one page made of it that needs no network and no inline script."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from starlette.types import Receive, Scope, Send

from assay.faces.openapi import document
from assay.faces.rest.errors import MethodNotAllowed
from assay.faces.rest.http import request_of
from assay.faces.rest.respond import send_error
from assay.faces.shape import known
from assay.kernel.errors import NotFound
from assay.kernel.house import House

Json = Mapping[str, Any]

_FILES = {
    "/docs/docs.css": ("docs.css", "text/css; charset=utf-8"),
    "/docs/docs.js": ("docs.js", "text/javascript; charset=utf-8"),
}
_FOLDER = Path(__file__).parent / "docs"


class Docs:
    """Serves /openapi.json, /docs and its two files, made once."""

    def __init__(self, house: House) -> None:
        made = document(house.catalogue, house.version)
        self._answers: dict[str, tuple[bytes, str]] = {
            "/openapi.json": (json.dumps(made, ensure_ascii=False).encode(), "application/json"),
            "/docs": (page(made).encode(), "text/html; charset=utf-8"),
        }
        for path, (name, kind) in _FILES.items():
            self._answers[path] = ((_FOLDER / name).read_bytes(), kind)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = request_of(scope, receive, send)
        try:
            if request.method not in ("GET", "HEAD"):
                raise MethodNotAllowed(f"{request.method} is not possible at {request.path}.", allow="GET, HEAD")
            found = self._answers.get(request.path.rstrip("/"))
            if found is None:
                raise NotFound(f"There is nothing at {request.path}.")
            await request.reply(200, found[0], found[1], [(b"cache-control", b"no-cache")])
        except Exception as fault:
            await send_error(request, known(fault))


def page(made: Json) -> str:
    """Write the OpenAPI document as one HTML page."""
    titles = {tag["name"]: tag.get("x-title", tag["name"]) for tag in made["tags"]}
    by_tag: dict[str, list[str]] = {name: [] for name in titles}
    index: dict[str, list[str]] = {name: [] for name in titles}
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            tag = operation["tags"][0]
            by_tag[tag].append(_operation(method, path, operation, made["components"]["schemas"]))
            name = escape(operation["operationId"])
            index[tag].append(f'<li><a href="#{name}">{name}</a></li>')
    rooms = "".join(
        f"<section><h2>{escape(titles[tag])}</h2>{''.join(parts)}</section>" for tag, parts in by_tag.items()
    )
    links = "".join(f"<h3>{escape(titles[tag])}</h3><ul>{''.join(lines)}</ul>" for tag, lines in index.items())
    shapes = "".join(_schema(name, schema) for name, schema in made["components"]["schemas"].items())
    info = made["info"]
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(info["title"])} API</title><link rel="stylesheet" href="/docs/docs.css">
<script src="/docs/docs.js" defer></script></head>
<body><header><h1>{escape(info["title"])} API <small>{escape(info["version"])}</small></h1>
<label>Search <input id="search" type="search" autocomplete="off" placeholder="name, path or word"></label>
<span id="count" role="status"></span><a href="/openapi.json">openapi.json</a><a href="/">the page</a></header>
<nav aria-label="Operations">{links}</nav>
<main><p>{escape(info["description"])} Sign in with <code>Authorization: Bearer …</code> or the session cookie.
Every error is <a href="#schema-Error">an Error</a>. A change carries the version it changes in <code>If-Match</code>;
a POST may carry an <code>Idempotency-Key</code>.</p>
<p><code>/healthz</code>, <code>/health</code> and <code>/ready</code> answer anybody; <code>/health?verbose</code> and
<code>/metrics</code> need a sign-in, except metrics for a scraper on the loopback interface.</p>
{rooms}<section><h2>Shapes</h2>{shapes}</section></main></body></html>
"""


def _operation(method: str, path: str, operation: Json, schemas: Json) -> str:
    name = escape(operation["operationId"])
    facts = [f"effect <b>{escape(operation['x-effect'])}</b>"]
    facts.append(f"needs <b>{escape(operation['x-needs'] or 'no sign-in')}</b>")
    if operation["x-when"]:
        facts.append(f"use it when {escape(operation['x-when'])}")
    doc = "".join(f"<p>{escape(part)}</p>" for part in operation["description"].split("\n\n"))
    asked = [
        (
            parameter["name"],
            parameter["in"],
            parameter["schema"],
            parameter["required"],
            parameter.get("description", ""),
        )
        for parameter in operation["parameters"]
    ]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if "$ref" in body:
        body = schemas[body["$ref"].rpartition("/")[2]]
    needed = set(body.get("required", ()))
    asked += [(n, "body", s, n in needed, s.get("description", "")) for n, s in body.get("properties", {}).items()]
    answers = "".join(_answer(status, answer) for status, answer in operation["responses"].items())
    return f"""<article id="{name}"><h3><span class="method">{method.upper()}</span> <code>{escape(path)}</code>
<small>{name}</small></h3>{doc}<p class="facts">{" · ".join(facts)}</p>{_table(asked)}<dl>{answers}</dl></article>"""


def _answer(status: str, answer: Json) -> str:
    (kind, content), *_ = answer["content"].items()
    shape = "" if "x-codes" in answer else f" {_type(content['schema'])} <small>{escape(kind)}</small>"
    return f"<dt>{escape(status)}</dt><dd>{escape(answer['description'])}{shape}</dd>"


def _table(rows: Sequence[tuple[str, str, Json, bool, str]]) -> str:
    if not rows:
        return ""
    lines = "".join(
        f"<tr><th scope=row><code>{escape(name)}</code>{' <b>required</b>' if needed else ''}</th>"
        f"<td>{escape(place)}</td><td>{_type(schema)}</td><td>{escape(text)}</td></tr>"
        for name, place, schema, needed, text in rows
    )
    head = "<tr><th>Field</th><th>In</th><th>Type</th><th>Meaning</th></tr>"
    return f'<div class="wide"><table><thead>{head}</thead><tbody>{lines}</tbody></table></div>'


def _schema(name: str, schema: Json) -> str:
    needed = set(schema.get("required", ()))
    rows = [(n, "", s, n in needed, s.get("description", "")) for n, s in schema.get("properties", {}).items()]
    what = _table(rows) if rows else f"<p>{_type(schema)}</p>"
    text = f"<p>{escape(schema['description'])}</p>" if "description" in schema else ""
    return f'<article id="schema-{escape(name)}"><h3>{escape(name)}</h3>{text}{what}</article>'


def _type(schema: Json) -> str:
    """Say a JSON schema in a few words."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    for joined in ("anyOf", "oneOf", "allOf"):
        if joined in schema:
            return " or ".join(_type(part) for part in schema[joined])
    if "enum" in schema:
        return " | ".join(f"<code>{escape(json.dumps(value))}</code>" for value in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(json.dumps(schema['const']))}</code>"
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    said = escape(str(schema.get("format") or schema.get("contentEncoding") or kind))
    limits = [f"{word} {schema[key]}" for key, word in _LIMITS if key in schema]
    default = (
        f", default <code>{escape(json.dumps(schema['default']))}</code>" if schema.get("default") is not None else ""
    )
    return said + (f" ({escape(', '.join(limits))})" if limits else "") + default


_LIMITS = (
    ("minimum", "at least"), ("exclusiveMinimum", "over"), ("maximum", "at most"), ("exclusiveMaximum", "under"),
    ("minLength", "at least characters:"), ("maxLength", "at most characters:"), ("pattern", "matches"),
)  # fmt: skip
