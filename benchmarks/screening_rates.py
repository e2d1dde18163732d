"""How many real pairs are refused a verdict, by reason and corpus.

python benchmarks/screening_rates.py [--examples] [--every N]
"""

from __future__ import annotations

import argparse

import corpora
import numpy as np
from boilerplate import DATA, ordinary, plain_lexicon

from mismatch.features.overlap_features import pair_features
from mismatch.screening.screening import REASONS, screen
from mismatch.screening.title_cleaning import clean_titles, learn_habits
from mismatch.terms.text_buffers import text_buffers
from models.boilerplate_training import learn_boilerplate, read_pages, read_phrases

EXAMPLES = 20


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--examples", action="store_true", help="print rows, titles and the beginnings of bodies")
    options.add_argument("--every", type=int, default=1, help="look at one row in N only")
    chosen = options.parse_args()
    corpora.require()
    lexicon = plain_lexicon()
    model = learn_boilerplate(read_pages(DATA), read_phrases(DATA), ordinary())
    shown = dict.fromkeys(REASONS, 0)
    print(f"{'corpus':24}{'pairs':>8}{'titles cut':>11}  refused, by reason")
    for name in (name for name in corpora.names() if not name.startswith("fnc1")):
        table = corpora.read(name)[:: chosen.every] if chosen.every > 1 else corpora.read(name)
        raw, sources = table["title"].combine_chunks(), table["source"].combine_chunks()
        titles = clean_titles(raw, sources, learn_habits(raw, sources))
        bodies = table["body"].combine_chunks()
        title_text, body_text = text_buffers(titles), text_buffers(bodies)
        numbers = screen(title_text, body_text, pair_features(title_text, body_text, lexicon), model)
        cut = [i for i, (old, new) in enumerate(zip(raw.to_pylist(), titles.to_pylist(), strict=True)) if old != new]
        counts = {REASONS[k]: int(n) for k, n in enumerate(np.bincount(numbers, minlength=len(REASONS))) if k and n}
        print(f"{name:24}{len(numbers):>8,}{len(cut):>11,}  {counts or ''}")
        if not chosen.examples:
            continue
        for i in cut[:: max(1, len(cut) // 6)][:6]:
            print(f"    cut {i}: {raw[i].as_py()[:90]!r} -> {titles[i].as_py()[:70]!r}")
        for i in np.flatnonzero(numbers).tolist():
            reason = REASONS[numbers[i]]
            shown[reason] += 1
            if shown[reason] <= EXAMPLES:
                title, body = titles[i].as_py(), bodies[i].as_py()
                print(f"    {reason} {table['id'][i].as_py() or i}: {(title or '')[:70]!r} / {(body or '')[:110]!r}")


if __name__ == "__main__":
    main()
