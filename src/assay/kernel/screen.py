"""Finds texts that read like orders to a language model; it refuses with a reason, and never changes a text.

This is the outer fence only. What protects is the structure: such a text never stands in the system role, and whatever
a model answers is checked like a proposal of anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Piece:
    """A text that somebody else wrote, and where it stands."""

    where: str
    text: str
    statement: bool = False
    """An SQL statement, which may well change data."""


_CHANGES = "holds a statement that changes data"
_RULES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (reason, re.compile(pattern, re.IGNORECASE | re.MULTILINE))
    for reason, pattern in (
        ("asks to set instructions aside",
         r"\b(ignore|disregard|forget|override|bypass)\b.{0,40}\b(instruction|prompt|rule|message|guard|above|previous)"),
        ("speaks of a model's instructions", r"\b(system|developer)\s+(prompt|message|role)\b|\bnew\s+instructions?\b"),
        ("gives a model a part to play", r"\byou\s+are\s+now\b|\b(act|behave)\s+as\s+(an?|the|if)\b|\bpretend\s+to\b"),
        ("imitates the turns of a conversation",
         r"<\|\w*\|?>?|\[/?INST\]|</?(system|assistant|user|tool_call)\b|^\s*(system|assistant|human)\s*:|#{2,}\s*(system|instruction)"),
        ("tells what to answer",
         r"\b(respond|reply|answer|output|print)\s+(only\s+|exactly\s+)?with\b.{0,30}\b(sql|select|query|statement|following)\b|\binstead,?\s+(run|execute|write|select|return)\b"),
        (_CHANGES,
         r"\b(drop|truncate|alter)\s+(table|database|schema|role|user)\b|\bdelete\s+from\s+\S|\binsert\s+into\s+\S"
         r"|\bupdate\s+\S+\s+set\b|\bgrant\s+\w+.{0,40}\bto\b|\bcopy\s+\S+\s+(to|from)\b"),
        ("has characters that nobody sees",
         r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\U000e0000-\U000e007f]"),
    )
)  # fmt: skip


def screen(pieces: Iterable[Piece]) -> str | None:
    """Why a model is not asked: the first text that reads like an order to it, by its place; None: there is none."""
    for piece in pieces:
        for reason, pattern in _RULES:
            if not (piece.statement and reason == _CHANGES) and pattern.search(piece.text):
                return f"{piece.where} {reason}"
    return None
