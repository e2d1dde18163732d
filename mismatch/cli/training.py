"""`mismatch train` and `mismatch calibrate`: what makes a model, and what sets its cut."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mismatch.cli.input_options import InputOptions, reading
from mismatch.cli.models import load_scorer
from mismatch.cli.options import Confidence, MaxFalseFlags, ModelSha256, Prior, Quiet, Rejected, between_or_none
from mismatch.cli.outputs import check_folder, check_outputs
from mismatch.cli.reading import labels_of, pairs_of_inputs, read_archive
from mismatch.errors import InputError
from mismatch.model import defaults
from mismatch.records.stores.stored_file import place_of

if TYPE_CHECKING:
    from mismatch.training.archive import Archive
    from mismatch.training.recipe import Training


@reading("with_body")
def train(
    pairs: Annotated[list[str], typer.Argument(metavar="PAIRS…", help="Files, globs or folders of headline-body pairs.", show_default=False)],
    out: Annotated[str, typer.Option("--out", metavar="FILE", help="Where the model goes, e.g. models/mine.joblib.", show_default=False)],
    base: Annotated[str, typer.Option("--base", metavar="MODEL", help="Model that lends its background.")] = "starter",
    model_sha256: Annotated[str | None, typer.Option("--model-sha256", metavar="DIGEST", help="End with 3 unless the file of --base has this SHA-256.", show_default=False)] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start from nothing.")] = False,
    suspects: Annotated[str | None, typer.Option("--suspects", metavar="FILE", help="List the pairs of the archive that look wrong (JSON lines).", show_default=False)] = None,
    max_false_flags: MaxFalseFlags = defaults.MAX_FALSE_FLAGS,
    confidence: Confidence = defaults.CONFIDENCE,
    prior: Prior = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of everything random.")] = 0,
    name: Annotated[str | None, typer.Option("--name", help="Name on the model card.", show_default=False)] = None,
    date: Annotated[str | None, typer.Option("--date", help="Date on the model card; else SOURCE_DATE_EPOCH, else none.", show_default=False)] = None,
    rejected: Rejected = None, quiet: Quiet = False, given: InputOptions = InputOptions(),
) -> None:  # fmt: skip
    """Learns from headline-body pairs. No labels needed: it makes its own mismatches by swapping.

    An archive that does not fit into memory is read as a stream: terms are counted in all of it, and the rest is learned from a
    sample of it.

    Example: mismatch train training_data/articles --out models/mine.joblib --suspects suspects.jsonl
    """
    from mismatch.classifier import resolve_base
    from mismatch.evaluation.trade_off import RATES, trade_offs
    from mismatch.model.model_file import save_model
    from mismatch.model.starter import model_path
    from mismatch.report.console import say, spinner
    from mismatch.report.training_words import Asked, print_training
    from mismatch.training.archive import train_archive
    from mismatch.training.settings import TrainingSettings

    if fresh and model_sha256 is not None:
        raise InputError("--model-sha256 is that of --base, and --fresh starts from nothing; leave one of them out")
    for path in (out, suspects):
        if path is not None:
            check_folder(path)
    check_outputs(
        {"--out": out, "--suspects": suspects, "--rejected": rejected}, pairs, given.format,
        models=[] if fresh else [base], bodies=given.bodies,
    )  # fmt: skip
    lender = None if fresh else resolve_base(model_path(base), sha256=model_sha256)
    with spinner(quiet=quiet) as tell:
        archive, digests = read_archive(pairs, given, rejected, seed=seed, tell=tell, quiet=quiet)
        labels = _labels(archive, given.label)
        if labels is not None and not labels.any():
            say(
                f"all {'sampled ' if archive.sampled else ''}pairs are labelled match: mismatches are made by swapping",
                quiet=quiet,
            )
        settings = TrainingSettings(max_false_flags=max_false_flags, confidence=confidence, prior=prior, seed=seed)
        card = {"name": name or place_of(out).stem, "date": _date(date), "data": digests, "versions": _versions()}
        training = train_archive(archive, labels=labels, settings=settings, base=lender, card=card, progress=tell)
        save_model(training.model, out)
        points = []
        if not quiet:
            tell("measuring")
            measured, rates = training.measured, sorted({*RATES, max_false_flags})
            points = trade_offs(measured.log_odds, measured.labels, measured.groups, rates=rates, seed=seed)
    if suspects is not None:
        _write_suspects(suspects, archive, training)
    if not quiet:
        asked = Asked(
            out, suspects, max_false_flags, default_cut=max_false_flags == defaults.MAX_FALSE_FLAGS,
            options=given.arguments("topic", "label", "with_body", "bodies"),
            suffix=_suffix(pairs), labelled=labels is not None and bool(labels.any()),
        )  # fmt: skip
        print_training(archive, training, points, asked)


def _suffix(pairs: list[str]) -> str:
    """How the name of a file like the archive's ends."""
    from mismatch.records.known_formats import BY_SUFFIX

    suffix = os.path.splitext(pairs[0])[1].lower()
    return suffix if suffix in BY_SUFFIX else ".jsonl"


