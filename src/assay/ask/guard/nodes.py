"""The nodes that a tree may be made of, each with the arguments it may have; what is not listed is not run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from sqlglot import exp
from sqlglot.expressions.core import Expr

from assay.ask.graph import Dialect
from assay.ask.guard.model import Violation, violation

DEEPEST = 160
"""Levels of a tree; more could exhaust the stack of whoever walks it."""
WIDEST = 20_000
"""Nodes of a tree."""

_QUERY = {"with_", "order", "limit", "offset"}
_SELECT = _QUERY | {
    "expressions", "distinct", "from_", "joins", "laterals", "where", "group", "having", "windows", "kind",
}  # fmt: skip

SHAPES: dict[type[Expr], set[str]] = {
    exp.Select: _SELECT - {"kind"},
    exp.Union: _QUERY | {"this", "expression", "distinct"},
    exp.Intersect: _QUERY | {"this", "expression", "distinct"},
    exp.Except: _QUERY | {"this", "expression", "distinct"},
    exp.Subquery: _QUERY | {"this", "alias", "joins"},
    exp.With: {"expressions", "recursive"},
    exp.CTE: {"this", "alias", "materialized"},
    exp.From: {"this"},
    exp.Table: {"this", "alias", "db", "joins", "ordinality"},
    exp.TableAlias: {"this", "columns"},
    exp.Join: {"this", "on", "side", "kind", "using", "method"},
    exp.Lateral: {"this", "alias", "ordinality"},
    exp.Unnest: {"expressions", "alias", "offset"},
    exp.Values: {"expressions", "alias"},
    exp.Where: {"this"},
    exp.Having: {"this"},
    exp.Group: {"expressions", "grouping_sets", "cube", "rollup"},
    exp.GroupingSets: {"expressions"},
    exp.Cube: {"expressions"},
    exp.Rollup: {"expressions"},
    exp.Order: {"this", "expressions"},
    exp.Ordered: {"this", "desc", "nulls_first"},
    exp.Distinct: {"expressions", "on"},
    exp.Limit: {"expression"},
    exp.Offset: {"expression"},
    exp.Fetch: {"direction", "count", "limit_options"},
    exp.LimitOptions: {"rows", "with_ties"},
    exp.Alias: {"this", "alias"},
    exp.Column: {"this", "table", "db"},
    exp.Identifier: {"this", "quoted"},
    exp.Star: set(),
    exp.Window: {"this", "partition_by", "order", "spec", "alias", "over"},
    exp.WindowSpec: {"kind", "start", "start_side", "end", "end_side", "exclude"},
    exp.Filter: {"this", "expression"},
    exp.WithinGroup: {"this", "expression"},
    exp.Paren: {"this"},
    exp.Tuple: {"expressions"},
    exp.Array: {"expressions", "bracket_notation"},
    exp.Bracket: {"this", "expressions", "offset"},
    exp.Slice: {"this", "expression"},
    exp.Literal: {"this", "is_string"},
    exp.Boolean: {"this"},
    exp.Null: set(),
    exp.HexString: {"this", "is_integer"},
    exp.BitString: {"this", "is_integer"},
    exp.National: {"this"},
    exp.RawString: {"this"},
    exp.ByteString: {"this"},
    exp.UnicodeString: {"this"},
    exp.Var: {"this"},
    exp.Interval: {"this", "unit"},
    exp.DataType: {"this", "expressions", "nested", "kind"},
    exp.DataTypeParam: {"this"},
    exp.CharacterSet: {"this"},
    exp.ColumnDef: {"this", "kind"},
    exp.JSONTable: {"this", "schema", "path"},
    exp.JSONSchema: {"expressions"},
    exp.JSONColumnDef: {"this", "kind", "path", "nested_schema", "ordinality"},
    exp.JSONPath: {"expressions"},
    exp.JSONPathRoot: set(),
    exp.JSONPathKey: {"this", "quoted"},
    exp.JSONPathSubscript: {"this"},
    exp.JSONPathWildcard: set(),
    exp.Between: {"this", "low", "high", "symmetric"},
    exp.In: {"this", "expressions", "query"},
    exp.Case: {"this", "ifs", "default"},
    exp.If: {"this", "true", "false"},
    exp.Exists: {"this"},
    exp.Any: {"this"},
    exp.All: {"this"},
    exp.Escape: {"this", "expression"},
    exp.Collate: {"this", "expression"},
    exp.AtTimeZone: {"this", "zone"},
    exp.Kwarg: {"this", "expression"},
    exp.Not: {"this"},
    exp.Neg: {"this"},
    exp.BitwiseNot: {"this"},
}
"""Nodes that are no functions."""

_TWO: set[str] = {"this", "expression"}
SHAPES.update(
    dict.fromkeys(
        (
            exp.And, exp.Or, exp.Xor, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ,
            exp.NullSafeNEQ, exp.Is, exp.Like, exp.ILike, exp.SimilarTo, exp.Glob, exp.Match, exp.RegexpLike,
            exp.RegexpILike,
            exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Pow, exp.DPipe, exp.BitwiseAnd, exp.BitwiseOr,
            exp.BitwiseXor, exp.BitwiseLeftShift, exp.BitwiseRightShift, exp.ArrayContainsAll, exp.ArrayContainedBy,
            exp.ArrayOverlaps, exp.JSONBContainsTopKey, exp.JSONBContainsAnyTopKeys, exp.JSONBContainsAllTopKeys,
            exp.JSONBContains, exp.JSONBExtract, exp.JSONBExtractScalar, exp.JSONArrayContains, exp.Overlaps,
        ),
        _TWO | {"negate", "typed", "safe"},
    )
)  # fmt: skip
SHAPES[exp.JSONExtract] = SHAPES[exp.JSONExtractScalar] = _TWO | {"only_json_types"}

FUNCTIONS: dict[type[Expr], set[str]] = {
    exp.Anonymous: {"this", "expressions"},
    exp.Count: {"this", "expressions", "big_int"},
    exp.Sum: {"this"},
    exp.Avg: {"this"},
    exp.Min: {"this", "expressions"},
    exp.Max: {"this", "expressions"},
    exp.Greatest: {"this", "expressions", "ignore_nulls"},
    exp.Least: {"this", "expressions", "ignore_nulls"},
    exp.Coalesce: {"this", "expressions"},
    exp.Concat: {"expressions", "coalesce"},
    exp.Cast: {"this", "to"},
    exp.Extract: {"this", "expression"},
    exp.Substring: {"this", "start", "length"},
    exp.Trim: {"this", "expression", "position"},
    exp.StrPosition: {"this", "substr"},
    exp.Overlay: {"this", "expression", "from_", "for_"},
    exp.GroupConcat: {"this", "separator"},
    exp.MatchAgainst: {"this", "expressions", "modifier"},
    exp.Chr: {"expressions", "charset"},
    exp.Soundex: {"this"},
    exp.Sqrt: {"this"},
    exp.Cbrt: {"this"},
    exp.CurrentDate: {"this"},
    exp.CurrentTime: {"this"},
    exp.CurrentTimestamp: {"this"},
    exp.CurrentDatetime: {"this"},
    exp.Localtime: {"this"},
    exp.Localtimestamp: {"this"},
}
"""Functions that sqlglot reads into nodes of their own and that write nothing and look at nothing but arguments."""
SHAPES.update(FUNCTIONS)

_T = exp.DataType.Type
TYPES = frozenset({
    _T.ARRAY, _T.BIGDECIMAL, _T.BIGINT, _T.UBIGINT, _T.BINARY, _T.BIT, _T.BLOB, _T.BOOLEAN, _T.CHAR, _T.DATE,
    _T.DATEMULTIRANGE, _T.DATERANGE, _T.DATETIME, _T.DATETIME2, _T.DECIMAL, _T.UDECIMAL, _T.DOUBLE, _T.UDOUBLE,
    _T.FLOAT, _T.INET, _T.INT, _T.UINT, _T.INT4RANGE, _T.INT8RANGE, _T.INTERVAL, _T.JSON, _T.JSONB, _T.LONGTEXT,
    _T.LONGBLOB,
    _T.MEDIUMINT, _T.UMEDIUMINT, _T.MEDIUMTEXT, _T.MEDIUMBLOB, _T.MONEY, _T.NAME, _T.NCHAR, _T.NUMRANGE, _T.NVARCHAR,
    _T.SMALLINT, _T.USMALLINT, _T.TEXT, _T.TIME, _T.TIMETZ, _T.TIMESTAMP, _T.TIMESTAMPTZ, _T.TIMESTAMPNTZ,
    _T.TIMESTAMPLTZ, _T.TINYINT, _T.UTINYINT, _T.TINYTEXT, _T.TINYBLOB, _T.TSRANGE, _T.TSTZRANGE, _T.UUID,
    _T.VARBINARY, _T.VARCHAR, _T.YEAR,
})  # fmt: skip
"""Types of a cast; those of users, of the catalogue (regclass) and xml may run code or look names up."""

_UNITS = """
    microsecond microseconds millisecond milliseconds second seconds minute minutes hour hours day days week
    weeks month months quarter quarters year years decade decades century centuries millennium millenniums
    millennia dow doy epoch isodow isoyear julian timezone timezone_hour timezone_minute second_microsecond
    minute_microsecond minute_second hour_microsecond hour_second hour_minute day_microsecond day_second
    day_minute day_hour year_month
