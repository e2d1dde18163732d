"""HTML pages: whether the right title is chosen, what is flagged though its extraction is right, and what it costs.

The manifests of two sets of real pages say what the title and the body of each is. Titles are compared without case, blanks,
punctuation and the ways in which Unicode writes the same. One of the manifests keeps the names of sites in its titles
(`… | eHow`), which are cut on purpose: the column *site names aside* compares titles that are cut on both sides.

What mismatch takes beside trafilatura is processor time of whole commands, children included, without starting: a run of a
few pages is taken off a run of all. Both are run in turn, and the ratio is that of each pair.

python -m benchmarks.pages
python -m benchmarks.pages --only readability --misses
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import corpora
from benchmarks.processes import MISMATCH, measure
from benchmarks.results import Result, Table, share
from benchmarks.running import chosen, model_name, model_of, options_of, start
from mismatch.judging import pipeline
from mismatch.judging.scorer import Scorer
from mismatch.judging.title_choice import judged_block
from mismatch.records.pages.candidates import SOURCES, normalised, says_more
from mismatch.records.pages.inputs import PageOptions
from mismatch.records.pages.site_names import without_site
from mismatch.records.reading import Reader

SETS = ("readability", "scrapinghub_aeb")
RIGHT_BODY = 0.8
"""F1 of the words of a body from which its extraction is right"""
FEW = 32
"""pages whose cost is taken off, and with it that of starting"""
PLAIN = """
import gzip, logging, sys
logging.disable(logging.CRITICAL)
import trafilatura
for path in sys.argv[1:]:
    trafilatura.extract(gzip.open(path).read())
