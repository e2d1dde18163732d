"""Reading and rewriting a file and judging nothing: what no scorer of that file can beat by much.

python -m benchmarks.reading_only {arrow_json,polars_json,arrow_parquet,arrow_csv} IN [OUT]
"""

from __future__ import annotations

import sys


def arrow_json(source: str) -> None:
    import pyarrow.json as pj

    pj.read_json(source)


def polars_json(source: str) -> None:
    import polars

    polars.read_ndjson(source)


def arrow_parquet(source: str, target: str) -> None:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(source)
    with pq.ParquetWriter(target, file.schema_arrow) as writer:
        for batch in file.iter_batches(4096):
            writer.write_batch(batch)


def arrow_csv(source: str, target: str) -> None:
    import pyarrow.csv as pc

    options = pc.ParseOptions(newlines_in_values=True)
    with pc.open_csv(source, parse_options=options) as reader, pc.CSVWriter(target, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)


if __name__ == "__main__":
    {f.__name__: f for f in (arrow_json, polars_json, arrow_parquet, arrow_csv)}[sys.argv[1]](*sys.argv[2:])