"""
_WORDS = frozenset(_UNITS.split()) | {
    "all", "first", "next", "only", "rows", "current row", "group", "ties", "no others", "nocase", "rtrim", "binary",
    "utf8", "utf8mb3", "utf8mb4", "latin1", "ascii", "ucs2", "utf16", "utf32", "default", "signed", "unsigned",
}  # fmt: skip
UNITS = frozenset(_UNITS.split())
"""Words that name a part of a time."""

_INTERVAL = re.compile(r"^[\w .,:+\-/]*$")
_COLLATION = re.compile(r"^[A-Za-z0-9_.@\-]{1,63}$")
_FLAT = re.compile(r"^[A-Za-z_ ]{0,40}$")
_COLLATIONS = {"nocase", "binary", "rtrim"}
_NAMED: dict[type[Expr], str] = {
    exp.Delete: "DELETE changes rows", exp.Insert: "INSERT changes rows", exp.Update: "UPDATE changes rows",
    exp.Merge: "MERGE changes rows", exp.Into: "INTO creates a table or a file",
    exp.Lock: "FOR UPDATE/SHARE locks rows",
    exp.Command: "only a SELECT is run", exp.Parameter: "parameters and variables have no value here",
    exp.Placeholder: "parameters have no value here", exp.SessionParameter: "server variables are not read",
    exp.Dot: "functions of a schema and fields of a composite are not let pass", exp.Hint: "hints are not let pass",
}  # fmt: skip


def check_nodes(tree: Expr, dialect: Dialect) -> list[Violation]:
    """Say which nodes, or arguments of nodes, are not among those that are let pass.

    Walks with a stack of its own: a tree of any depth is looked at, and refused when too deep.
    """
    found: list[Violation] = []
    ahead: list[tuple[Expr, int]] = [(tree, 1)]
    seen = 0
    while ahead:
        node, depth = ahead.pop()
        seen += 1
        if depth > DEEPEST:
            return [Violation("tree.depth", f"the statement is more than {DEEPEST} levels deep")]
        if seen > WIDEST:
            return [Violation("tree.size", f"the statement has more than {WIDEST} parts")]
        found += _node(node, dialect)
        # A chain of ANDs is walked, not recursed into, by all who walk it here.
        chain = isinstance(node, (exp.And, exp.Or))
        ahead += [(child, depth + (not chain or type(child) is not type(node))) for child in node.iter_expressions()]
    return found


def _node(node: Expr, dialect: Dialect) -> Iterator[Violation]:
    kind = type(node)
    shape = SHAPES.get(kind)
    if shape is None:
        message = _NAMED.get(kind, f"{kind.__name__} is not among what is let pass")
        yield violation(f"node.{kind.__name__.lower()}", message, node)
        return
    for name, value in node.args.items():
        if name not in shape and value not in (None, False, []):
            yield violation(
                f"node.{kind.__name__.lower()}.{name}", f"{kind.__name__} with {name} is not let pass", node
            )
        elif isinstance(value, str) and kind not in _LEAVES and not _FLAT.match(value):
            yield violation("node.text", f"{value[:40]!r} is no word of the dialect", node)
    rule = _RULES.get(kind)
    if rule is not None and (message := rule(node, dialect)):
        yield violation(f"node.{kind.__name__.lower()}", message, node)


_LEAVES = (
    exp.Literal, exp.Identifier, exp.Var, exp.HexString, exp.BitString, exp.National, exp.RawString,
    exp.ByteString, exp.UnicodeString,
    exp.JSONPathKey, exp.Anonymous,
)  # fmt: skip


def _type(node: Expr, dialect: Dialect) -> str:
    if node.this not in TYPES:
        return "a type of a user, of the catalogue, or one that runs code"
    return "" if not isinstance(node.args.get("kind"), Expr) else "a type of a user"


def _word(node: Expr, dialect: Dialect) -> str:
    if isinstance(node.parent, exp.Collate):
        return ""
    if isinstance(node.parent, exp.Kwarg) and dialect == "postgres":
        return "" if re.fullmatch(r"[a-z_]{1,30}", f"{node.this}") else "no name of an argument"
    return "" if f"{node.this}".lower() in _WORDS else f"{f'{node.this}'[:40]!r} is no word of the dialect"


def _collation(node: Expr, dialect: Dialect) -> str:
    name = node.expression
    if not isinstance(name, (exp.Var, exp.Identifier, exp.Column)) or not _COLLATION.match(name.name):
        return "no name of a collation"
    if isinstance(name, exp.Column) and (name.args.get("table") or not isinstance(name.this, exp.Identifier)):
        return "no name of a collation"
    return "" if dialect != "sqlite" or name.name.lower() in _COLLATIONS else "a collation of a program"


def _interval(node: Expr, dialect: Dialect) -> str:
    # sqlglot may write the literal's text and the unit as one; what could end the literal has no place in an interval.
    this = node.this
    inside = this.this if isinstance(this, exp.Literal) else ""
    return "" if _INTERVAL.match(f"{inside}") else "no interval"


def _modifier(node: Expr, dialect: Dialect) -> str:
    return "" if dialect in ("mysql", "postgres") else "not of this dialect"


def _digits(node: Expr, dialect: Dialect) -> str:
    this = f"{node.this}"
    if isinstance(node, exp.Literal):
        good = node.is_string or re.fullmatch(r"[0-9.]+(?:[eE][+-]?[0-9]+)?", this)
        return "" if good else "no number"
    good = re.fullmatch(r"[0-9a-fA-F]*" if isinstance(node, exp.HexString) else r"[01]*", this)
    return "" if good else "no number"


def _values(node: Expr, dialect: Dialect) -> str:
    return "" if dialect != "mysql" else "MySQL's VALUES ROW() is not let pass; use UNION ALL"


_RULES: dict[type[Expr], Callable[[Expr, Dialect], str]] = {
    exp.DataType: _type, exp.Var: _word, exp.Collate: _collation, exp.Interval: _interval, exp.MatchAgainst: _modifier,
    exp.Literal: _digits, exp.HexString: _digits, exp.BitString: _digits, exp.Values: _values,
}  # fmt: skip