"""


class Judged(NamedTuple):
    """One page: what it should be, and what came out."""

    wanted: dict[str, Any]
    row: dict[str, Any]
    site: str | None
    verdict: str
    reasons: list[str]

    def is_title(self, title: str | None) -> bool:
        return normalised(title or "") == normalised(self.wanted["title"])

    def is_title_without_site(self, title: str | None) -> bool:
        names = {self.site, self.wanted.get("site")} - {None}
        return self.is_title(title) or (
            bool(title) and normalised(without_site(title, names)) == normalised(without_site(self.wanted["title"], names))  # type: ignore[arg-type]
        )

    @property
    def has_right_body(self) -> bool:
        found, wanted = (Counter(normalised(text or "").split()) for text in (self.row["body"], self.wanted["body"]))
        common = sum((found & wanted).values())
        return 2 * common >= RIGHT_BODY * max(1, sum(found.values()) + sum(wanted.values()))


def run(given: argparse.Namespace) -> Result:
    folder = corpora.ROOT / "html"
    if not folder.is_dir():
        sys.exit(f"no pages: there is no {folder}")
    sets = chosen(SETS, given)
    result = Result("pages", "HTML pages", {"model": model_name(given), "rounds": given.rounds})
    judged = {name: judge(folder / name, Scorer(model_of(given))) for name in sets}
    if len(sets) > 1:
        judged["both"] = [page for name in sets for page in judged[name]]
    result.tables = [_titles(judged), _causes(judged), _flags(judged)]
    if not given.only:
        result.tables.append(_cost([folder / name for name in sets], given.model, given.rounds))
    if given.misses:
        result.tables.append(_misses([page for name in sets for page in judged[name]]))
    return result


def judge(folder: Path, scorer: Scorer) -> list[Judged]:
    """The pages of a set, adapted to and judged as `mismatch score` does."""
    lines = (folder / "manifest.jsonl").read_text("utf-8").splitlines()
    wanted = {f"{row['file']}.gz": row for row in map(json.loads, lines)}
    reader = Reader(sorted(folder.glob("*.gz")), pages=PageOptions(with_body=True))
    scorer, chunks, _ = pipeline.adapted(reader, scorer)
    found = []
    for chunk in chunks:
        block, verdicts = judged_block(scorer, chunk.decode())
        columns = verdicts.columns.select(["mismatch_verdict", "mismatch_reasons"]).to_pylist()
        for row, site, said in zip(block.rows.to_pylist(), block.pairs["source"].to_pylist(), columns, strict=True):  # type: ignore[union-attr]
            found.append(Judged(wanted[Path(row["file"]).name], row, site, *said.values()))
    return found


def _titles(judged: dict[str, list[Judged]]) -> Table:
    ways = ["chosen", "site names aside", "a candidate", "first of the page", "first of a fixed order", "least probability"]
    table = Table("Pages whose title is that of the manifest", ["set", "pages", *ways])
    table.notes = [
        "First of the page: what its places agree on, without the scorer. Fixed order: JSON-LD, dc.title, og:title, h1,"
        " title.",
        "The manifest of scrapinghub_aeb takes most titles from h1; that of readability takes JSON-LD, og:title, title, in"
        " this order, and keeps the names of sites. The rules were chosen with both in view (docs/decisions.md), so that"
        " these are not figures of sets that nobody has seen.",
    ]
    for name, pages in judged.items():
        shares = [
            np.mean([page.is_title(page.row["title"]) for page in pages]),
            np.mean([page.is_title_without_site(page.row["title"]) for page in pages]),
            np.mean([any(page.is_title(one["title"]) for one in page.row["title_candidates"]) for page in pages]),
            np.mean([page.is_title(_first(page)) for page in pages]),
            np.mean([page.is_title(_by_order(page)) for page in pages]),
            np.mean([page.is_title(_least(page)) for page in pages]),
        ]
        table.add(name, len(pages), *(f"{value:.3f}" for value in shares))
    return table


def _causes(judged: dict[str, list[Judged]]) -> Table:
    causes = {
        "the manifest has a name beside it": lambda page: says_more(normalised(page.wanted["title"]), _normal_title(page)),
        "a name is left beside it": lambda page: says_more(_normal_title(page), normalised(page.wanted["title"])),
        "another candidate": lambda page: any(page.is_title(one["title"]) for one in page.row["title_candidates"]),
        "no candidate": lambda page: True,
    }
    table = Table("Pages with another title, by cause", ["set", "pages", *causes])
    for name, pages in judged.items():
        misses = [page for page in pages if not page.is_title(page.row["title"])]
        found = Counter(next(cause for cause, holds in causes.items() if holds(page)) for page in misses)
        table.add(name, len(misses), *(found[cause] for cause in causes))
    return table


def _normal_title(page: Judged) -> str:
    return normalised(page.row["title"] or "")


def _flags(judged: dict[str, list[Judged]]) -> Table:
    table = Table(
        "Verdicts", ["set", "pages", "extraction right", "of these flagged", "unsure", "unscorable", "of all flagged"]
    )
    table.notes = [
        f"Right: the title is the manifest's, site names aside, and the F1 of the body's words at least {RIGHT_BODY}."
    ]
    for name, pages in judged.items():
        right = [page for page in pages if page.has_right_body and page.is_title_without_site(page.row["title"])]
        of_right = Counter(page.verdict for page in right)
        of_all = Counter(page.verdict for page in pages)
        shares = [share(of_right[verdict] / len(right)) for verdict in ("mismatch", "unsure", "unscorable")]
        table.add(name, len(pages), len(right), *shares, share(of_all["mismatch"] / len(pages)))
    return table


def _cost(folders: list[Path], model: str, rounds: int) -> Table:
    table = Table(
        "Processor time beside plain trafilatura",
        ["", "pages a second", "ms a page", "starting", "overhead, median", "of single pairs"],
    )
    files = [file for folder in folders for file in sorted(folder.glob("*.gz"))]
    few = files[:: len(files) // FEW][:FEW]
    table.notes = [
        f"All {len(files)} pages, on one processor. Medians of {rounds} pairs of runs, in turn; a run of {FEW} pages is"
        " taken off each, and with it what starting takes.",
        "One process that parses beside one, and the model as it is (--threads 1 --no-adapt). Adapting it takes about a"
        " second, once, whatever the number of pages.",
    ]
    plain = [sys.executable, "-c", PLAIN]
    ours = [*MISMATCH, "score", "--quiet", "--model", model, "--out", "/dev/null", "--out-format", "jsonl"]
    ours += ["--threads", "1", "--no-adapt"]
    seconds: dict[str, list[tuple[float, float]]] = {"trafilatura.extract": [], "mismatch score": []}
    for i in range(rounds):
        in_turn = list(zip(seconds, (plain, ours), strict=True))
        for name, command in in_turn if i % 2 else reversed(in_turn):
            some, every = (measure([*command, *given]).processor_seconds for given in (few, files))
            a_page = (every - some) / (len(files) - len(few))
            seconds[name].append((a_page, some - len(few) * a_page))
    pairs = zip(seconds["mismatch score"], seconds["trafilatura.extract"], strict=True)
    overheads = sorted(our[0] / other[0] - 1 for our, other in pairs)
    for name, measured in seconds.items():
        a_page, starting = np.median(measured, axis=0)
        cells = [f"{1 / a_page:.1f}", f"{1000 * a_page:.1f}", f"{starting:.1f} s"]
        if name == "mismatch score":
            cells += [share(float(np.median(overheads))), f"{share(overheads[0])} to {share(overheads[-1])}"]
        table.add(name, *cells, *([None] * (len(table.columns) - 1 - len(cells))))
    return table


def _first(page: Judged) -> str | None:
    return next((one["title"] for one in page.row["title_candidates"]), None)


def _by_order(page: Judged) -> str | None:
    order = ("json-ld", "dc.title", "og:title", "h1", "title")
    assert set(order) == set(SOURCES)
    return min(page.row["title_candidates"], key=lambda one: order.index(one["source"]), default={"title": None})["title"]


def _least(page: Judged) -> str | None:
    scored = [one for one in page.row["title_candidates"] if one["probability"] is not None]
    return min(scored, key=lambda one: one["probability"])["title"] if scored else _first(page)


def _misses(pages: list[Judged]) -> Table:
    table = Table("Pages with another title, or flagged", ["page", "wanted", "chosen", "from", "verdict"])
    for page in pages:
        if not page.is_title(page.row["title"]) or page.verdict == "mismatch":
            row = page.row
            table.add(Path(row["file"]).name[:20], page.wanted["title"], row["title"], row["title_source"], page.verdict)
    return table


if __name__ == "__main__":
    parser = options_of(__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="pairs of runs that the cost is measured in")
    parser.add_argument("--misses", action="store_true", help="list the pages with another title")
    start(parser, run)
