"""Realistic values for the `$n` of a statement, taken from the server's own statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from pglast import ast

from assay.sources.model import Column, Schema
from assay.workload import values as single
from assay.workload.facts import Key, StatementFacts
from assay.workload.statements.parse import fingerprint, parse
from assay.workload.statements.tree import Node, bare_parameter, last_name, many, names, parameters, walk
from assay.workload.statements.writer import literal
from assay.workload.values import Style

Role = Literal["limit", "offset", "json_key", "field", "pattern", "value"]

_ORIGINS: tuple[tuple[str, Style], ...] = (
    ("most common value", "common"), ("histogram", "middle"), ("rare value", "rare"),
)  # fmt: skip
_FIELDS = frozenset({"date_trunc", "date_part", "extract"})
_JSON_ARROWS = frozenset({"->", "->>", "?"})
_SPANS = {"common": 0.1, "middle": 0.03, "rare": 0.01, "drawn": 0.05}
"""Share of the rows between the two ends of a range, by style."""


@dataclass(frozen=True, slots=True)
class Values:
    """One set of values for `$1 … $n`, and where it comes from."""

    values: tuple[str | None, ...]
    origin: str


@dataclass(frozen=True, slots=True)
class Roles:
    """What the `$n` of a statement are used as, besides being compared with a column."""

    roles: Mapping[int, Role] = field(default_factory=dict[int, Role])
    json_columns: Mapping[int, str] = field(default_factory=dict[int, str])
    """Of a JSON key: the name of the column it is taken from."""


def roles(tree: Node) -> Roles:
    """Find the parameters of LIMIT, OFFSET, of JSON arrows and of date_trunc and extract."""
    found: dict[int, Role] = {}
    columns: dict[int, str] = {}
    for node in walk(tree):
        if isinstance(node, ast.SelectStmt):
            found |= dict.fromkeys(parameters(node.limitCount), "limit")
            found |= dict.fromkeys(parameters(node.limitOffset), "offset")
        elif isinstance(node, ast.A_Expr) and last_name(node.name) in _JSON_ARROWS:
            number = bare_parameter(node.rexpr)
            if number and isinstance(node.lexpr, ast.ColumnRef) and names(node.lexpr.fields):
                found[number], columns[number] = "json_key", names(node.lexpr.fields)[-1]
        elif isinstance(node, ast.A_Expr) and last_name(node.name) in ("~~", "~~*", "!~~", "!~~*"):
            if number := bare_parameter(node.rexpr):
                found[number] = "pattern"
        elif isinstance(node, ast.FuncCall) and last_name(node.funcname) in _FIELDS:
            number = bare_parameter(next(iter(many(node.args)), None))
            if number:
                found[number] = "field"
    return Roles(found, columns)


def guessed_constants(text: str, schema: Schema, facts: StatementFacts) -> dict[int, str]:
    """Guess the literals that pg_stat_statements took out of expressions, as SQL texts by number.

    A JSON key is the most frequent one of the column's known objects; the field of date_trunc and extract is 'day'.
    They are guesses: what rests on them says so.
    """
    tree = parse(text).tree
    if tree is None:
        return {}
    known = roles(tree)
    guessed: dict[int, str] = {}
    for number, role in known.roles.items():
        if role == "field":
            guessed[number] = "'day'"
        elif role == "json_key":
            column = _json_column(known.json_columns[number], schema, facts)
            keys = single.json_keys(column) if column else []
            if keys:
                guessed[number] = literal(keys[0][0])
    return guessed


def _json_column(name: str, schema: Schema, facts: StatementFacts) -> Column | None:
    used = {use.table for use in facts.tables}
    return next(
        (c for t in schema.tables if t.qualified in used for c in t.columns
         if c.name == name and c.type in ("json", "jsonb")),
        None,
    )  # fmt: skip


def sample_values(
    facts: StatementFacts,
    schema: Schema,
    count: int = 3,
    *,
    text: str = "",
    types: Sequence[str] = (),
    seen: Sequence[tuple[str | None, ...]] = (),
    together: Mapping[str, Sequence[Mapping[str, str | None]]] | None = None,
    constants: Mapping[int, str] | None = None,
) -> tuple[Values, ...]:
    """Return up to `count` different sets of realistic values; the same for the same statement and statistics.

    Args:
        facts: of the statement.
        schema: with the columns' statistics.
        count: at most so many sets.
        text: the statement; tells LIMIT from the rest, and seeds the choice.
        types: of `$1 … $n` as the server infers them.
        seen: sets of values that were really seen running; they come first.
        together: by qualified table, some of its rows, so that values of correlated columns belong together.
        constants: SQL texts known or guessed for some `$n`.
    """
    number = max(facts.parameters, len(types))
    if not number:
        return (Values((), "no parameters"),)
    found = [Values(values, "seen running") for values in seen if len(values) == number]
    tree = parse(text).tree
    maker = _Maker(facts, schema, roles(tree) if tree else Roles(), tuple(types), together or {}, constants or {})
    seed = fingerprint(text) if text else "assay"
    for place in range(max(count, len(_ORIGINS))):
        origin, style = _ORIGINS[place] if place < len(_ORIGINS) else ("drawn by frequency", "drawn")
        made = maker.make(number, style, place, Random(f"{seed}:{place}"))  # noqa: S311 - not a secret
        origin = origin if maker.from_statistics else "plain value of its type"
        if all(made != other.values for other in found):
            found.append(Values(made, origin))
    return tuple(found[: max(1, count)])


def varied(sets: Sequence[tuple[str | None, ...]], text: str) -> tuple[tuple[str | None, ...], ...]:
    """Put the sets that differ in more than LIMIT and OFFSET from those before them first, each kind in its order."""
    tree = parse(text).tree
    page = {n for n, role in roles(tree).roles.items() if role in ("limit", "offset")} if tree else set[int]()
    first: dict[tuple[str | None, ...], tuple[str | None, ...]] = {}
    for values in dict.fromkeys(sets):
        first.setdefault(tuple(value for n, value in enumerate(values, 1) if n not in page), values)
    return tuple(dict.fromkeys((*first.values(), *sets)))


@dataclass(slots=True)
class _Maker:
    facts: StatementFacts
    schema: Schema
    roles: Roles
    types: tuple[str, ...]
    together: Mapping[str, Sequence[Mapping[str, str | None]]]
    constants: Mapping[int, str]
    from_statistics: bool = False
    row: dict[str, Mapping[str, str | None]] = field(default_factory=dict[str, Mapping[str, str | None]])

    def make(self, number: int, style: Style, place: int, random: Random) -> tuple[str | None, ...]:
        self.from_statistics = False
        self.row = {table: rows[place % len(rows)] for table, rows in self.together.items() if rows}
        made: dict[int, str | None] = {}
        for one in range(1, number + 1):
            if one not in made:
                made |= self.value(one, style, place, random)
        return tuple(made.get(one) for one in range(1, number + 1))

    def value(self, number: int, style: Style, place: int, random: Random) -> dict[int, str | None]:
        kind = self.types[number - 1] if number <= len(self.types) else ""
        role = self.roles.roles.get(number, "value")
        today = self.schema.read_at.strftime("%Y-%m-%d")
        if number in self.constants:
            return {number: _plain(self.constants[number])}
        if role in ("limit", "offset"):
            return {number: ("10", "20", "100")[place % 3] if role == "limit" else ("0", "20", "100")[place % 3]}
        if role == "field":
            return {number: "day"}
        compared = self.facts.parameter_keys.get(number)
        if compared is not None:
            column = self.column(compared[0])
            if column is not None and (found := self.compared(number, compared, column, kind, style, random)):
                self.from_statistics = True
                return found
        column = self.near(number, kind)
        if column is not None and (value := single.of_column(column, style, random)) is not None:
            return {number: value}
        return {number: single.of_type(kind, place, today)}

    def column(self, key: Key) -> Column | None:
        table = next((t for t in self.schema.tables if t.qualified == key.table), None)
        name = key.column or (next(iter(key.columns)) if len(key.columns) == 1 else None)
        return next((c for c in table.columns if c.name == name), None) if table else None

    def near(self, number: int, kind: str) -> Column | None:
        """A column that the parameter is compared with in an expression (`col > $1 - interval '1 day'`)."""
        for predicate in self.facts.predicates:
            column = self.column(predicate.key) if number in predicate.parameters else None
            if column is not None and kind and single.base_type(column.type) == single.base_type(kind):
                return column
        return None

    def compared(
        self, number: int, compared: tuple[Key, str], column: Column, kind: str, style: Style, random: Random
    ) -> dict[int, str | None] | None:
        key, operator = compared
        if operator in (">=", ">", "<=", "<"):
            return self.range(number, key, operator, column, style, random)
        value = self.row.get(key.table, {}).get(column.name) if key.column and operator == "=" else None
        value = value or (self.listed(number, key, column, style, random) if operator == "IN" else None)
        value = value or single.of_column(column, style, random)
        if operator in ("@>", "<@", "&&") and column.type == "jsonb":
            value = single.contained(column, style, random)
        elif operator == "?" and (keys := single.json_keys(column)):
            value = keys[0][0]
        elif key.column is None and column.type in ("json", "jsonb"):
            value = self.json_value(key, column, style, random)
        if value is None:
            return None
        if operator == "= ANY" or kind.endswith("[]"):
            picked = [
                v for v in (value, *(single.of_column(column, "drawn", random) for _ in range(2))) if v is not None
            ]
            return {number: single.array(list(dict.fromkeys(picked))) if not value.startswith("{") else value}
        if operator in ("~~", "~~*", "^@"):
            made = single.pattern(value, random, prefix=operator == "^@")
            return {number: made.rstrip("%") if operator == "^@" else made}
        return {number: _fitted(value, key, kind)}

    def listed(self, number: int, key: Key, column: Column, style: Style, random: Random) -> str | None:
        """A value for one place of a list, unlike those of the places before it."""
        place = sum(1 for n, (k, o) in self.facts.parameter_keys.items() if n < number and k == key and o == "IN")
        common = column.common_values
        if not common or (style == "middle" and column.bounds):
            return single.of_column(column, "middle", random)
        return common[place % len(common)] if style == "common" else common[-1 - place % len(common)]

    def json_value(self, key: Key, column: Column, style: Style, random: Random) -> str | None:
        named = [name for name, _ in single.json_keys(column) if literal(name) in key.text]
        return single.json_text(column, named[0], style, random) if named else None

    def range(
        self, number: int, key: Key, operator: str, column: Column, style: Style, random: Random
    ) -> dict[int, str | None] | None:
        """Both ends of a range at once, so that the low one is below the high one."""
        above = operator in (">=", ">")
        partner = next(
            (other for other, (k, o) in sorted(self.facts.parameter_keys.items())
             if k == key and other != number and o in (("<=", "<") if above else (">=", ">"))),
            None,
        )  # fmt: skip
        ends = single.span(column, _SPANS[style], random, late=above)
        if ends is None:
            return None
        low, high = (_fitted(end, key, self.types[number - 1] if number <= len(self.types) else "") for end in ends)
        if partner is None:
            return {number: low if above else high}
        return {number: low if above else high, partner: high if above else low}


def _plain(constant: str) -> str:
    """Return the value of an SQL literal as text."""
    tree = parse(f"SELECT {constant}").tree
    value = many(tree.targetList)[0].val if isinstance(tree, ast.SelectStmt) else None
    while isinstance(value, ast.TypeCast):
        value = value.arg
    return str(value.val.sval) if isinstance(value, ast.A_Const) and isinstance(value.val, ast.String) else constant


def _fitted(value: str, key: Key, kind: str) -> str:
    """Bring a column's value into the form of an expression over it, or of another type."""
    if kind == "date" and len(value) > 10 and value[4:5] == "-":
        return value[:10]
    if kind in ("integer", "bigint", "smallint"):
        number = value.partition(".")[0]
        return number if number.lstrip("-").isdigit() else "1"
    if key.column is None and key.text.startswith("lower("):
        return value.lower()
    if key.column is None and key.text.startswith("upper("):
        return value.upper()
    return value
