"""The floor: a figure that falls is reported and fails, floors move on purpose only. On made-up figures."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT)]

from benchmarks import floor  # noqa: E402
from benchmarks.floor_figures import Floors, Measured  # noqa: E402

Gate = Callable[..., int]


def figure(name: str, value: float, *, tolerance: float = 0.01, promise: float | None = None) -> Measured:
    return Measured(name, value, f"what {name} is", tolerance, "machines differ", promise)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "floor.json"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "en.jsonl").write_text('{"title": "a"}\n')
    return folder


@pytest.fixture
def gate(path: Path, data: Path) -> Gate:
    """Runs the command on figures that are given instead of measured; the exit code."""

    def run(figures: Iterable[Measured], *arguments: str) -> int:
        groups: dict[str, list[Measured]] = {}
        for one in figures:
            groups.setdefault(one.name.partition(".")[0], []).append(one)
        return floor.main(arguments, {name: lambda some=some: some for name, some in groups.items()}, path, data)

    return run


@pytest.fixture
def floors(gate: Gate, path: Path) -> Callable[[], dict[str, float]]:
    """The floors of two figures, as the file has them."""
    assert gate([figure("crawl.found", 0.8), figure("speed.pass", 2.0, tolerance=0.8)], "--update") == 0
    return lambda: {name: one.floor for name, one in Floors.read(path).figures.items()}


@pytest.mark.usefixtures("floors")
class TestComparing:
    def test_what_set_the_floors_passes(self, gate, capsys):
        assert gate([figure("crawl.found", 0.8), figure("speed.pass", 2.0)]) == 0
        assert "all 2 figures stand" in capsys.readouterr().out

    def test_a_fall_is_reported_with_what_it_measures_and_how_to_lower_the_floor(self, gate, capsys):
        assert gate([figure("crawl.found", 0.78), figure("speed.pass", 2.0)]) == 1
        said = capsys.readouterr()
        assert "crawl.found fell: what crawl.found is" in said.err
        assert "--update crawl.found" in said.err
        assert "speed.pass fell" not in said.err
        row = next(line for line in said.out.splitlines() if "crawl.found" in line)
        assert row.split()[:5] == ["crawl.found", "0.8", "0.79", "0.78", "fell"]

    @pytest.mark.parametrize("value", [0.791, 0.8, 0.809])
    def test_what_lies_within_the_tolerance_passes_without_a_word(self, gate, capsys, value):
        assert gate([figure("crawl.found", value), figure("speed.pass", 2.0)]) == 0
        assert "rose" not in capsys.readouterr().out

    def test_a_rise_passes_and_asks_for_a_higher_floor(self, gate, capsys, floors):
        assert gate([figure("crawl.found", 0.9), figure("speed.pass", 2.0)]) == 0
        assert "crawl.found rose" in capsys.readouterr().out
        assert floors()["crawl.found"] == 0.8

    def test_the_tolerance_is_that_of_the_file(self, gate):
        assert gate([figure("crawl.found", 0.7, tolerance=0.5), figure("speed.pass", 2.0)]) == 1

    def test_a_figure_without_a_floor_fails(self, gate, capsys):
        assert gate([figure("crawl.found", 0.8), figure("speed.pass", 2.0), figure("crawl.new", 1.0)]) == 1
        assert "crawl.new no floor yet" in capsys.readouterr().err

    def test_a_floor_without_its_figure_fails(self, gate, capsys):
        assert gate([figure("speed.pass", 2.0)]) == 1
        assert "crawl.found not measured: what crawl.found is" in capsys.readouterr().err

    def test_what_is_not_a_number_fails(self, gate):
        assert gate([figure("crawl.found", math.nan), figure("speed.pass", 2.0)]) == 1

    def test_only_what_is_named_is_measured_and_compared(self, gate):
        assert gate([figure("crawl.found", 0.8), figure("speed.pass", 0.1)], "crawl") == 0
        assert gate([figure("crawl.found", 0.8), figure("speed.pass", 0.1)], "speed.pass") == 1

    def test_a_name_that_no_group_has_is_a_usage_error(self, gate, capsys):
        with pytest.raises(SystemExit) as ended:
            gate([figure("crawl.found", 0.8)], "sped")
        assert ended.value.code == 2
        assert "there are crawl" in capsys.readouterr().err

    def test_a_speed_that_falls_is_measured_once_more(self, path, data):
        values = iter([0.5, 1.9])
        groups = {"crawl": lambda: [figure("crawl.found", 0.8)], "speed": lambda: [figure("speed.pass", next(values))]}
        assert floor.main([], groups, path, data) == 0

    def test_a_share_that_falls_is_not(self, path, data):
        values = iter([0.5, 0.8])
        groups = {"crawl": lambda: [figure("crawl.found", next(values))], "speed": lambda: [figure("speed.pass", 2.0)]}
        assert floor.main([], groups, path, data) == 1

    def test_figures_on_other_data_are_not_compared(self, gate, data, capsys):
        (data / "fr.jsonl").write_text("{}\n")
        assert gate([figure("crawl.found", 0.8), figure("speed.pass", 2.0)]) == 2
        assert "changed since the floors were set: fr.jsonl" in capsys.readouterr().err


class TestUpdating:
    def test_it_sets_floors_up_and_down_and_says_which(self, gate, floors, capsys):
        assert gate([figure("crawl.found", 0.7), figure("speed.pass", 3.0)], "--update") == 0
        assert floors() == {"crawl.found": 0.7, "speed.pass": 3.0}
        said = capsys.readouterr().out
        assert "crawl.found LOWERED: 0.8 -> 0.7" in said
        assert "speed.pass raised: 2 -> 3" in said

    def test_of_one_figure_it_leaves_the_others(self, gate, floors):
        assert gate([figure("crawl.found", 0.7), figure("speed.pass", 3.0)], "--update", "crawl.found") == 0
        assert floors() == {"crawl.found": 0.7, "speed.pass": 2.0}

    def test_figures_that_are_no_longer_measured_lose_their_floors(self, gate, floors, capsys):
        assert gate([figure("crawl.found", 0.8)], "--update") == 0
        assert list(floors()) == ["crawl.found"]
        assert "speed.pass has no floor any more" in capsys.readouterr().out

    def test_a_promise_is_not_moved(self, gate, floors):
        for value in (0.9, 0.5):
            assert gate([figure("growth.pass", value, promise=0.7, tolerance=0.1)], "--update") == 0
            assert floors() == {"growth.pass": 0.7}
        assert gate([figure("growth.pass", 0.5)]) == 1

    def test_a_promise_that_is_kept_amply_does_not_ask_for_a_higher_floor(self, gate, capsys):
        gate([figure("growth.pass", 1.5, promise=0.7, tolerance=0.1)], "--update")
        assert gate([figure("growth.pass", 1.5)]) == 0
        assert "rose" not in capsys.readouterr().out

    @pytest.mark.parametrize("value", [1 / 3, 2 / 3, 0.99999, 123.456, 0.0, 1.0])
    def test_what_set_a_floor_passes_without_tolerance(self, gate, value):
        assert gate([figure("crawl.found", value, tolerance=0.0)], "--update") == 0
        assert gate([figure("crawl.found", value)]) == 0

    def test_a_figure_that_is_no_number_sets_nothing(self, gate, floors, capsys):
        before = floors()
        assert gate([figure("crawl.found", math.nan), figure("speed.pass", 3.0)], "--update") == 2
        assert "crawl.found: not a number" in capsys.readouterr().err
        assert floors() == before

    def test_new_data_need_all_floors_anew(self, gate, floors, data):
        (data / "en.jsonl").write_text('{"title": "b"}\n')
        figures = [figure("crawl.found", 0.7), figure("speed.pass", 3.0)]
        assert gate(figures, "--update", "crawl") == 2
        assert floors()["crawl.found"] == 0.8
        assert gate(figures, "--update") == 0
        assert gate(figures) == 0

    def test_a_damaged_file_is_named_and_mended(self, gate, floors, path, capsys):
        path.write_text("<<<<<<< ours\n" + path.read_text())
        figures = [figure("crawl.found", 0.8), figure("speed.pass", 2.0)]
        assert gate(figures) == 2
        assert "floor.json: these are no floors" in capsys.readouterr().err
        assert gate(figures, "--update") == 0
        assert floors() == {"crawl.found": 0.8, "speed.pass": 2.0}

    def test_nothing_is_left_beside_the_file(self, floors, path):
        assert [other.name for other in path.parent.glob("floor*")] == ["floor.json"]
        json.loads(path.read_text())


def test_the_committed_floors_say_what_they_measure_and_what_their_tolerance_is_for():
    pytest.importorskip("orjson")
    committed = Floors.read(floor.PATH)
    assert {name.partition(".")[0] for name in committed.figures} == set(floor.all_groups())
    assert all(one.measures and one.why and one.tolerance >= 0 for one in committed.figures.values())
