"""Cells that a spreadsheet would take for formulas, made text.

After OWASP's advice on CSV injection: an apostrophe goes before what begins with a character that begins a formula. Numbers
are left as they are.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

_BEGINS_FORMULA = "^[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
_NUMBER = r"^[+-]?([0-9]+([.,][0-9]+)*|[.,][0-9]+)([eE][+-]?[0-9]+)?%?$"


def without_formulas(text: pa.Array) -> pa.Array:
    """The same text, with an apostrophe before each value that a spreadsheet would run.

    Examples
    --------
    >>> without_formulas(pa.array(["=1+1", "-3.5", "Fish"])).to_pylist()
    ["'=1+1", '-3.5', 'Fish']
    """
    begins = pc.match_substring_regex(text, _BEGINS_FORMULA)
    dangerous = pc.and_not(begins, pc.match_substring_regex(text, _NUMBER))
    if not pc.any(dangerous).as_py():
        return text
    quoted = pc.binary_join_element_wise(pa.scalar("'", text.type), text, pa.scalar("", text.type))
    return pc.if_else(dangerous, quoted, text)
