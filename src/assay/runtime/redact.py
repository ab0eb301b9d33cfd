"""Takes out of a text what looks like a secret, for logs and for the audit."""

from __future__ import annotations

import re

_SECRET = re.compile(
    r"""(://[^\s:/@]{0,200}:)[^\s@]{1,500}(?=@)  # the password in a URL
    | ((?:password|passwd|pwd|secret|token|api_?key)\w{0,40}\\?["`]?\s{0,3}[=:]\s{0,3})  # a value under a name
      (?:(?P<quote>\\?['"])(?:''|\\[^"']|(?!(?P=quote)).){1,500} | (?!\$|null\b)[^\s'"\\,;)]{1,500})
    | (\bassay_(?:link|session|token)_|\bsk-|\bghp_|\bxox[abp]-)[\w-]{8,}  # a key that says so
    | (\bBearer\s{1,3})[\w.~+/-]{8,}""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


def redacted(text: str) -> str:
    """Return the text with *** for the password of an address, a value given to a secret's name, and a known key."""
    return _SECRET.sub(_hidden, text)


def _hidden(found: re.Match[str]) -> str:
    before = found[1] or found[2] or found[4] or found[5] or ""
    return f"{before}{found['quote'] or ''}***"
