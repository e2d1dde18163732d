"""The shipped folding table against the Unicode Character Database of the running Python."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
import twin

from mismatch.terms.folding import (
    CODE_POINT_MASK,
    DIGIT,
    PAIR_SCRIPT,
    SPELLING_VARIANTS,
    SYLLABLE,
    fold_code_point,
    folding_table,
)

_TABLE_VERSION = "14.0.0"


def entries(code: int) -> list[int]:
    """What the shipped table says of a code point."""
    table = folding_table()
    value = int(table.entries[int(table.pages[code >> 8]) * 256 + (code & 255)])
    if value >= -1:
        return [value]
    start, stop = table.expansion_starts[-value - 2 : -value]
    return table.expansions[start:stop].tolist()


def letters(code: int) -> str:
    """The entries as text: a space for a separator, nothing for what is passed over."""
    return "".join(chr(e & CODE_POINT_MASK) if e > 0 else " " for e in entries(code) if e != -1)


def _plain(code: int) -> list[int]:
    """What the table should say, in its shortest form."""
    values = fold_code_point(code)
    if len(values) > 1:
        values = [v for v in values if v != -1] or [-1]
    return values if any(values) else [0]


def test_the_table_is_what_the_code_builds() -> None:
    assigned = [c for c in range(0x110000) if unicodedata.category(chr(c)) not in ("Cn", "Co", "Cs")]
    sample = assigned if unicodedata.unidata_version == _TABLE_VERSION else assigned[::7]
    differing = [c for c in sample if entries(c) != _plain(c)]
    if unicodedata.unidata_version == _TABLE_VERSION:
        assert not differing
    else:  # another Unicode version: letters that were added since are separators, nearly all else stays
        assert len(differing) < 0.1 * len(sample)
        assert sum(entries(c) != [0] for c in differing) < 0.001 * len(sample)


def test_letters_fold_as_in_the_twin() -> None:
    for code in (*range(0x3100), *range(0x4E00, 0x4E80), *range(0xAC00, 0xAC80), *range(0xF900, 0x10000)):
        if unicodedata.category(chr(code)) in ("Cn", "Co", "Cs"):
            continue
        expected = "".join(twin.folded(chr(code)))
        if unicodedata.unidata_version != _TABLE_VERSION and letters(code) == " ":
            continue  # a later version of Unicode may know the character
        assert letters(code) == (expected if expected.strip() else expected[:1]), hex(code)


def test_surrogates_and_private_characters_separate() -> None:
    for code in (0xD800, 0xDFFF, 0xE000, 0xFFFF, 0x10FFFF):
        assert entries(code) == [0]


@pytest.mark.parametrize("code", range(128))
def test_ascii_has_the_same_folding_in_its_short_table(code: int) -> None:
    assert folding_table().ascii[code] == (entries(code)[0] & 0x7F if entries(code)[0] > 0 else 0)


def test_folding_a_folded_letter_changes_nothing() -> None:
    table = folding_table()
    known = np.unique(np.concatenate([table.entries[table.entries > 0], table.expansions[table.expansions > 0]]))
    for value in known.tolist():
        assert entries(value & CODE_POINT_MASK) == [value], hex(value)


def test_flags_tell_digits_syllables_and_scripts_without_spaces() -> None:
    for characters, flag in (("0٣४９", DIGIT), ("ሀꔀᐁ", SYLLABLE), ("中あアกກ가", PAIR_SCRIPT)):
        for character in characters:
            assert all(entry & flag for entry in entries(ord(character))), character
    assert not entries(ord("a"))[0] & (DIGIT | SYLLABLE | PAIR_SCRIPT)


@pytest.mark.parametrize(("variant", "plain"), sorted(SPELLING_VARIANTS.items()))
def test_letters_that_are_spelt_in_two_ways_are_one(variant: str, plain: str) -> None:
    assert letters(ord(variant)) == "".join(letters(ord(c)) for c in plain)
