"""The functions that a statement may call, a dialect each; what is not listed is not called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from sqlglot import exp
from sqlglot.expressions.core import Expr
from sqlglot.tokenizer_core import Token, TokenType

from assay.ask.graph import Dialect
from assay.ask.guard.model import Violation, violation
from assay.ask.guard.nodes import FUNCTIONS

_COMMON = """
    count sum avg min max coalesce nullif abs ceil ceiling floor round sign sqrt exp ln log power pow mod pi degrees
    radians sin cos tan asin acos atan atan2 lower upper length trim ltrim rtrim replace substring substr cast
    row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value concat concat_ws
    date time
"""

_POSTGRES = """
    any_value array_agg string_agg bool_and bool_or every bit_and bit_or bit_xor json_agg jsonb_agg json_object_agg
    jsonb_object_agg corr covar_pop covar_samp regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx
    regr_sxy regr_syy stddev stddev_pop stddev_samp variance var_pop var_samp mode percentile_cont percentile_disc
    grouping range_agg range_intersect_agg
    ascii bit_length btrim char_length character_length chr convert_from convert_to decode encode format initcap left
    lpad md5 normalize octet_length overlay position quote_ident quote_literal quote_nullable regexp_count regexp_instr
    regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr
    repeat reverse right rpad sha224 sha256 sha384 sha512 split_part starts_with string_to_array string_to_table strpos
    to_hex translate similarity word_similarity unaccent levenshtein soundex metaphone dmetaphone
    acosd acosh asind asinh atan2d atand atanh cbrt cosd cosh cot cotd div erf erfc factorial gcd lcm log10 min_scale
    random scale sind sinh tand tanh trim_scale trunc width_bucket greatest least gen_random_uuid
    age clock_timestamp date_bin date_part date_trunc extract isfinite justify_days justify_hours justify_interval
    make_date make_interval make_time make_timestamp make_timestamptz now statement_timestamp timeofday
    transaction_timestamp to_timestamp to_date to_char to_number timezone localtime localtimestamp current_date
    current_time current_timestamp overlaps
    array array_append array_cat array_dims array_fill array_length array_lower array_ndims array_position
    array_positions array_prepend array_remove array_replace array_to_string array_upper cardinality trim_array unnest
    row row_to_json to_json to_jsonb array_to_json json_build_array jsonb_build_array json_build_object
    jsonb_build_object json_object jsonb_object json_array_elements jsonb_array_elements json_array_elements_text
    jsonb_array_elements_text json_array_length jsonb_array_length json_each jsonb_each json_each_text jsonb_each_text
    json_extract_path jsonb_extract_path json_extract_path_text jsonb_extract_path_text json_object_keys
    jsonb_object_keys json_to_record jsonb_to_record json_to_recordset jsonb_to_recordset json_typeof jsonb_typeof
    json_strip_nulls jsonb_strip_nulls jsonb_set jsonb_set_lax jsonb_insert jsonb_path_exists jsonb_path_match
    jsonb_path_query jsonb_path_query_array jsonb_path_query_first jsonb_pretty
    isempty lower_inc lower_inf upper_inc upper_inf range_merge int4range int8range numrange tsrange tstzrange daterange
    multirange
    to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_rank ts_rank_cd ts_headline
    numnode querytree setweight strip tsvector_to_array
    host hostmask broadcast family masklen netmask network abbrev text inet_same_family
    generate_series generate_subscripts num_nonnulls num_nulls version
