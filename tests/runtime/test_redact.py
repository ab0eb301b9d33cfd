"""What logs and the audit keep of a text: nothing that looks like a secret."""

from __future__ import annotations

import pytest

from assay.kernel.audit import ASKED_MOST, kept_of
from assay.runtime.redact import redacted


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("postgresql://u:s3cret@h/db", "postgresql://u:***@h/db"),
        ("WHERE password = 'hunter 2' AND x = 1", "WHERE password = '***' AND x = 1"),
        ("WHERE \"password\" = 'it''s' AND x = 'y'", "WHERE \"password\" = '***' AND x = 'y'"),
        ("user_password_hash='abc'", "user_password_hash='***'"),
        ('{"api_key": "k v", "n": 1}', '{"api_key": "***", "n": 1}'),
        (r'{"sql": "SELECT \"token\" = 1"}', r'{"sql": "SELECT \"token\" = ***"}'),
        ("use sk-abcdefghijkl now", "use sk-*** now"),
        ("Authorization: Bearer abcdef.ghijkl", "Authorization: Bearer ***"),
        ("assay_token_abcdefghijklmn", "assay_token_***"),
    ],
)
def test_what_looks_like_a_secret_is_not_kept(text: str, kept: str) -> None:
    assert redacted(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "how many users have a password?",
        "password = $1",
        "SELECT password FROM users",
        "secret: null",
    ],
)
def test_words_about_secrets_are_kept(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.timeout(30)
@pytest.mark.parametrize("piece", ["x", "password", "a:", "://a", "'", "token=", "sk-", '\\"', "password = '"])
def test_a_long_text_is_cut_in_no_time_whatever_it_holds(piece: str) -> None:
    assert len(kept_of(piece * 50_000)) <= ASKED_MOST
