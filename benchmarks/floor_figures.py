"""Figures and their floors: what was measured, what it must not fall below, and the file that says so.

Every figure is such that more is better: a share, an AUROC, a speed. What is a cost by nature is turned round (rows that are
*not* flagged, time at short bodies by time at long ones).
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

LEAST_RISE = 0.001
"""a rise that is worth a word where there is no tolerance; floors are rounded down"""


@dataclass(frozen=True)
class Measured:
    """One figure, as it was measured just now."""

    name: str
    """group.figure or group.figure.part"""
    value: float
    measures: str
    """what the figure is, in a line"""
    tolerance: float
    """how far it may fall below its floor, in its own unit"""
    why: str
    """what the tolerance is for"""
    promise: float | None = None
    """a floor that is what was promised, not what was measured; `--update` leaves it there"""
    seen: str = ""
    """what else there is to say of this measurement; not kept"""


@dataclass(frozen=True)
class Floor:
    """What a figure must not fall below by more than a tolerance."""

    floor: float
    tolerance: float
    measures: str
    why: str
    promised: bool = False
    """it says what was promised, not what was measured; `--update` leaves it there"""

    @property
    def lowest(self) -> float:
        """The lowest value that still passes."""
        return self.floor - self.tolerance

    @classmethod
    def at(cls, figure: Measured) -> Floor:
        """The floor that a figure sets."""
        floor = figure.value if figure.promise is None else figure.promise
        promised = figure.promise is not None
        return cls(_rounded(floor), _rounded(figure.tolerance), figure.measures, figure.why, promised)


@dataclass(frozen=True)
class Compared:
    """A figure against its floor."""

    name: str
    measures: str
    measured: float | None
    """None: it was not measured, though there is a floor"""
    floor: Floor | None
    """None: none was set yet"""
    seen: str = ""

    @property
    def passes(self) -> bool:
        """Also false for what is not a number, lacks a floor, or was not measured."""
        return self.measured is not None and self.floor is not None and self.measured >= self.floor.lowest

    @property
    def rose(self) -> bool:
        """Whether it lies further above a floor that can be raised than the tolerance explains."""
        if self.measured is None or self.floor is None or self.floor.promised:
            return False
        return self.measured > self.floor.floor + self.floor.tolerance + LEAST_RISE

    @property
    def says(self) -> str:
        """ok, or in words what is wrong."""
        if self.measured is None:
            return "not measured"
        if self.floor is None:
            return "no floor yet"
        return "ok" if self.passes else "fell"


@dataclass(frozen=True)
class Floors:
    """The committed floors and the digests of the data that they were measured on."""

    figures: dict[str, Floor]
    data: dict[str, str]
    """SHA-256 by file"""

    @classmethod
    def read(cls, path: Path) -> Floors:
        """Without a file there are no floors yet.

        Raises
        ------
        ValueError
            If the file is not what `write` writes.
        """
        if not path.is_file():
            return cls({}, {})
        try:
            plain = json.loads(path.read_text("utf-8"))
            floors = cls({name: Floor(**floor) for name, floor in plain["figures"].items()}, dict(plain["data"]))
            if not all(math.isfinite(floor.lowest) for floor in floors.figures.values()):
                raise ValueError("a floor is not a number")
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            why = f"{path}: these are no floors ({error}); take the committed file, or write it with --update"
            raise ValueError(why) from None
        return floors

    def write(self, path: Path) -> None:
        """Whole or not at all."""
        plain: dict[str, Any] = {"figures": {name: asdict(floor) for name, floor in self.figures.items()}, "data": self.data}
        new = path.with_name(f"{path.name}.new")
        new.write_text(json.dumps(plain, ensure_ascii=False, indent=1) + "\n", "utf-8")
        os.replace(new, path)

    def compare(self, measured: Iterable[Measured], chosen: Chosen) -> Iterator[Compared]:
        """What was measured in its order, then what has a floor, was chosen, and was not measured."""
        left = {name: floor for name, floor in self.figures.items() if name in chosen}
        for figure in measured:
            if figure.name in chosen:
                floor = left.pop(figure.name, None)
                yield Compared(figure.name, figure.measures, figure.value, floor, figure.seen)
        for name, floor in left.items():
            yield Compared(name, floor.measures, None, floor)

    def changed_files(self, data: Mapping[str, str]) -> list[str]:
        """Files that are others than those the floors were measured on."""
        return sorted(name for name in {*self.data, *data} if self.data.get(name) != data.get(name))

    def updated(self, measured: Iterable[Measured], data: Mapping[str, str], chosen: Chosen) -> Floors:
        """The floors that these figures set; those not chosen stay as they are.

        Raises
        ------
        ValueError
            If a figure is not a number.
        """
        figures = {figure.name: figure for figure in measured if figure.name in chosen}
        if wrong := [name for name, figure in figures.items() if not math.isfinite(figure.value)]:
            raise ValueError(f"{', '.join(wrong)}: not a number, no floor can be set by it")
        new = {name: Floor.at(figure) for name, figure in figures.items()}
        if chosen.everything:
            return Floors(new, dict(data))
        kept = {name: floor for name, floor in self.figures.items() if name in new or name not in chosen}
        return Floors({**kept, **new}, dict(data))


@dataclass(frozen=True)
class Chosen:
    """Groups or figures named on the command line; without any, everything."""

    names: tuple[str, ...] = ()

    @property
    def everything(self) -> bool:
        return not self.names

    def __contains__(self, name: str) -> bool:
        return self.everything or any(name == some or name.startswith(f"{some}.") for some in self.names)

    def needs(self, group: str) -> bool:
        """Whether anything of a group was chosen."""
        return self.everything or any(some.partition(".")[0] == group for some in self.names)


def _rounded(value: float) -> float:
    """Four significant digits, always downwards, so that what set a floor also passes without a tolerance."""
    if value == 0 or not math.isfinite(value):
        return value
    digits = 3 - math.floor(math.log10(abs(value)))
    scale = 10.0**digits
    return round(math.floor(value * scale * (1 + 1e-12)) / scale, max(digits, 0))
