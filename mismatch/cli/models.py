"""`mismatch info`, and how every command loads the model that it is given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mismatch.cli.options import ModelSha256, Quiet

if TYPE_CHECKING:
    from mismatch.judging.scorer import Scorer


def info(
    model: Annotated[str, typer.Argument(metavar="[MODEL]", help="A model file, or 'starter'.")] = "starter",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    model_sha256: ModelSha256 = None,
    quiet: Quiet = False,
) -> None:
    """Prints the model card: what the model was trained on, its settings, figures and promises.

    Example: mismatch info models/mine.joblib
    """
    import json

    from mismatch.report.tables import print_card

    loaded = load_scorer(model, sha256=model_sha256).model
    card = {**loaded.card, "calibration": dict(vars(loaded.calibration)), "terms": len(loaded.lexicon.terms.hashes)}
    if as_json:
        from mismatch.records.output.outside_text import harmless_json

        typer.echo(harmless_json(json.dumps(card, ensure_ascii=False, indent=1)))
    else:
        print_card(card)


def load_scorer(
    model: str, prior: float | None = None, *, explain: bool = False, thorough: bool = False, paragraphs: bool = False,
    sha256: str | None = None,
) -> Scorer:  # fmt: skip
    """A scorer for a path or `starter`; with `prior`, its probabilities are for a stream with that share of mismatches."""
    from dataclasses import replace

    from mismatch.judging.scorer import Scorer, load

    scorer = load(model, explain=explain, thorough=thorough, paragraphs=paragraphs, sha256=sha256)
    if prior is None:
        return scorer
    moved = replace(scorer.model, calibration=scorer.model.calibration.with_prior(prior))
    return Scorer(moved, explain=explain, thorough=thorough, paragraphs=paragraphs)


def named_after_file(model: Any, path: str) -> Any:
    """The model with its file's name added to that on its card."""
    from dataclasses import replace

    name = model.card.get("name")
    file = Path(path).name
    return replace(model, card={**model.card, "name": f"{name} ({file})" if name else file})