"""

_MYSQL = """
    any_value group_concat bit_and bit_or bit_xor json_arrayagg json_objectagg std stddev stddev_pop stddev_samp
    var_pop var_samp variance grouping percentile_cont percentile_disc median
    if ifnull isnull greatest least interval
    ascii bin bit_length char char_length character_length elt export_set field find_in_set format from_base64 hex
    insert instr lcase left locate lpad make_set mid oct octet_length ord position quote regexp_instr regexp_like
    regexp_replace regexp_substr repeat reverse right rpad soundex space strcmp substring_index to_base64 ucase unhex
    convert crc32 md5 sha sha1 sha2 convert_tz weight_string
    acos conv cot log10 log2 rand truncate
    adddate addtime curdate current_date current_time current_timestamp curtime date_add date_format date_sub datediff
    day dayname dayofmonth dayofweek dayofyear extract from_days from_unixtime hour last_day localtime localtimestamp
    makedate maketime microsecond minute month monthname now period_add period_diff quarter sec_to_time second
    str_to_date subdate subtime sysdate time_format time_to_sec timediff timestamp timestampadd timestampdiff to_days
    to_seconds unix_timestamp utc_date utc_time utc_timestamp week weekday weekofyear year yearweek
    json_array json_array_append json_array_insert json_compact json_contains json_contains_path json_depth
    json_detailed json_exists json_extract json_insert json_keys json_length json_loose json_merge_patch
    json_merge_preserve
    json_normalize json_object json_overlaps json_pretty json_query json_quote json_remove json_replace json_search
    json_set json_table json_type json_unquote json_valid json_value
    match inet_aton inet_ntoa inet6_aton inet6_ntoa is_ipv4 is_ipv6 is_uuid uuid nullif version
"""

_SQLITE = """
    group_concat string_agg total median percentile percentile_cont percentile_disc
    char concat glob hex iif if ifnull instr like likelihood likely unlikely octet_length printf format quote
    random rtrim sign soundex typeof unhex unicode unistr
    acosh asinh atanh cosh sinh tanh log10 log2 trunc
    current_date current_time current_timestamp datetime julianday strftime timediff unixepoch
    json json_array json_array_length json_each json_error_position json_extract json_group_array json_group_object
    json_insert json_object json_patch json_pretty json_quote json_remove json_replace json_set json_tree json_type
    json_valid jsonb jsonb_array jsonb_each jsonb_extract jsonb_group_array jsonb_group_object jsonb_insert jsonb_object
    jsonb_patch jsonb_remove jsonb_replace jsonb_set jsonb_tree
    highlight snippet bm25 generate_series sqlite_version
"""

ALLOWED: dict[Dialect, frozenset[str]] = {
    "postgres": frozenset((_COMMON + _POSTGRES).split()),
    "mysql": frozenset((_COMMON + _MYSQL).split()),
    "sqlite": frozenset((_COMMON + _SQLITE).split()),
}
"""Names in lower case. None writes, waits, locks, reads a file, a setting, a catalogue, or runs a text as SQL."""

_JSON_ROWS: tuple[str, ...] = ("key", "value", "type", "atom", "id", "parent", "fullkey", "path", "json", "root")
ROWS: Mapping[Dialect, Mapping[str, tuple[str, ...]]] = {
    "postgres": {
        "generate_series": (), "generate_subscripts": (), "unnest": (), "regexp_matches": (), "string_to_table": (),
        "regexp_split_to_table": (), "json_array_elements": ("value",), "jsonb_array_elements": ("value",),
        "json_array_elements_text": ("value",), "jsonb_array_elements_text": ("value",), "json_object_keys": (),
        "jsonb_object_keys": (), "json_each": ("key", "value"), "jsonb_each": ("key", "value"),
        "json_each_text": ("key", "value"), "jsonb_each_text": ("key", "value"), "jsonb_path_query": (),
        "json_to_record": (), "jsonb_to_record": (), "json_to_recordset": (), "jsonb_to_recordset": (), "now": (),
    },
    "mysql": {},
    "sqlite": dict.fromkeys(("json_each", "json_tree", "jsonb_each", "jsonb_tree"), _JSON_ROWS)
    | {"generate_series": ("value", "start", "stop", "step")},
}  # fmt: skip
"""Functions that may stand in FROM, with the names of their columns; none: one, named by the alias or the function."""

MOST_ROWS = 1_000_000
"""Of a series between two literals."""
LONGEST = 10_000
"""Characters that repeat, lpad, rpad and space may make."""
_GROWS = {"repeat": 1, "lpad": 1, "rpad": 1, "space": 0, "export_set": -1, "make_set": -1, "array_fill": -1}
_WIDTHS = re.compile(r"%[^a-zA-Z%]*(?:\*|\d{4,})")

# Words that may stand before a bracket without being called.
_KEYWORDS = """
    in and or not on using as over filter by from join where select when then else union all any some exists
    values distinct with group having limit offset between like ilike is case array within sets rollup cube
    against of intersect except table row lateral ordinality interval div xor regexp rlike glob match escape end
    materialized window columns path nested to placing for into similar recursive conflict collate set mod least
    greatest tinytext char varchar decimal numeric bit time timestamp timestamptz timetz nchar binary varbinary
    float double character varying nvarchar signed unsigned int integer bigint smallint tinyint mediumint text
    datetime year blob bpchar dec
