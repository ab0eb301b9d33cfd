"""Broken, hostile and odd files, each with the stores that are read from it and everything that is said of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from assay.plugins.stores.model import Reading
from assay.plugins.stores.read import read
from assay.plugins.stores.tree import Broken, decode

ENVIRONMENT = {"KEY": "k-1", "EMPTY": "", "SOCKET": "/tmp/x.sock", "LONG": "x" * 8_193}
GOOD = "- {name: good, kind: {name: atest-store-orm}}\n"


@dataclass(frozen=True)
class Case:
    """`stores`: the names of those that are used. `says`: the problems, `path line:column what` after ! or ?."""

    name: str
    raw: str | bytes
    stores: list[str] = field(default_factory=list)
    says: list[str] = field(default_factory=list)


def ai(properties: str, **others: str) -> str:
    """A file with an AI store that has these properties, the first of them at 5:3."""
    lines = "".join(f"    {line}\n" for line in properties.splitlines())
    more = "".join(f"  {key}: {value}\n" for key, value in others.items())
    return f"stores:\n- name: ai\n  type: ai\n  url: unix:///tmp/x.sock\n  properties:\n{lines}{more}{GOOD}"


def bomb(width: int, depth: int) -> str:
    lines = ["a0: &a0 [x]"]
    for level in range(1, depth):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * width)}]")
    return "\n".join([*lines, "stores:", GOOD])


def chain(depth: int) -> str:
    return "\n".join(["x:", "- &a0 [y]", *(f"- &a{n} [*a{n - 1}]" for n in range(1, depth)), "stores:", GOOD])


def stores(*items: str) -> str:
    return "stores:\n" + "".join(f"- {item}\n" for item in items) + GOOD


def kind(text: str) -> str:
    return stores(f"name: s\n  kind: {text}")


WHOLE = [
    Case("an empty file", ""),
    Case("a comment alone", "# nothing yet\n"),
    Case("null at the top", "~", says=["!  1:1 is no map"]),
    Case("a list at the top", f"{GOOD}", says=["!  1:1 is no map"]),
    Case("text at the top", "hello", says=["!  1:1 is no map"]),
    Case("stores without value", "stores:\n"),
    Case("no stores", "stores: []\n"),
    Case("stores as a map", "stores: {a: {name: a}}\n", says=["! stores 1:9 is a map"]),
    Case("stores as text", "stores: none\n", says=["! stores 1:9 is text"]),
    Case("a misspelt list", f"store:\n{GOOD}", says=["? store 2:1 is not a known name"]),
    Case("the list twice", f"stores:\n{GOOD}stores: []\n", ["good"], ["! stores 3:9 is there twice"]),
    Case("a key that we do not know", f"stores:\n{GOOD}version: 2\n", ["good"]),
    Case("more than 1 MiB", "#" * (1 << 20) + f"\nstores:\n{GOOD}", says=["!  0:0 is larger than 1 MiB"]),
    Case("bytes beyond 1 MiB", b"#" * (1 << 20) + b"\n", says=["!  0:0 is larger than 1 MiB"]),
    Case("an alias bomb", bomb(9, 9), says=["!  6:"]),
    Case("a wide bomb of few levels", bomb(200, 3), says=["!  3:"]),
    Case("a small use of aliases", bomb(3, 3), ["good"]),
    Case(
        "too many values", f"x: [{'1,' * 20_001}]\nstores:\n{GOOD}", says=["!  1:40003 holds more than 20,000 values"]
    ),
    Case("deep brackets", f"x: {'[' * 5_000}", says=["!  1:1003 is not YAML: exceeded maximum nesting"]),
    Case("deep brackets, closed", f"x: {'[' * 40}{']' * 40}\n", says=["!  1:35 nests deeper than 32 levels"]),
    Case("deep indentation", "".join(f"{' ' * n}a:\n" for n in range(500)), says=["!  32:32 nests deeper"]),
    Case("deep through aliases", chain(60), says=["!  31:"]),
    Case("an alias that contains itself", "stores: &a [*a]\n", says=["!  1:13 has an alias that contains itself"]),
    Case("an alias without anchor", "stores: *none\n", says=["!  1:9 has an alias without an anchor"]),
    Case("tabs that indent", f"stores:\n\t- name: a\n{GOOD}", says=["!  2:1 has a tab where a line is indented"]),
    Case("a tab between", "stores:\n- name:\ta\n  kind: {name: atest-store-a}\n", ["a"]),
    Case("a NUL", f"stores:\n- name: a\0b\n{GOOD}", says=["!  2:10 has a control character"]),
    Case("an escape character", f"stores:\n- name: \x1b[31m\n{GOOD}", says=["!  2:9 has a control character"]),
    Case("a byte order mark", b"\xef\xbb\xbfstores:\n" + GOOD.encode(), ["good"]),
    Case("UTF-16", f"stores:\n{GOOD}".encode("utf-16"), says=["!  1:1 is not UTF-8"]),
    Case("Latin-1", f"stores:\n{GOOD}# caf\xe9".encode("latin-1"), says=["!  3:6 is not UTF-8"]),
    Case(
        "CRLF",
        f"stores:\n{GOOD}- name: b\n  type: x\n".replace("\n", "\r\n").encode(),
        ["good"],
        ["! stores[1].type 4:9 is no known type", "? stores[1] 3:3 names no plugin"],
    ),
    Case("two documents", f"stores:\n{GOOD}---\nstores: []\n", says=["!  3:1 holds a second document"]),
    Case("one document, marked", f"---\nstores:\n{GOOD}...\n", ["good"]),
    Case("a quote that does not end", f'stores:\n- name: "a\n{GOOD}', says=["!  "]),
    Case("a bracket that does not end", "stores: [{name: a}\nplugins: []\n", says=["!  2:"]),
    Case("a colon in a text", f"stores:\n- name: a: b\n{GOOD}", says=["!  2:10 is not YAML: mapping values are not"]),
    Case(
        "a text that begins with @", f"stores:\n- name: @a\n{GOOD}", says=["!  2:9 is not YAML: found character that"]
    ),
    Case("wrong indentation", f"stores:\n- name: a\n url: b\n{GOOD}", says=["!  3:2 is not YAML"]),
    Case("a half-written file", "stores:\n- name: a\n  kind: {name: atest-st", says=["!  4:1 is not YAML"]),
]

STORES = [
    Case(
        "an item that is null",
        stores("~"),
        ["good"],
        ["! stores[0] 2:3 has no name", "? stores[0] 2:3 names no plugin"],
    ),
    Case("an item that is text", stores("a"), ["good"], ["! stores[0] 2:3 is text"]),
    Case("an item that is a list", stores("[a]"), ["good"], ["! stores[0] 2:3 is a list"]),
    Case("a store without name", stores("kind: {name: atest-store-a}"), ["good"], ["! stores[0] 2:3 has no name"]),
    Case(
        "two stores without name",
        stores("kind: {name: a}", "kind: {name: a}"),
        ["good"],
        ["! stores[0] 2:3 has no name", "! stores[1] 3:3 has no name"],
    ),
    Case("a name that is a number", stores("name: 0123\n  kind: {name: a}"), ["0123", "good"]),
    Case("a name that is no, as in Norway", stores("name: no\n  kind: {name: a}"), ["no", "good"]),
    Case("a name that is a date", stores("name: 2024-01-01\n  kind: {name: a}"), ["2024-01-01", "good"]),
    Case("a name that is null", stores("name: ~\n  kind: {name: a}"), ["good"], ["! stores[0].name 2:9 has no name"]),
    Case(
        "a name with a slash",
        stores("name: a/b\n  kind: {name: a}"),
        ["good"],
        ["! stores[0].name 2:9 is no name of a store"],
    ),
    Case(
        "a name with a variable",
        stores("name: ${KEY}\n  kind: {name: a}"),
        ["good"],
        ["! stores[0].name 2:9 is no name of a store"],
    ),
    Case(
        "a name of 101 characters",
        stores(f"name: {'a' * 101}\n  kind: {{name: a}}"),
        ["good"],
        ["! stores[0].name 2:9 is no name of a store"],
    ),
    Case("a name of another alphabet", stores("name: 商店\n  kind: {name: a}"), ["商店", "good"]),
    Case(
        "the name of the files",
        stores("name: local\n  kind: {name: a}"),
        ["good"],
        ["! stores[0].name 2:9 is the name of the files"],
    ),
    Case(
        "a name that is a list",
        stores("name: [a]\n  kind: {name: a}"),
        ["good"],
        ["! stores[0].name 2:9 is a list", "! stores[0].name 2:9 has no name"],
    ),
    Case(
        "the same name twice",
        stores("name: good\n  kind: {name: a}"),
        ["good"],
        ["! stores[1] 4:3 has the name of a store above it"],
    ),
    Case(
        "a key twice",
        stores("name: a\n  url: b\n  url: c\n  kind: {name: a}"),
        ["good"],
        ["! stores[0].url 4:8 is there twice"],
    ),
    Case(
        "a key that is a map",
        stores("name: a\n  ? {b: c}\n  : d\n  kind: {name: a}"),
        ["good"],
        ["! stores[0] 3:5 has a key that is no text"],
    ),
    Case(
        "a key nearly known",
        stores("name: a\n  readOnly: true\n  kind: {name: a}"),
        ["a", "good"],
        ["? stores[0].readOnly 3:13 is not a known name"],
    ),
    Case("a flag in old words", stores("name: a\n  readonly: Yes\n  disabled: off\n  kind: {name: a}"), ["a", "good"]),
    Case(
        "a flag that is a number",
        stores("name: a\n  readonly: 1\n  kind: {name: a}"),
        ["good"],
        ["! stores[0].readonly 3:13 is neither true nor false"],
    ),
    Case(
        "a flag that is a variable",
        stores("name: a\n  readonly: ${KEY}\n  kind: {name: a}"),
        ["good"],
        ["! stores[0].readonly 3:13 is neither true nor false"],
    ),
    Case(
        "a tag that would build an object",
        stores('name: !!python/object/apply:os.system ["x"]\n  kind: {name: a}'),
        ["good"],
        ["! stores[0].name 2:9 is a list", "! stores[0].name 2:9 has no name"],
    ),
    Case(
        "a tag on text",
        stores("name: a\n  url: !secret b\n  kind: {name: a}"),
        ["good"],
        ["! stores[0].url 3:8 has a tag"],
    ),
    Case(
        "binary",
        stores("name: a\n  password: !!binary aGk=\n  kind: {name: a}"),
        ["good"],
        ["! stores[0].password 3:13 has a tag"],
    ),
    Case("merge keys", "base: &b {kind: {name: a}, url: x}\n" + stores("<<: *b\n  name: a\n  url: y"), ["a", "good"]),
    Case("a merge of text", stores("<<: b\n  name: a\n  kind: {name: a}"), ["good"], ["! stores[0].? 2:7 is text"]),
    Case(
        "a store that is another's alias",
        f"stores:\n- &a {{name: a, kind: {{name: a}}}}\n- *a\n{GOOD}",
        ["a", "good"],
        ["! stores[1] 2:3 has the name of a store above it"],
    ),
    Case(
        "a text of 9000 characters",
        stores(f"name: a\n  description: {'x' * 9_000}\n  kind: {{name: a}}"),
        ["good"],
        ["! stores[0].description 3:16 is longer than 8,192 characters"],
    ),
    Case(
        "an escaped NUL",
        stores('name: a\n  username: "a\\0"\n  kind: {name: a}'),
        ["good"],
        ["! stores[0].username 3:13 has a control character"],
    ),
    Case(
        "the placeholder of a password",
        stores('name: a\n  password: "******"\n  kind: {name: a}'),
        ["good"],
        ["! stores[0].password 3:13 is the placeholder that hides a value"],
    ),
    Case("no plugin", stores("name: a"), ["a", "good"], ["? stores[0] 2:3 names no plugin"]),
    Case(
        "an unknown type",
        stores("name: a\n  type: redis\n  kind: {name: a}"),
        ["good"],
        ["! stores[0].type 3:9 is no known type"],
    ),
]

KINDS = [
    Case("a kind that is text", kind("atest-store-a"), ["good"], ["! stores[0].kind 3:9 is text"]),
    Case(
        "a kind without name",
        kind("{url: unix:///tmp/a.sock}"),
        ["good"],
        ["! stores[0].kind 3:9 is no name of a plugin's program"],
    ),
    Case(
        "a kind that is a path",
        kind("{name: ../../bin/sh}"),
        ["good"],
        ["! stores[0].kind.name 3:16 is no name of a plugin's program"],
    ),
    Case(
        "an unknown kind",
        f"plugins:\n- name: atest-store-orm\n{stores('name: s' + chr(10) + '  kind: {name: atest-store-rom}')}",
        ["s", "good"],
        ["? stores[0].kind 5:9 is not among the plugins of this file"],
    ),
    Case(
        "a bad kind among the plugins",
        f"plugins:\n- name: a b\n- name: atest-store-orm\nstores:\n{GOOD}",
        ["good"],
        ["! plugins[0].name 2:9 is no name of a plugin's program"],
    ),
    Case(
        "a kind twice among the plugins",
        f"plugins:\n- name: atest-store-orm\n- name: atest-store-orm\nstores:\n{GOOD}",
        ["good"],
        ["? plugins[1] 3:3 has the name of a kind above it"],
    ),
    Case(
        "http",
        kind("{name: a, url: 'http://127.0.0.1:80'}"),
        ["good"],
        ["! stores[0].kind.url 3:24 is no address of a plugin"],
    ),
    Case(
        "a relative socket",
        kind("{name: a, url: 'unix:tmp/a.sock'}"),
        ["good"],
        ["! stores[0].kind.url 3:24 names no absolute path"],
    ),
    Case(
        "two slashes",
        kind("{name: a, url: 'unix://tmp/a.sock'}"),
        ["good"],
        ["! stores[0].kind.url 3:24 names no absolute path"],
    ),
    Case("no path", kind("{name: a, url: 'unix://'}"), ["good"], ["! stores[0].kind.url 3:24 names no absolute path"]),
    Case(
        "a path that climbs",
        kind("{name: a, url: 'unix:///tmp/../etc/a'}"),
        ["good"],
        ["! stores[0].kind.url 3:24 has .. in its path"],
    ),
    Case(
        "a path too long for a socket",
        kind(f"{{name: a, url: 'unix:///{'a' * 108}'}}"),
        ["good"],
        ["! stores[0].kind.url 3:24 is longer than 107 bytes"],
    ),
    Case(
        "a bare path",
        kind("{name: a, url: /tmp/a.sock}"),
        ["good"],
        ["! stores[0].kind.url 3:24 is no address of a plugin"],
    ),
    Case("a port of this machine", kind("{name: a, url: '127.0.0.1:7070'}"), ["s", "good"]),
    Case("port 0", kind("{name: a, url: 'localhost:0'}"), ["good"], ["! stores[0].kind.url 3:24 has no such port"]),
    Case(
        "another machine",
        kind("{name: a, url: 'db.example:7070'}"),
        ["s", "good"],
        ["? stores[0].kind.url 3:24 is on another machine"],
    ),
    Case(
        "dependencies as text",
        kind("{name: a, dependencies: b}"),
        ["good"],
        ["! stores[0].kind.dependencies 3:33 is text"],
    ),
    Case(
        "a param without key",
        kind("{name: a, params: [{enum: [a]}]}"),
        ["good"],
        ["! stores[0].kind.params[0] 3:28 has no key"],
    ),
    Case("the shipped spelling of a default", kind("{name: a, params: [{key: b, defaultValue: c}]}"), ["s", "good"]),
    Case("an AI store without url", stores("name: ai\n  type: AI"), ["good"], ["! stores[0] 2:3 has no url"]),
    Case("an AI store with both", stores("name: ai\n  type: ai\n  kind: {name: a}\n  url: ''"), ["ai", "good"]),
    Case(
        "an AI store on another machine",
        stores("name: ai\n  type: ai\n  url: a.example:1"),
        ["ai", "good"],
        ["? stores[0].url 4:8 is on another machine"],
    ),
    Case(
        "a hidden url",
        stores("name: a\n  kind: {name: a}\n  url: '******'"),
        ["good"],
        ["! stores[0].url 4:8 is the placeholder"],
    ),
    Case(
        "an AI store at http",
        stores("name: ai\n  type: ai\n  url: http://a"),
        ["good"],
        ["! stores[0].url 4:8 is no address of a plugin"],
    ),
    Case(
        "an AI store with a socket of a variable",
        stores("name: ai\n  type: ai\n  url: unix://${SOCKET}"),
        ["ai", "good"],
    ),
    Case(
        "an AI store that climbs through a variable",
        stores("name: ai\n  type: ai\n  url: unix://${UP:-/a/../b}"),
        ["good"],
        ["! stores[0].url 4:8 has .."],
    ),
]


def value(name: str, properties: str, *says: str) -> Case:
    return Case(
        name, ai(properties), ["good"] if any(one.startswith("!") for one in says) else ["ai", "good"], list(says)
    )


VALUES = [
    value(
        "everything that the seed writes",
        """enable_sql_execution: true
