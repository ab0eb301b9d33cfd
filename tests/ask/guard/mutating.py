"""Ways to dress up a statement without changing what it does: case, comments, white space, quotes, nesting."""

from __future__ import annotations

import random
import re

from assay.ask.graph import Dialect

_TOKEN = re.compile(
    r"/\*.*?(?:\*/|\Z)|(?:--|#)[^\n]*\n?|'(?:[^'\\]|''|\\.)*'|\"[^\"]*\"|`[^`]*`|\[[^\]]*\]|\$\w*\$.*?\$\w*\$|\w+|\s+|.",
    re.S,
)
_WORD = re.compile(r"[A-Za-z_]\w*\Z")
_QUOTABLE = re.compile(
    r"\b(?!(?:select|with|from|where|as|on|using|partition)\b)([a-z_]\w*)(?=\s*\()|(?<=FROM )([a-z_]\w*)\b"
)
DELICATE = {"hidden", "broken", "quotes and comments"}
"""Kinds whose attack lies in the very characters: only the case of their words is changed."""
_SPACES = [" ", "\t", "\n", "\r\n", "  ", " \n\t "]
_WIDE = ["\u00a0", "\u3000", "\u2003", "\u1680", "\u205f", "\u200b", "\x0b", "\x0c", "\x85", "\u2028"]
_NESTS = [
    "SELECT * FROM ({}) AS zq",
    "WITH zq AS ({}) SELECT * FROM zq",
    "WITH zp AS (SELECT 1), zq AS ({}) SELECT 1 FROM zp",
    "SELECT 1 WHERE EXISTS ({})",
    "SELECT 1 WHERE 1 IN ({})",
    "SELECT 1 WHERE NOT (1 = ({}))",
    "SELECT ({}) AS zq",
    "SELECT 1 UNION ALL SELECT * FROM ({}) AS zq",
    "SELECT 1 FROM (SELECT 1 AS one) AS zp LEFT JOIN ({}) AS zq ON 1 = 1",
    "SELECT CASE WHEN 1 = 1 THEN 1 ELSE ({}) END",
    "SELECT 1 ORDER BY ({})",
    "SELECT count(*) OVER (ORDER BY ({})) FROM (SELECT 1 AS zone) AS zp",
    "SELECT coalesce(NULL, ({}), 2)",
    "SELECT * FROM (WITH zq AS ({}) SELECT * FROM zq) AS zr",
    "({})",
    "SELECT zone FROM (SELECT 1 AS zone) AS zp GROUP BY zone HAVING count(*) > ({})",
]  # fmt: skip


def case(text: str, chance: random.Random) -> str:
    """Change the case of words outside of quotes."""

    def change(token: str) -> str:
        if not _WORD.match(token) or not token.isascii():
            return token
        return chance.choice([token.upper(), token.lower(), token.swapcase(), token.title()])

    return "".join(change(token) for token in _TOKEN.findall(text))


def comments(text: str, chance: random.Random, dialect: Dialect) -> str:
    """Put comments between tokens."""
    kinds = ["/**/", "/* harmless */", "/*;*/", "-- x\n", "/*'*/", '/*"*/', "/* SELECT 1 */"] + ["# x\n"] * (
        dialect == "mysql"
    )
    made = ""
    for token in _TOKEN.findall(text):
        comment = chance.choice(kinds) if chance.random() < 0.3 else ""
        made += token + comment * (token[-1] not in "-/")  # a sign of which two begin a comment would take it in
    return made


def spaces(text: str, chance: random.Random) -> str:
    """Put other white space between tokens, some of it such as no server takes for one."""
    kinds = _SPACES if chance.random() < 0.8 else _WIDE
    return "".join(chance.choice(kinds) if token.isspace() else token for token in _TOKEN.findall(text))


def quotes(text: str, chance: random.Random, dialect: Dialect) -> str:
    """Put one name before a bracket or after FROM in quotes; a clause's word in quotes would be another statement."""
    left, right = chance.choice({"postgres": ['""'], "mysql": ["``"], "sqlite": ['""', "``", "[]"]}[dialect])
    found = [*_QUOTABLE.finditer(text)]
    if not found:
        return text
    one = chance.choice(found)
    return f"{text[: one.start()]}{left}{one[0]}{right}{text[one.end() :]}"


def nest(text: str, chance: random.Random) -> str:
    """Put a query somewhere inside of another one."""
    if not re.match(r"\s*(SELECT|WITH|VALUES|TABLE)\b", text, re.I):
        return text
    return chance.choice(_NESTS).replace("{}", text.rstrip("; \n"))


def mutate(kind: str, text: str, chance: random.Random, dialect: Dialect) -> str:
    """Some of these, one upon the other."""
    if kind in DELICATE:
        return case(text, chance)
    for _ in range(chance.randint(0, 3)):
        text = nest(text, chance)
    for change in chance.sample(["case", "comments", "spaces", "quotes"], k=chance.randint(1, 3)):
        if change == "case":
            text = case(text, chance)
        elif change == "comments":
            text = comments(text, chance, dialect)
        elif change == "spaces":
            text = spaces(text, chance)
        else:
            text = quotes(text, chance, dialect)
    return text
