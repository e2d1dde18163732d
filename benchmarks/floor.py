"""A floor under quality and speed: measures every figure and fails when one fell below what is committed.

python -m benchmarks.floor                       # everything (about a minute once compiled); ends with 1 when a figure fell
python -m benchmarks.floor speed crawl           # only these groups or figures
python -m benchmarks.floor --update [NAME …]     # sets the floors to what is measured now, up or down: a commit says why

The floors stand in benchmarks/floor.json, each with its tolerance and what it measures.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks.floor_figures import Chosen, Compared, Floor, Floors, Measured
from benchmarks.results import Table

PATH = Path(__file__).with_name("floor.json")
DATA = Path(__file__).parent.parent / "training_data"
TIMED = ("speed", "growth", "memory")
"""groups that a busy machine may spoil: measured once more before they fail, the better of two counts"""
BUSY = 1.5
"""load average for each core from which floors of speed should not be set"""

Group = Callable[[], Iterable[Measured]]


def main(
    arguments: Sequence[str] | None = None, groups: Mapping[str, Group] | None = None, path: Path = PATH, data: Path = DATA
) -> int:
    """Measures, prints the table, and returns the exit code: 0 all stand, 1 one does not, 2 they cannot be compared."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="groups or figures; all by default")
    parser.add_argument("--update", action="store_true", help="set the floors to what is measured now")
    given = parser.parse_args(arguments)
    chosen, groups = Chosen(tuple(given.names)), groups or all_groups()
    if unknown := {name.partition(".")[0] for name in chosen.names} - set(groups):
        parser.error(f"no figures {', '.join(sorted(unknown))}: there are {', '.join(groups)}")
    from mismatch.errors import MismatchError

    try:
        floors = read_floors(path, forgiving=given.update and chosen.everything)
        files = digests(data)
        changed = floors.changed_files(files)
        if changed and not (given.update and chosen.everything):
            raise ValueError(
                f"changed since the floors were set: {', '.join(changed)}; figures on other data say nothing of the floors. "
                "Set all of them anew on purpose: python -m benchmarks.floor --update"
            )
        measured = measure(groups, floors, chosen, twice=given.update)
        if chosen.names and not measured:
            parser.error(f"no figure is called {' or '.join(chosen.names)}")
        if given.update:
            new = floors.updated(measured, files, chosen)
            show(list(new.compare(measured, chosen)))
            new.write(path)
            tell_changes(floors, new, path)
            return 0
    except (MismatchError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    compared = list(floors.compare(measured, chosen))
    show(compared)
    return tell(compared)


def read_floors(path: Path, *, forgiving: bool) -> Floors:
    """The committed floors; with `forgiving`, none where the file is damaged (by a merge, say) and about to be written."""
    try:
        return Floors.read(path)
    except ValueError as error:
        if not forgiving:
            raise
        print(error, file=sys.stderr)
        return Floors({}, {})


def all_groups() -> dict[str, Group]:
    """Every group of figures, by the first part of their names."""
    from benchmarks import floor_quality, floor_speed

    return {**floor_quality.GROUPS, **floor_speed.GROUPS}


def measure(groups: Mapping[str, Group], floors: Floors, chosen: Chosen, *, twice: bool) -> list[Measured]:
    """The figures of the chosen groups, group after group; those that depend on a quiet machine twice if one falls."""
    measured: list[Measured] = []
    for name, group in groups.items():
        if not chosen.needs(name):
            continue
        print(f"measuring {name}", file=sys.stderr, flush=True)
        figures = list(group())
        if name in TIMED and (twice or any(not c.passes for c in floors.compare(figures, chosen) if c.measured is not None)):
            print(f"measuring {name} once more", file=sys.stderr, flush=True)
            again = {figure.name: figure for figure in group()}
            figures = [max(figure, again[figure.name], key=lambda one: one.value) for figure in figures]
        measured += [figure for figure in figures if figure.name in chosen]
    return measured


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of the lines that the figures are measured on."""
    paths = sorted(folder.rglob("*.jsonl"))
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def show(compared: Sequence[Compared]) -> None:
    """The table, a row a figure."""
    table = Table("Floors", ["figure", "floor", "passes from", "measured", "", "seen this time"])
    for one in compared:
        floor, lowest = (None, None) if one.floor is None else (f"{one.floor.floor:.4g}", f"{one.floor.lowest:.4g}")
        value = None if one.measured is None else f"{one.measured:.4g}"
        table.add(one.name, floor, lowest, value, one.says, one.seen)
    table.print()


def tell(compared: Sequence[Compared]) -> int:
    """What fell and what rose, in a line each; the exit code."""
    fallen = [one for one in compared if not one.passes]
    for one in compared:
        if one.rose:
            print(f"{one.name} rose: its floor may rise too (python -m benchmarks.floor --update {one.name})")
    for one in fallen:
        print(f"{one.name} {one.says}: {one.measures}", file=sys.stderr)
    names = " ".join(one.name for one in fallen)
    if fallen:
        print(
            f"{len(fallen)} of {len(compared)} figures do not stand; if that is meant to be, and the commit says why: "
            f"python -m benchmarks.floor --update {names}",
            file=sys.stderr,
        )
    else:
        print(f"all {len(compared)} figures stand")
    return int(bool(fallen))


def tell_changes(old: Floors, new: Floors, path: Path) -> None:
    """Every floor that moved, and where to."""
    for name in [*new.figures, *(name for name in old.figures if name not in new.figures)]:
        before, now = old.figures.get(name), new.figures.get(name)
        if words := _moved(before, now):
            print(f"{name} {words}")
    load = os.getloadavg()[0] / (os.cpu_count() or 1) if hasattr(os, "getloadavg") else 0.0
    if load > BUSY and any(name.partition(".")[0] in TIMED for name in new.figures):
        print(f"the machine was busy (load {load:.1f} a core): set the floors of speed again on a quiet one")
    print(f"{path.name} written")


def _moved(before: Floor | None, now: Floor | None) -> str:
    if now is None:
        return "has no floor any more"
    if before is None:
        return f"has a floor: {now.floor:g}"
    if before.floor == now.floor:
        return ""
    return f"{'raised' if now.floor > before.floor else 'LOWERED'}: {before.floor:g} -> {now.floor:g}"


if __name__ == "__main__":
    sys.exit(main())