confidence_threshold: 0.7
supported_databases: ["mysql", postgres, "sqlite"]
max_tokens: 4096
temperature: 0.1
timeout: 30s
rate_limit:
  requests_per_minute: 60
  burst_size: 10""",
    ),
    value(
        "a negative number",
        "rate_limit:\n  burst_size: -10",
        "! stores[0].properties.rate_limit.burst_size 7:19 is not a whole number from 1",
    ),
    value(
        "a flat key",
        "rate_limit.burst_size: '0'",
        "! stores[0].properties.rate_limit.burst_size 6:28 is not a whole number from 1",
    ),
    value("a number in words", "max_tokens: many", "! stores[0].properties.max_tokens 6:17 is not a whole number"),
    value("a fraction of tokens", "max_tokens: 10.5", "! stores[0].properties.max_tokens 6:17 is not a whole number"),
    value("an octal number", "max_tokens: 0o777", "! stores[0].properties.max_tokens 6:17 is not a whole number"),
    value(
        "digits of another alphabet", "max_tokens: ٤٠٩٦", "! stores[0].properties.max_tokens 6:17 is not a whole number"
    ),
    value("a huge number", f"max_tokens: {'9' * 400}", "! stores[0].properties.max_tokens 6:17 is not a whole number"),
    value(
        "more than certain",
        "confidence_threshold: 1.1",
        "! stores[0].properties.confidence_threshold 6:27 is not a number from 0 to 1",
    ),
    value(
        "a percentage",
        "confidence_threshold: 70%",
        "! stores[0].properties.confidence_threshold 6:27 is not a number from 0 to 1",
    ),
    value("not a number", "temperature: .nan", "! stores[0].properties.temperature 6:18 is not a number from 0 to 2"),
    value("infinity", "temperature: .inf", "! stores[0].properties.temperature 6:18 is not a number from 0 to 2"),
    value(
        "a long exponent", "temperature: 1e999", "! stores[0].properties.temperature 6:18 is not a number from 0 to 2"
    ),
    value("a number as a map", "temperature: {a: 1}", "? stores[0].properties.temperature.a 6:22 is not a known name"),
    value("a duration without unit", "timeout: 30"),
    value("a duration of two units", "timeout: 1m30s"),
    value("a negative duration", "timeout: -30s", "! stores[0].properties.timeout 6:14 is not a duration"),
    value("a duration of nothing", "timeout: 0s", "! stores[0].properties.timeout 6:14 is not a duration"),
    value("a duration with a blank", "timeout: 30 s", "! stores[0].properties.timeout 6:14 is not a duration"),
    value("a duration of an unknown unit", "timeout: 3d", "! stores[0].properties.timeout 6:14 is not a duration"),
    value(
        "an hour", "timeout: 1h", "! stores[0].properties.timeout 6:14 is not a duration of more than 0 and at most 600"
    ),
    value("base 60, as old YAML reads it", "timeout: 1:30", "! stores[0].properties.timeout 6:14 is not a duration"),
    value("a flag in old words", "enable_sql_execution: on"),
    value(
        "a flag in no words",
        "enable_sql_execution: maybe",
        "! stores[0].properties.enable_sql_execution 6:27 is neither",
    ),
    value(
        "an unsupported database",
        "supported_databases:\n- pg\n- oracle",
        "! stores[0].properties.supported_databases[1] 8:7 is no database",
    ),
    value(
        "a null database",
        "supported_databases: [~]",
        "! stores[0].properties.supported_databases[0] 6:27 is no database",
    ),
    value(
        "databases as a map",
        "supported_databases: {pg: yes}",
        "? stores[0].properties.supported_databases.pg 6:31 is not a known name",
    ),
    value(
        "databases as JSON of another kind",
        "supported_databases: '{}'",
        "! stores[0].properties.supported_databases 6:26 is no list of databases",
    ),
    value(
        "databases as broken JSON",
        "supported_databases: '[\"pg\"'",
        "! stores[0].properties.supported_databases 6:26 is no list of databases",
    ),
    value(
        "no databases", "supported_databases: []", "! stores[0].properties.supported_databases 6:26 names no database"
    ),
    value("a limit as text", "rate_limit: '60'", "! stores[0].properties.rate_limit 6:17 is text"),
    value(
        "a misspelt property",
        "confidence_treshold: 0.9",
        "? stores[0].properties.confidence_treshold 6:26 is not a known name",
    ),
    value(
        "an endpoint without scheme",
        "endpoint: localhost:11434",
        "! stores[0].properties.endpoint 6:15 is no address of a model server",
    ),
    value(
        "an endpoint that is a file",
        "endpoint: file:///etc/passwd",
        "! stores[0].properties.endpoint 6:15 is no address of a model server",
    ),
    value(
        "an endpoint with half a bracket",
        "endpoint: 'http://[::1'",
        "! stores[0].properties.endpoint 6:15 is no address of a model server",
    ),
    value(
        "an endpoint with a password", "endpoint: http://a:b@c", "! stores[0].properties.endpoint 6:15 holds a password"
    ),
    value(
        "properties as pairs",
        "- {key: max_tokens, value: 10}",
        "! stores[0].properties.max_tokens 6:32 is not a whole number from 16",
    ),
    value(
        "pairs with more in them",
        "- {key: model, value: m, note: x}",
        "? stores[0].properties[0].note 6:36 is not kept",
    ),
    value("pairs without key", "- {value: m}", "! stores[0].properties[0] 6:7 has no key"),
    value(
        "pairs that are texts",
        "- model=m",
        "! stores[0].properties[0] 6:7 is text",
        "! stores[0].properties[0] 6:7 has no key",
    ),
    value("a pair twice", "- {key: a, value: m}\n- {key: a, value: n}", "! stores[0].properties.a 7:23 is there twice"),
    value("a path that is also a key", "a.b: 1\na: {b: 2}", "! stores[0].properties.a.b 7:12 is there twice"),
    value("a key that is empty", "'': 1", "! stores[0].properties 6:5 has a key that is no text"),
    value(
        "an unknown variable",
        "api_key: ${NO_SUCH}",
        "! stores[0].properties.api_key 6:14 needs the variable NO_SUCH, which is not set",
    ),
    value(
        "an unknown variable deep inside",
        'a: {b: [1, {c: "${NO_SUCH}"}]}',
        "! stores[0].properties.a.b[1].c 6:20 needs the variable NO_SUCH",
    ),
    value("a default", "api_key: ${NO_SUCH:-x}"),
    value("a variable that is empty", "model: ${EMPTY}"),
    value(
        "a reference that does not end",
        "model: ${KEY",
        "! stores[0].properties.model 6:12 has a ${ that names no variable",
    ),
    value("a reference to nothing", "model: ${}", "! stores[0].properties.model 6:12 has a ${ that names no variable"),
    value("an escaped reference", "model: $${NO_SUCH}"),
    value(
        "JSON that nests deep",
        f"""a: '{"[" * 900}"${{KEY}}"{"]" * 900}'""",
        "! stores[0].properties.a 6:8 nests too deep",
    ),
    value(
        "databases that nest deep",
        f"supported_databases: '{'[' * 900}{']' * 900}'",
        "! stores[0].properties.supported_databases[0] 6:26 is no database",
    ),
    value("JSON that nests deeper than can be read", f"a: '{'[' * 8_000}'"),
    value("a plain dollar", "model: $KEY $5 $$"),
    value(
        "a list too long to be told",
        f"a: [{'x' * 5_000}, {'y' * 5_000}]",
        "! stores[0].properties.a 6:8 is longer than",
    ),
    value("a variable too long to be told", "a: ${LONG}", "! stores[0].properties.a 6:8 is longer than"),
    value("the placeholder of a key", "api_key: '******'", "! stores[0].properties.api_key 6:14 is the placeholder"),
]


def reading_of(raw: str | bytes) -> Reading:
    try:
        return read(raw if isinstance(raw, str) else decode(raw), ENVIRONMENT)
    except Broken as error:
        return Reading(problems=(error.problem,), whole=False)


@pytest.mark.parametrize("case", [*WHOLE, *STORES, *KINDS, *VALUES], ids=lambda case: case.name)
def test_an_odd_file_is_read_as_meant_or_says_what_is_wrong_and_where(case: Case) -> None:
    reading = reading_of(case.raw)
    said = [
        f"{'!' if one.severity == 'error' else '?'} {one.path} {one.line}:{one.column} {one.says}"
        for one in reading.problems
    ]
    assert [one.used.name for one in reading.entries] == case.stores, said
    assert len(said) == len(case.says), said
    assert all(map(str.startswith, said, case.says)), said
    assert all(one.cure for one in reading.problems)
