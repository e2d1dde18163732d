"""What each command does when all is well."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

ADDED = ["mismatch_verdict", "mismatch_probability", "mismatch_reasons", "title_topic", "body_topic"]
COMMANDS = ["train", "score", "gate", "explain", "evaluate", "info"]


@pytest.fixture
def mixed_file(tmp_path: Path, articles: list[dict[str, str]], stray: dict[str, str], write_rows: Any) -> Path:
    """Eight good articles, a stray one, and one without a body."""
    return write_rows(tmp_path / "mixed.jsonl", [*articles[:8], stray, {**articles[8], "body": None}])


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example(invoke: Any, command: str) -> None:
    shown = invoke(command, "--help")
    assert shown.code == 0
    assert b"Example: mismatch " + command.encode() in shown.out


def test_help_lists_every_command(invoke: Any) -> None:
    shown = invoke("--help")
    assert shown.code == 0
    assert all(command in shown.out.decode() for command in COMMANDS)


def test_without_a_command_the_help_is_shown_and_the_usage_is_wrong(invoke: Any) -> None:
    shown = invoke()
    assert shown.code == 2
    assert b"score" in shown.out


def test_the_version_is_that_of_the_package(invoke: Any) -> None:
    import mismatch

    assert invoke("--version").out.decode().strip() == mismatch.__version__


@pytest.mark.parametrize(
    "arguments", [["score"], ["nonsense"], ["--nonsense"], ["score", "-", "--threads", "0"],
                  ["gate", "-", "--max-rate", "2"], ["train", "x.jsonl"], ["train", "x.jsonl", "--out", "y", "--prior", "0"],
                  ["train", "x.jsonl", "--out", "y", "--max-false-flags", "1"],
                  ["train", "x.jsonl", "--out", "y", "--confidence", "1.5"],
                  ["train", "x.jsonl", "--out", "y", "--seed", "-1"], ["explain"], ["explain", "--title", "x"]],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage_is_one_line_that_says_what(invoke: Any, arguments: list[str]) -> None:
    ended = invoke(*arguments)
    assert ended.code == 2
    assert len(ended.said) == 1
    assert ended.said[0].startswith("mismatch: ")
    assert ended.out == b""


def test_score_adds_the_columns_to_every_row_in_order(invoke: Any, mixed_file: Path, model_path: Path) -> None:
    ended = invoke("score", mixed_file, "--model", model_path)
    assert ended.code == 0
    rows = ended.rows
    assert [row["id"] for row in rows] == [json.loads(line)["id"] for line in mixed_file.read_text().splitlines()]
    assert [list(row)[-5:] for row in rows] == [ADDED] * 10
    assert [row["mismatch_verdict"] for row in rows] == ["match"] * 8 + ["mismatch", "unscorable"]
    assert rows[8]["mismatch_reasons"] == ["no_shared_terms"]
    assert rows[8]["mismatch_probability"] > 0.5
    assert rows[9]["mismatch_reasons"] == ["body_missing"]
    assert rows[9]["mismatch_probability"] is None


def test_score_says_which_columns_it_guessed_and_what_it_found(invoke: Any, mixed_file: Path, model_path: Path) -> None:
    said = invoke("score", mixed_file, "--model", model_path).said
    assert said[0] == "title=title, body=body, source=source, id=id, topic=topic"
    assert said[1] == "the model is used as it is (too few different rows to adapt to: 9, it takes 30)"
    assert said[2] == "10 rows: 8 match, 1 mismatch (10.00%), 0 unsure, 1 unscorable"
    assert len(said) == 3


def test_columns_are_found_under_other_usual_names(
    invoke: Any, tmp_path: Path, articles: list[dict[str, str]], model_path: Path, write_rows: Any
) -> None:
    rows = [{"Headline": row["title"], "maintext": row["body"], "domain": row["source"]} for row in articles[:3]]
    ended = invoke("score", write_rows(tmp_path / "a.jsonl", rows), "--model", model_path)
    assert ended.said[0] == "title=Headline, body=maintext, source=domain"
    assert [row["mismatch_verdict"] for row in ended.rows] == ["match"] * 3


def test_named_columns_win_over_usual_names(
    invoke: Any, tmp_path: Path, articles: list[dict[str, str]], model_path: Path, write_rows: Any
) -> None:
    rows = [{"title": "a", "body": "b", "kop": row["title"], "tekst": row["body"]} for row in articles[:3]]
    path = write_rows(tmp_path / "a.jsonl", rows)
    ended = invoke("score", path, "--title", "kop", "--body", "tekst", "--model", model_path)
    assert ended.said[0] == "title=kop, body=tekst"
    assert [row["mismatch_verdict"] for row in ended.rows] == ["match"] * 3


def test_score_leaves_each_line_as_it_was(invoke: Any, tmp_path: Path, model_path: Path, write_rows: Any) -> None:
    lines = [
        '{"n": 1.50, "z": 1e5, "big": 123456789012345678901234567890, "title": "Caf\\u00e9 opens", "body": "x"}',
        '{ "body" :"y" ,  "title": "A",  "nested": {"a": [1, {"b": null}], "t": "\\/"}, "b": -0.0 }',
        '{"title":null,"body":[{"not": "text"}],"a":1}',
        '{"title": 7, "body": true, "e": "\U0001f600 \\ud83d\\ude00"}',
    ]
    ended = invoke("score", write_rows(tmp_path / "a.jsonl", lines), "--model", model_path)
    assert ended.code == 0
    kept = [lines[0], lines[1], lines[3]]  # an object without a text is no body: that row cannot be read
    for given, line in zip(kept, ended.out.decode().splitlines(), strict=True):
        assert line.startswith(given.rstrip("} "))
        assert list(json.loads(line))[-5:] == ADDED


def test_quiet_score_says_nothing(invoke: Any, mixed_file: Path, model_path: Path) -> None:
    ended = invoke("score", mixed_file, "--model", model_path, "--quiet")
    assert (ended.code, ended.err) == (0, "")
    assert len(ended.rows) == 10


def test_only_keeps_the_id_and_the_added_columns(invoke: Any, mixed_file: Path, model_path: Path) -> None:
    rows = invoke("score", mixed_file, "--only", "--model", model_path).rows
    assert [list(row) for row in rows] == [["id", *ADDED]] * 10


def test_standard_input_and_output_are_named_by_a_dash(invoke: Any, mixed_file: Path, model_path: Path) -> None:
    piped = invoke("score", "-", "--out", "-", "--model", model_path, stdin=mixed_file.read_bytes())
    assert piped.out == invoke("score", mixed_file, "--model", model_path).out
    zipped = invoke("score", "-", "--model", model_path, stdin=gzip.compress(mixed_file.read_bytes()))
    assert zipped.out == piped.out


def test_scoring_again_replaces_the_columns(invoke: Any, tmp_path: Path, mixed_file: Path, model_path: Path) -> None:
    once = tmp_path / "once.jsonl"
    assert invoke("score", mixed_file, "--out", once, "--model", model_path).code == 0
    assert invoke("score", once, "--model", model_path).out == once.read_bytes()


@pytest.mark.parametrize("kind", ["jsonl", "ndjson", "json", "csv", "tsv", "parquet", "arrow", "feather"])
def test_every_format_is_read_and_gives_the_same_verdicts(
    invoke: Any, tmp_path: Path, articles: list[dict[str, str]], stray: dict[str, str], model_path: Path, kind: str
) -> None:
    table = pa.Table.from_pylist([*articles[:4], stray])
    path = tmp_path / f"a.{kind}"
    if kind in ("jsonl", "ndjson"):
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    elif kind == "json":
        path.write_text(json.dumps(table.to_pylist(), indent=2))
    elif kind in ("csv", "tsv"):
        pyarrow.csv.write_csv(table, path, pyarrow.csv.WriteOptions(delimiter="\t" if kind == "tsv" else ","))
    elif kind == "parquet":
        pq.write_table(table, path)
    else:
        pyarrow.feather.write_feather(table, str(path))
    out = tmp_path / "out.jsonl"
    assert invoke("score", path, "--out", out, "--model", model_path).code == 0
    verdicts = [json.loads(line)["mismatch_verdict"] for line in out.read_text().splitlines()]
    assert verdicts == ["match"] * 4 + ["mismatch"]


@pytest.mark.parametrize(
    "name", ["a.jsonl", "a.json", "a.csv", "a.tsv", "a.parquet", "a.arrow", "a.feather",
             "a.jsonl.gz", "a.jsonl.zst", "a.json.gz", "a.csv.gz", "a.tsv.zst", "a.csv.zst"],
)  # fmt: skip
def test_every_format_that_is_written_can_be_scored_again(
    invoke: Any, tmp_path: Path, mixed_file: Path, model_path: Path, name: str
) -> None:
    first, second = tmp_path / name, tmp_path / "again.jsonl"
    assert invoke("score", mixed_file, "--out", first, "--model", model_path).code == 0
    again = invoke("score", first, "--out", second, "--model", model_path)
    assert again.said[-1] == "10 rows: 8 match, 1 mismatch (10.00%), 0 unsure, 1 unscorable"
    ids = [json.loads(line)["id"] for line in second.read_text().splitlines()]
    assert ids == [json.loads(line)["id"] for line in mixed_file.read_text().splitlines()]


def test_a_format_can_be_forced_on_input_and_output(invoke: Any, tmp_path: Path, mixed_file: Path, model_path: Path) -> None:
    odd = tmp_path / "articles.txt"
    odd.write_bytes(mixed_file.read_bytes())
    ended = invoke("score", odd, "--format", "jsonl", "--out-format", "csv", "--model", model_path)
    assert ended.code == 0
    assert ended.out.splitlines()[0].decode().split(",")[-5:] == ADDED


def test_folders_and_globs_stand_for_their_files(invoke: Any, tmp_path: Path, mixed_file: Path, model_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("b.jsonl", "a.jsonl"):
        (folder / name).write_bytes(mixed_file.read_bytes())
    whole = invoke("score", folder, "--model", model_path)
    assert len(whole.rows) == 20
    assert invoke("score", f"{folder}/*.jsonl", "--model", model_path).out == whole.out


def test_the_number_of_threads_changes_nothing(
    invoke: Any, tmp_path: Path, articles: list[dict[str, str]], model_path: Path, write_rows: Any
) -> None:
    path = write_rows(tmp_path / "many.jsonl", articles * 300)
    assert path.stat().st_size > 5 << 20  # more than one stretch
    outputs = [invoke("score", path, "--threads", n, "--model", model_path).out for n in (1, 4)]
    assert outputs[0] == outputs[1]
    assert outputs[0].count(b"\n") == len(articles) * 300


def test_gate_splits_the_rows_and_loses_none(invoke: Any, tmp_path: Path, mixed_file: Path, model_path: Path) -> None:
    with mixed_file.open("ab") as file:
        file.write(b'{"title": "half a li\n')
    passed, flagged, rejected = (tmp_path / f"{name}.jsonl" for name in ("passed", "flagged", "rejected"))
    ended = invoke(
        "gate", mixed_file, "--passed", passed, "--flagged", flagged, "--rejected", rejected, "--max-rejected", "0.1",
        "--model", model_path,
    )  # fmt: skip
    assert ended.code == 0
    counts = [len(path.read_bytes().splitlines()) for path in (passed, flagged, rejected)]
    assert counts == [9, 1, 1]
    assert json.loads(flagged.read_text())["id"] == "stray"
    assert json.loads(rejected.read_text())["line"] == 11
    assert ended.said[-1] == f"1 row could not be read, kept in {rejected}"


def test_gate_says_which_rows_are_wrong_and_why_and_prints_a_table_by_source(
    invoke: Any, mixed_file: Path, model_path: Path
) -> None:
    ended = invoke("gate", mixed_file, "--model", model_path)
    shown = ended.out.decode()
    daily = next(line for line in shown.splitlines() if line.startswith("daily.example"))
    assert daily.split()[:7] == ["daily.example", "4", "2", "1", "0", "1", "25.00%"]
    assert "KXIP vs KKR" in shown
    assert shown.startswith("1 of 10 articles has a headline that belongs to another story:\n")
    assert "row 9" in shown
    assert "passed: 1 of 10 rows flagged (10.00%, no limit set)" in shown


@pytest.mark.parametrize(("limit", "code"), [("0.05", 1), ("0.10", 0), ("0", 1), ("1", 0)])
def test_gate_fails_above_the_limit_only(invoke: Any, mixed_file: Path, model_path: Path, limit: str, code: int) -> None:
    ended = invoke("gate", mixed_file, "--max-rate", limit, "--model", model_path)
    assert ended.code == code
    assert ("FAILED" in ended.out.decode()) == bool(code)


def test_a_failed_gate_still_writes_its_outputs(invoke: Any, tmp_path: Path, mixed_file: Path, model_path: Path) -> None:
    flagged = tmp_path / "flagged.csv"
    assert invoke("gate", mixed_file, "--max-rate", "0", "--flagged", flagged, "--model", model_path).code == 1
    assert len(flagged.read_text().splitlines()) == 2


def test_gate_can_pass_rows_to_standard_output(invoke: Any, mixed_file: Path, model_path: Path) -> None:
    ended = invoke("gate", mixed_file, "--passed", "-", "--model", model_path)
    assert len(ended.rows) == 9
    assert "1 of 10 rows flagged" in ended.err


def test_explain_names_what_is_missing_from_the_body(
    invoke: Any, tmp_path: Path, stray: dict[str, str], model_path: Path
) -> None:
    body = tmp_path / "body.txt"
    body.write_text(stray["body"])
    ended = invoke("explain", "--title", stray["title"], "--body-file", body, "--model", model_path)
    assert ended.code == 0
    lines = ended.out.decode().splitlines()
    assert lines[0].startswith("MISMATCH: The title is about something else than the body.")
    assert any(line.startswith("not in the body: ") and "KXIP" in line for line in lines)
    piped = invoke(
        "explain", "--title", stray["title"], "--body-file", "-", "--model", model_path, stdin=stray["body"].encode()
    )
    assert piped.out == ended.out


def test_explain_takes_a_row_of_a_file(invoke: Any, mixed_file: Path, articles: Any, model_path: Path) -> None:
    ninth = invoke("explain", mixed_file, "--row", 9, "--model", model_path).out.decode()
    assert ninth.startswith("MISMATCH")
    first = invoke("explain", mixed_file, "--row", 1, "--model", model_path).out.decode()
    assert first.startswith("MATCH: The title belongs to the body.")
    assert "in the body: Rovers" in first
    beyond = invoke("explain", mixed_file, "--row", 99, "--model", model_path)
    assert beyond.code == 2
    assert beyond.said == [f"mismatch: there is no row 99: {mixed_file} has 10 readable rows"]


def test_evaluate_measures_against_swaps_and_prints_json(invoke: Any, pairs_file: Path, model_path: Path) -> None:
    ended = invoke("evaluate", pairs_file, "--json", "--model", model_path)
    assert ended.code == 0
    figures = json.loads(ended.out)
    assert figures["kind"] == "random swaps"
    assert figures["overall"]["matched"] == 64
    assert figures["overall"]["auroc"] > 0.9
    assert set(figures["overall"]["recall_at"]) == {"0.001", "0.01", "0.05"}
    table = invoke("evaluate", pairs_file, "--quiet", "--model", model_path)
    assert "AUROC" in table.out.decode()
    assert table.err == ""


def test_evaluate_measures_against_labels(
    invoke: Any, tmp_path: Path, articles: list[dict[str, str]], model_path: Path, write_rows: Any
) -> None:
    rows = [{**row, "label": "related"} for row in articles]
    rows += [{**row, "body": articles[i - 9]["body"], "label": "UNRELATED"} for i, row in enumerate(articles)]
    path = write_rows(tmp_path / "labelled.jsonl", rows)
    figures = json.loads(invoke("evaluate", path, "--json", "--model", model_path).out)
    assert figures["kind"] == "labels"
    assert (figures["overall"]["matched"], figures["overall"]["mismatched"]) == (64, 64)


def test_info_shows_the_model_card(invoke: Any, model_path: Path) -> None:
    card = json.loads(invoke("info", model_path, "--json").out)
    assert card["pairs"]["used"] == 64
    assert card["terms"] > 500
    shown = invoke("info", model_path)
    assert shown.code == 0
    assert "calibration:" in shown.out.decode()
    assert shown.err == ""


@pytest.mark.parametrize("command", [["score", "--out", "-"], ["gate", "--passed", "-"]], ids=lambda c: c[0])
def test_thorough_judges_anew_what_the_first_look_cleared_and_nothing_else(invoke: Any, command: list[str]) -> None:
    """With the starter, which has a first look: only probabilities of matches change."""
    scrapes = Path(__file__).parent.parent.parent / "training_data" / "scrapes.jsonl"
    name, *rest = command
    quick, thorough = (
        [json.loads(line) for line in invoke(name, scrapes, *rest, *asked).out.splitlines()]
        for asked in ([], ["--thorough"])
    )
    assert [row["title"] for row in quick] == [row["title"] for row in thorough]
    changed = [
        (before, after)
        for before, after in zip(quick, thorough, strict=True)
        if before["mismatch_probability"] != after["mismatch_probability"]
    ]
    assert 0 < len(changed) < len(quick)
    assert {row["mismatch_verdict"] for pair in changed for row in pair} == {"match"}


def test_evaluate_measures_what_the_first_look_costs(invoke: Any, pairs_file: Path) -> None:
    quick, thorough = (
        json.loads(invoke("evaluate", pairs_file, "--json", *asked).out)["overall"] for asked in ([], ["--thorough"])
    )
    assert quick["matched"] == thorough["matched"]
    assert quick["auroc"] == pytest.approx(thorough["auroc"], abs=0.01)