def _labels(archive: Archive, asked: str | None) -> Any:
    """The labels of the pairs that are learned from as 0 and 1; None where not all pairs of the archive have one."""
    from mismatch.training.labels import label_codes

    seen = archive.labels
    if archive.n_rows and not seen.missing:
        label_codes(list(seen.first_rows), rows=list(seen.first_rows.values()))  # refuses what it does not know
        return label_codes(archive.table["label"].to_pylist())
    if asked is not None:
        raise InputError(f"{seen.missing:,} rows have no label in {asked!r}; label all of them, or leave --label out")
    return None


def _date(given: str | None) -> str | None:
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if given is None and epoch:
        from datetime import UTC, datetime

        try:
            return datetime.fromtimestamp(int(epoch), UTC).date().isoformat()
        except (ValueError, OverflowError, OSError):
            raise InputError(f"SOURCE_DATE_EPOCH={epoch!r} is not a number of seconds") from None
    return given


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    import mismatch

    names = ("scikit-learn", "numpy", "numba", "pyarrow")
    return {"mismatch": mismatch.__version__, **{name: version(name) for name in names}}


def _write_suspects(path: str, archive: Archive, training: Training) -> None:
    import json

    from mismatch.records.output.output_file import OutputFile

    table, probability = archive.table, training.model.calibration.probability(training.suspect_scores)
    with OutputFile(path) as output:
        for row, p in zip(training.suspects.tolist(), probability.tolist(), strict=True):
            line = {"row": int(archive.rows[row]) + 1, "id": table["id"][row].as_py(), "source": table["source"][row].as_py(),
                    "title": table["title"][row].as_py(), "body_begins": (table["body"][row].as_py() or "")[:200],
                    "mismatch_probability": round(p, 6)}  # fmt: skip
            output.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n")


@reading("topic", "with_body")
def calibrate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model that is adapted: a file, or 'starter'.", show_default=False)],
    pairs: Annotated[list[str], typer.Argument(metavar="PAIRS…", help="Files, globs or folders of pairs of the feed, which the model was not trained on.", show_default=False)],
    out: Annotated[str, typer.Option("--out", metavar="FILE", help="Where the adapted model goes.", show_default=False)],
    model_sha256: ModelSha256 = None,
    max_false_flags: Annotated[float | None, typer.Option("--max-false-flags", metavar="R", callback=between_or_none, help="Promise to flag at most this share of good articles.", show_default=False)] = None,
    confidence: Confidence = defaults.CONFIDENCE,
    by: Annotated[str, typer.Option("--by", metavar="WHAT", help="pair: the promise is for new pairs like these. source: for a random pair of a new source, one pair drawn from each.")] = "pair",
    prior: Prior = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the draws.")] = 0,
    rejected: Rejected = None, quiet: Quiet = False, given: InputOptions = InputOptions(),
) -> None:  # fmt: skip
    """Adapts a model to a feed, for one verdict today and tomorrow; with --max-false-flags its cut carries a promise.

    No labels are needed. For a promise at most a share R of good articles is flagged, with confidence C: one half of the pairs
    adapts the model, and the cut is set on the other, where they are many enough for both. Without labels a few pairs that look
    wrong are left out and listed; the promise says what it does not count. Where the pairs are too few for the promise, the
    command says how many it takes, and what can be promised with these, and ends with 2.

    Example: mismatch calibrate starter feed.jsonl --max-false-flags 0.01 --confidence 0.95 --out models/feed.joblib
    """
    from mismatch.judging import adaptation
    from mismatch.model.model_file import save_model
    from mismatch.report.console import say

    if by not in ("pair", "source"):
        raise InputError(f"--by is pair or source, not {by!r}")
    check_folder(out)
    check_outputs({"--out": out, "--rejected": rejected}, pairs, given.format, [model], given.bodies)
    loaded = load_scorer(model, sha256=model_sha256).model
    table, digests = pairs_of_inputs(pairs, given, rejected, quiet)
    if not table.num_rows:
        raise InputError("no pairs to calibrate on")
    if max_false_flags is None:
        adapted, words, learned = adaptation.adapt(loaded, table)
        if not learned:
            raise InputError(f"{words[0].upper()}{words[1:]}; give more pairs of the feed")
        say(words.partition(" (--no-adapt")[0], quiet=quiet)
        save_model(adaptation.expecting(adapted), out)
    else:
        from mismatch.evaluation.operating_point import Promise, calibrate_to_feed

        promise = Promise(max_false_flags, confidence, by == "source", prior, seed)
        done = calibrate_to_feed(loaded, table, promise, labels=labels_of(table, given.label, quiet), digests=digests)
        save_model(done.model, out)
        _say_promise(done, quiet)
    say(f"model written to {out}", quiet=quiet)


def _say_promise(done: Any, quiet: bool) -> None:
    from mismatch.report.console import say

    for notice in done.notices:
        say(notice)
    counts, point = done.model.card["calibrated"]["pairs"], done.model.card["operating_point"]
    left_out = f"{done.duplicates:,} with a body seen before and {done.unscorable:,} that cannot be judged left out"
    say(f"calibrated on {counts['used']:,} matched pairs ({left_out}); {counts['needed']:,} were needed", quiet=quiet)
    if point["flagged_mismatched"] is not None:
        say(f"with this cut {point['flagged_mismatched']:.1%} of mismatches are found", quiet=quiet)
    say(f"promise: {done.model.calibration.promise}", quiet=quiet)