"""
_BEFORE_BRACKET = frozenset(_KEYWORDS.split()) | {"grouping sets"}


def check_functions(tree: Expr, dialect: Dialect) -> list[Violation]:
    """Say which functions are not among those of the dialect, or would make something huge."""
    found: list[Violation] = []
    for node in tree.find_all(exp.Func):
        if isinstance(node, exp.Anonymous):
            found += _named(node, dialect)
        elif type(node) in FUNCTIONS and isinstance(node, exp.Soundex) and dialect == "sqlite":
            found.append(violation("function.soundex", "SQLite has it only where it was built in", node))
    return found


def _named(node: exp.Anonymous, dialect: Dialect) -> Iterator[Violation]:
    if not isinstance(node.this, str):
        yield violation("function.quoted", "a function's name in quotes is not let pass", node)
        return
    name = node.this.lower()
    if name not in ALLOWED[dialect]:
        yield violation(f"function.{name[:60]}", f"the function {name[:60]} is not among those that are let pass", node)
    elif (place := _GROWS.get(name)) is not None:
        yield from _growth(node, name, place)
    elif name == "generate_series":
        yield from _series(node)
    elif name in ("format", "printf") and dialect != "mysql":
        yield from _format(node)


def _growth(node: exp.Anonymous, name: str, place: int) -> Iterator[Violation]:
    arguments = node.expressions
    size = arguments[place] if 0 <= place < len(arguments) else None
    literal = isinstance(size, exp.Literal) and not size.is_string and size.name.isdigit()
    if place < 0 or not literal or int(size.name) > LONGEST:  # pyright: ignore[reportOptionalMemberAccess]
        yield violation("function.size", f"{name} needs a literal length of at most {LONGEST}", node)
    above = node.parent
    while above is not None and not isinstance(above, exp.Query):
        if isinstance(above, exp.Anonymous) and f"{above.this}".lower() in _GROWS:
            yield violation("function.size", f"{name} inside of {above.this} multiplies lengths", node)
        above = above.parent


def _number(node: Expr) -> float | None:
    if isinstance(node, exp.Neg):
        inside = _number(node.this)
        return None if inside is None else -inside
    return float(node.name) if isinstance(node, exp.Literal) and not node.is_string else None


def _series(node: exp.Anonymous) -> Iterator[Violation]:
    bounds = [_number(one) for one in node.expressions]
    start, stop, step = (*bounds, 1.0)[:3] if len(bounds) >= 2 else (None, None, None)
    if start is None or stop is None:
        return  # bounds that only the planner can tell
    if step is None or step == 0 or abs((stop - start) / step) > MOST_ROWS:
        yield violation("function.rows", f"generate_series makes more than {MOST_ROWS} rows", node)


def _format(node: exp.Anonymous) -> Iterator[Violation]:
    pattern = node.expressions[0] if node.expressions else None
    if not isinstance(pattern, exp.Literal) or not pattern.is_string or _WIDTHS.search(pattern.name):
        yield violation("function.size", "format needs a literal pattern without wide or variable widths", node)


def check_calls(line: Sequence[Token], dialect: Dialect, names: frozenset[str]) -> list[Violation]:
    """Say which words before a bracket are no function that is let pass: the text itself, whatever its tree says.

    Args:
        line: the tokens of the text as it was written from the tree.
        dialect: its own.
        names: aliases with a list of columns, in lower case, which may stand before a bracket.
    """
    found: list[Violation] = []
    for word, bracket in pairwise(line):
        if bracket.token_type != TokenType.L_PAREN or not (word.text[:1].isalpha() or word.text[:1] == "_"):
            continue
        if word.token_type.name.endswith("STRING"):
            continue
        name = word.text.lower()
        declared = name in names and (word.token_type == TokenType.IDENTIFIER or name not in ALLOWED[dialect])
        if name not in ALLOWED[dialect] and name not in _BEFORE_BRACKET and not declared:
            found.append(
                Violation(f"function.{name[:60]}", f"{name[:60]}( is not let pass", word.text, word.start, word.end + 1)
            )
    return found
