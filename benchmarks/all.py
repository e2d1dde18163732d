"""Runs the benchmarks one after another, each in a process of its own, and writes docs/benchmarks.md with its plots.

python -m benchmarks.all                     # everything (an hour on two cores)
python -m benchmarks.all throughput memory   # these anew, the others as they were measured last
python -m benchmarks.all --page              # only the page, from benchmarks/measured
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from benchmarks import charts, corpora, results

ROOT = Path(__file__).parent.parent
NAMES = (
    "throughput",
    "memory",
    "training",
    "training_size",
    "cold_start",
    "cascade",
    "starter_quality",
    "detection",
    "archive_sizes",
    "labelled",
    "across_languages",
    "operating_point",
    "single_articles",
    "field_cases",
    "pairs_by_hand",
    "planted",
    "beside_encoder",
    "topics",
    "translations",
    "pages",
    "repair",
    "shifts",
    "repeats",
    "sources",
    "rivals",
)
HEAD = """# Benchmarks

Made by `python -m benchmarks.all`; do not edit. Every table is one run on one machine, rivals included, and says on which.

*R@1%* is the share of mismatches that is found when 1 % of the matched pairs are flagged, *R@0.1%* the same at 0.1 %.
*Random swaps* put a title over another article's body, never a near-duplicate of its own. The corpora are public
headline–body pairs (see `benchmarks/corpora.py`) and no part of the project. The starter was trained on allsides, and its
calibration rests on that, doj_releases, digitalgov and gsa18f.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all by default")
    parser.add_argument("--model", default="starter")
    parser.add_argument("--limit", type=int, help="read only the first N rows of each corpus, to try things out")
    parser.add_argument("--page", action="store_true", help="measure nothing")
    parser.add_argument("--results", type=Path, default=results.FOLDER, help="where results are kept")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs")
    given = parser.parse_args()
    if unknown := set(given.names) - set(NAMES):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}: there are {', '.join(NAMES)}")
    if given.limit is not None and results.FOLDER in (given.results, given.results.resolve()):
        parser.error("figures of a few rows do not go onto the page: give --results and --docs other folders")
    failed = []
    if not given.page:
        corpora.require()
        for name in given.names or NAMES:
            command = [sys.executable, "-m", f"benchmarks.{name}", "--model", given.model, "--save", str(given.results)]
            if given.limit is not None:
                command += ["--limit", str(given.limit)]
            if subprocess.run(command, cwd=ROOT, check=False).returncode:
                failed.append(name)
    write_page(given.results, given.docs)
    if failed:
        sys.exit(f"failed, and not measured anew: {', '.join(failed)}")


def write_page(folder: Path, docs: Path) -> None:
    """docs/benchmarks.md and docs/images/*.svg from the results that there are."""
    measured = [results.load(name, folder) for name in NAMES if (folder / f"{name}.json").is_file()]
    for result in measured:
        for plot in result.plots:
            charts.draw(plot, docs / "images")
    text = "\n\n".join([HEAD.rstrip(), *(result.markdown() for result in measured)])
    (docs / "benchmarks.md").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
