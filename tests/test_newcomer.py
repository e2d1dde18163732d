"""A newcomer's path: the README from top to bottom, then a file of one's own, with odd column names in another language.

The commands are those that the README shows, in its order; no option is added, and none is tried twice.
"""

from __future__ import annotations

import csv
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
FIRST = re.findall(r"^```sh\n.*\.venv/bin/(mismatch .*)\n```", README, re.MULTILINE)
OWN = [line for block in re.findall(r"^```text\n(.*?)^```", README, re.MULTILINE | re.DOTALL) for line in block.splitlines()]
WRONG = (3, 30)
"""articles, counted from 1, whose bodies changed places"""


PLACES = (
    "Ahrenfeld", "Birkenau", "Dornstadt", "Eschwege", "Friedwalde", "Grünhagen", "Hohenried", "Ilmsee", "Kaltbrunn",
    "Lindenberg", "Moorhusen", "Neuwerk", "Osterholz", "Pfaffenhof", "Rübenau", "Sandkrug",
)  # fmt: skip
EVENTS = (
    (
        "Fähre nach {} fährt wieder",
        "Nach neun Wochen im Dock hat die Fähre nach {} am Montag wieder abgelegt. Die Werft hatte an der Fähre Risse "
        "gefunden. Der Hafenmeister rechnet mit vielen Fahrgästen.",
    ),
    (
        "Krankenhaus {} schließt Geburtsstation",
        "Die Geburtsstation im Krankenhaus {} schließt im Herbst. Es fehlen Hebammen. Schwangere sollen in die Kreisstadt "
        "fahren, sagte die Leiterin vom Krankenhaus.",
    ),
    (
        "Lehrer in {} fordern längere Pausen",
        "In {} wollen Lehrer längere Pausen. Zwanzig Minuten reichen für ein Mittagessen nicht, klagen die Lehrer. Das "
        "Schulamt will die Pausen bis Ostern prüfen.",
    ),
    (
        "Stausee bei {} fast leer",
        "Der Stausee bei {} ist so leer wie nie. Seit Mai hat es kaum geregnet. Landwirte holen Wasser mit Tankwagen, und "
        "am Stausee liegen Boote auf dem Trockenen.",
    ),
    (
        "Museum {} bekommt gestohlene Kette zurück",
        "Eine Kette aus der Bronzezeit kehrt in das Museum {} zurück. Diebe hatten sie gestohlen. Ein Händler erkannte die "
        "Kette in einem Katalog und rief im Museum an.",
    ),
    (
        "Nachtzug hält nicht mehr in {}",
        "Der Nachtzug fährt ab Dezember ohne Halt durch {}. Im Tunnel lösen sich Ziegel. Reisende vom Nachtzug sollen Busse "
        "nehmen, teilte die Bahn mit.",
    ),
)


def articles() -> list[tuple[str, str]]:
    """Titles and bodies, neighbours about different things in different places."""
    rows = [(title.format(place), body.format(place)) for place in PLACES for title, body in EVENTS]
    return [rows[(k * 35) % len(rows)] for k in range(len(rows))]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "training_data").mkdir()
    shutil.copy(ROOT / "training_data" / "scrapes.jsonl", tmp_path / "training_data")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def own_file(path: Path, names: tuple[str, str, str], delimiter: str, encoding: str) -> None:
    """Articles as somebody else's program writes them, two of them with the body of the other."""
    bodies = [body for _, body in articles()]
    left, right = (number - 1 for number in WRONG)
    bodies[left], bodies[right] = bodies[right], bodies[left]
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(names)
        for i, ((title, _), body) in enumerate(zip(articles(), bodies, strict=True)):
            writer.writerow(["Blatt A" if i % 2 else "Blatt B", body, title])


@pytest.mark.parametrize(
    ("names", "delimiter", "encoding"),
    [
        (("Blatt", "Wortlaut", "Aufmacher"), ";", "cp1252"),
        (("x1", "x2", "x3"), ",", "utf-8"),
        (("газета", "тело_статьи", "шапка"), "\t", "utf-16"),
    ],
)
def test_the_readme_from_top_to_bottom_needs_no_second_try(
    folder: Path, invoke: Callable[..., Any], names: tuple[str, str, str], delimiter: str, encoding: str
) -> None:
    assert len(FIRST) == 1
    assert invoke(*shlex.split(FIRST[0])[1:]).code == 0
    own_file(folder / "mine.csv", names, delimiter, encoding)
    gate, explain, daily = (shlex.split(line)[1:] for line in OWN)

    ended = invoke(*gate)
    assert ended.code == 0, ended.err
    assert any(line.startswith(f"title={names[2]}, body={names[1]}") for line in ended.said), ended.err
    with (folder / gate[gate.index("--flagged") + 1]).open(encoding="utf-8", newline="") as file:
        flagged = list(csv.DictReader(file))
    numbers = " ".join(re.findall(r"rows? ([\d, and]+)", ended.out.decode()))
    named = {int(number) for number in re.findall(r"\d+", numbers)}
    assert set(WRONG) <= named, ended.out.decode()
    assert all(row["mismatch_verdict"] == "mismatch" and row[names[2]] for row in flagged)

    ended = invoke(*explain)
    assert ended.code == 0, ended.err
    assert ended.out.decode().startswith(("MISMATCH", "UNSURE"))
    assert "not in the body: " in ended.out.decode()

    assert invoke(*daily).code == (1 if len(flagged) > 1 else 0), "more than 2 % are flagged"
