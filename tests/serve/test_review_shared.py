"""A review by several people: each row goes to one person, each decision is kept once, whatever happens in between."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reviewing import Person, labels_of, scored_rows, write
from served import Service

Start = Callable[..., Service]
PEOPLE = 6


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "scored.jsonl", scored_rows(12))


def test_the_strongest_row_comes_first_and_each_person_gets_another(start: Start, file: Path) -> None:
    service = start("--review", file)
    ann, bob = Person(service, "ann"), Person(service, "bob")
    assert [ann.next()["id"], bob.next()["id"], ann.next()["id"]] == ["a12", "a11", "a12"]
    row = ann.next()
    answer = ann.decide(row, "mismatch").json
    assert (answer["total"], answer["decided"], answer["row"]["id"]) == (12, 1, "a10")
    assert row["reasons"] == ["weak_overlap"]
    assert [row["body"]["text"][start:stop] for start, stop in row["body"]["places"]] == ["12", "Rovers"]


def test_people_at_once_lose_and_double_no_decision(start: Start, tmp_path: Path) -> None:
    rows = scored_rows(150)
    service = start("--review", write(tmp_path / "scored.jsonl", rows), "--labels", tmp_path / "labels.db")
    kept: dict[str, str] = {}
    handed: list[str] = []
    wrong: list[Any] = []
    lock = threading.Lock()

    def work(name: str) -> None:
        person, chance = Person(service, name), random.Random(name)
        row = person.next()
        while row is not None:
            with lock:
                handed.append(row["id"])
            label = chance.choice(["match", "mismatch"])
            answer = person.decide(row, label)
            if answer.status != 200:
                wrong.append(answer)
                return
            with lock:
                kept[row["id"]] = label
            if chance.random() < 0.1:  # an answer that was lost: the same is said again
                again = person.decide(row, label)
                if again.status != 200:
                    wrong.append(again)
            row = answer.json["row"]

    threads = [threading.Thread(target=work, args=(f"person{i}",)) for i in range(PEOPLE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert wrong == []
    assert sorted(handed) == sorted(row["id"] for row in rows)
    labels = labels_of(service)
    assert len(labels) == len(rows)
    assert {row["id"]: row["label"] for row in labels} == kept
    assert {row["reviewer"] for row in labels} == {f"person{i}" for i in range(PEOPLE)}


def test_people_who_decide_on_the_same_row_at_once_are_told_who_was_first(start: Start, file: Path) -> None:
    service = start("--review", file, "--lease-seconds", 0.01)
    people = [Person(service, f"person{i}") for i in range(PEOPLE)]
    row = people[0].next()
    time.sleep(0.05)
    answers: dict[str, Any] = {}

    def decide(person: Person) -> None:
        answers[person.name] = person.decide(row, "match")

    threads = [threading.Thread(target=decide, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    (first,) = [name for name, answer in answers.items() if answer.status == 200]
    others = [answer for name, answer in answers.items() if name != first]
    assert [answer.status for answer in others] == [409] * (PEOPLE - 1)
    assert {answer.detail for answer in others} == {f"{first} has decided on this row already: match"}
    assert [(label["id"], label["reviewer"]) for label in labels_of(service)] == [("a12", first)]


def test_nobody_decides_on_a_row_that_another_has(start: Start, file: Path) -> None:
    service = start("--review", file)
    ann, bob = Person(service, "ann"), Person(service, "bob")
    row = ann.next()
    answer = bob.decide(row, "match")
    assert (answer.status, "ann has this row now" in answer.detail) == (409, True)
    assert ann.decide(row, "match").status == 200
    assert ann.decide(row, "mismatch").status == 409
    assert [label["label"] for label in labels_of(service)] == ["match"]


def test_a_row_whose_time_is_over_goes_to_the_next(start: Start, file: Path) -> None:
    service = start("--review", file, "--lease-seconds", 0.4)
    ann, bob = Person(service, "ann"), Person(service, "bob")
    row = ann.next()
    assert bob.next()["id"] == "a11"
    time.sleep(0.6)
    assert Person(service, "cleo").next()["id"] == row["id"]
    assert ann.decide(row, "match").status == 409


def test_a_skipped_row_goes_to_others_and_not_back(start: Start, file: Path) -> None:
    service = start("--review", file)
    ann, bob = Person(service, "ann"), Person(service, "bob")
    assert ann.skip(ann.next()).json["row"]["id"] == "a11"
    assert bob.next()["id"] == "a12"
    assert labels_of(service) == []


def test_an_undone_decision_is_no_label_and_the_row_comes_back(start: Start, file: Path, tmp_path: Path) -> None:
    database = tmp_path / "labels.db"
    service = start("--review", file, "--labels", database)
    ann, bob = Person(service, "ann"), Person(service, "bob")
    assert ann.ask("undo").status == 409
    row = ann.next()
    ann.decide(row, "match")
    bob.decide(bob.next(), "match")
    answer = ann.ask("undo").json
    assert (answer["row"]["id"], answer["decided"]) == (row["id"], 1)
    assert [label["reviewer"] for label in labels_of(service)] == ["bob"]
    ann.decide(row, "mismatch")
    assert [(label["reviewer"], label["label"]) for label in labels_of(service)] == [("bob", "match"), ("ann", "mismatch")]
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM labels").fetchone() == (2,)
        assert connection.execute("SELECT reviewer, label FROM withdrawn").fetchall() == [("ann", "match")]


def test_a_service_that_is_killed_between_decisions_goes_on(start: Start, tmp_path: Path) -> None:
    rows = scored_rows(24)
    file, database = write(tmp_path / "scored.jsonl", rows), tmp_path / "labels.db"
    kept: dict[str, str] = {}
    for i in range(3):
        service = start("--review", file, "--labels", database)
        ann = Person(service, "ann")
        row = ann.next()
        for label in ["match", "mismatch", "mismatch", "match"][: 4 - i]:
            assert row is not None
            answer = ann.decide(row, label)
            kept[row["id"]] = label
            row = answer.json["row"]
        service.signal(signal.SIGKILL)
        service.process.wait(10)
    service = start("--review", file, "--labels", database)
    labels = labels_of(service)
    assert {label["id"]: label["label"] for label in labels} == kept
    assert len(labels) == len(kept) == 9
    assert Person(service, "bob").ask("next").json["decided"] == 9


def test_a_kill_in_the_middle_of_decisions_loses_none_that_was_answered(start: Start, tmp_path: Path) -> None:
    file, database = write(tmp_path / "scored.jsonl", scored_rows(400)), tmp_path / "labels.db"
    service = start("--review", file, "--labels", database)
    answered: dict[str, str] = {}

    def work(person: Person) -> None:
        try:
            row = person.next()
            while row is not None:
                answer = person.decide(row, "mismatch")
                answered[row["id"]] = person.name
                row = answer.json["row"]
        except (OSError, ValueError):  # it was killed; http.client has its own errors for a half answer
            return
        except Exception as error:
            if type(error).__module__ != "http.client":
                raise

    threads = [threading.Thread(target=work, args=(Person(service, f"person{i}"),)) for i in range(4)]
    for thread in threads:
        thread.start()
    while len(answered) < 40:
        time.sleep(0.005)
    service.signal(signal.SIGKILL)
    for thread in threads:
        thread.join(30)
    labels = labels_of(start("--review", file, "--labels", database))
    ids = [label["id"] for label in labels]
    assert len(set(ids)) == len(ids)
    assert set(answered) <= set(ids)
    assert len(ids) <= len(answered) + 4  # kept, but the answer did not arrive
    assert {label["id"]: label["reviewer"] for label in labels if label["id"] in answered} == answered


def test_a_labels_file_is_kept_in_step(start: Start, file: Path, tmp_path: Path) -> None:
    lines = tmp_path / "labels.jsonl"
    rows = scored_rows(12)
    before = {**{name: rows[3][name] for name in ("title", "body", "id", "source")}, "label": "match", "row": 4}
    lines.write_text(json.dumps(before) + "\n" + '{"title": "Rovers w', "utf-8")

    def written() -> list[tuple[str, str]]:
        return [(row["id"], row["label"]) for row in map(json.loads, lines.read_text("utf-8").splitlines())]

    with Service("--model", "starter", "--review", file, "--labels", lines) as service:
        ann = Person(service, "ann")
        assert ann.ask("next").json["decided"] == 1
        ann.decide(ann.next(), "mismatch")
        ann.decide(ann.next(), "match")
        assert written() == [("a4", "match"), ("a12", "mismatch"), ("a11", "match")]
        ann.ask("undo")
        service.signal(signal.SIGKILL)
        service.process.wait(10)
    assert written() == [("a4", "match"), ("a12", "mismatch")]
    service = start("--review", file, "--labels", lines)
    assert [(row["id"], row["label"]) for row in labels_of(service)] == written()
