"""The formats and compressions that are known, each in one place.

Reader, writer, service and the help of the command line take them from here. To add a format, add it to `FORMATS`, to
`Reader` and to `open_sink`.
"""

from __future__ import annotations

from dataclasses import dataclass

from mismatch.errors import InputError


@dataclass(frozen=True)
class Format:
    """One way in which rows are laid into a file."""

    name: str
    """as `--format` takes it"""
    suffixes: tuple[str, ...]
    """of file names"""
    media_types: tuple[str, ...] = ()
    """under which the service takes a stream of rows"""
    row_end: bytes = b""
    """what follows each row, where a row is a JSON object"""
    delimiter: str = ""
    """what stands between the cells of a row, where a row is made of cells"""
    magic: tuple[bytes, ...] = ()
    """how a file begins, where it is read as a whole: it is made of columns, or is a database or a workbook"""
    is_written: bool = True
    """False where it is only read"""


@dataclass(frozen=True)
class Compression:
    """One way in which the bytes of a file are compressed."""

    name: str
    """as pyarrow has it, where it has it"""
    suffix: str
    magic: bytes


_JSON_LINES_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl")
FORMATS = {
    known.name: known
    for known in (
        Format("jsonl", (".jsonl", ".ndjson"), _JSON_LINES_TYPES, row_end=b"\n"),
        Format("json", (".json",), row_end=b",\n"),
        Format("csv", (".csv",), ("text/csv",), delimiter=","),
        Format("tsv", (".tsv",), ("text/tab-separated-values",), delimiter="\t"),
        Format("parquet", (".parquet",), magic=(b"PAR1",)),
        Format("arrow", (".arrow", ".feather"), magic=(b"ARROW1", b"\xff\xff\xff\xff")),
        Format("html", (".html", ".htm", ".xhtml"), is_written=False),
        Format("warc", (".warc", ".wet", ".wat"), is_written=False),
        Format(
            "xlsx", (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"), magic=(b"PK\x03\x04", b"\xd0\xcf\x11\xe0"), is_written=False
        ),
        Format("sqlite", (".sqlite", ".sqlite3", ".db"), magic=(b"SQLite",), is_written=False),
    )
}  # fmt: skip
COMPRESSIONS = (
    Compression("gzip", ".gz", b"\x1f\x8b"),
    Compression("zstd", ".zst", b"\x28\xb5\x2f\xfd"),
    Compression("bz2", ".bz2", b"BZh"),
    Compression("xz", ".xz", b"\xfd7zX"),
)

BY_SUFFIX = {suffix: known.name for known in FORMATS.values() for suffix in known.suffixes}
BY_MEDIA_TYPE = {media_type: known.name for known in FORMATS.values() for media_type in known.media_types}
COLUMNAR = frozenset(name for name, known in FORMATS.items() if known.magic)
"""formats of whole files in columns, which bring a compression of their own"""
ROW_ENDS = {name: known.row_end for name, known in FORMATS.items() if known.row_end}
DELIMITERS = {name: known.delimiter for name, known in FORMATS.items() if known.delimiter}
PAGES = frozenset({"html", "warc"})
"""formats whose rows are pages"""
MAGIC_BYTES = max(len(magic) for known in FORMATS.values() for magic in known.magic)
"""how many first bytes tell a columnar format"""
WRITTEN = tuple(name for name, known in FORMATS.items() if known.is_written)
_OTHER_SUFFIXES = (
    ".xml", ".rss", ".atom", ".mhtml", ".pdf", ".doc", ".docx",
    ".odt", ".rtf", ".epub", ".tex", ".md", ".yaml", ".yml", ".toml", ".ini", ".avro", ".orc", ".proto", ".pb",
    ".msgpack", ".bson", ".cbor", ".h5", ".hdf5", ".nc", ".npy", ".npz", ".mat", ".sav", ".dta", ".rds", ".pkl",
    ".pickle", ".joblib", ".duckdb", ".mdb", ".accdb", ".sql", ".numbers", ".zip", ".7z", ".rar", ".tar", ".tgz",
    ".tbz2", ".lz4", ".lzma", ".lzo", ".br", ".sz", ".snappy", ".z", ".png", ".jpg", ".svg",
)  # fmt: skip
"""of formats that are not written here: a file of that name would hold something else"""
DEFAULT_FORMAT = "jsonl"
"""of a stream that does not say, and of an output whose name does not"""


def format_of(name: str) -> tuple[str | None, str | None]:
    """Format and compression by a file's name: `a.csv.gz` -> ("csv", "gzip"); None where the name does not
    say."""
    name, compression = name.lower(), None
    for known in COMPRESSIONS:
        if name.endswith(known.suffix):
            name, compression = name[: -len(known.suffix)], known.name
            break
    return next((kind for suffix, kind in BY_SUFFIX.items() if name.endswith(suffix)), None), compression


def named_format(name: str) -> tuple[str, str | None]:
    """Format and compression that `--format` names, such as `ndjson` or `csv.gz`.

    Raises
    ------
    InputError
        It names none that is known.
    """
    kind, compression = format_of("." + name.lower().lstrip("."))
    if kind is None and compression is not None:
        suffix = next(known.suffix for known in COMPRESSIONS if known.name == compression)
        raise InputError(f"--format {name} says how the rows are compressed, not what they are: say, --format csv{suffix}.")
    if kind is None:
        raise InputError(f"unknown format {name!r}: use one of {', '.join(FORMATS)} (--format).")
    return kind, compression


def columnar_format_of(head: bytes) -> str | None:
    """The columnar format that the first bytes of a file announce."""
    return next((name for name, known in FORMATS.items() if any(map(head.startswith, known.magic))), None)


def written_format(name: str, default: str = DEFAULT_FORMAT) -> str:
    """The format that the name of an output asks for, `default` where it does not say.

    Raises
    ------
    InputError
        It asks for one that cannot be written, or is not compressed in that way.
    """
    kind, compression = format_of(name)
    other = next((suffix for suffix in _OTHER_SUFFIXES if name.lower().endswith(suffix)), None)
    ways = "".join(f" {known.suffixes[0]}" for known in FORMATS.values() if known.is_written)
    if other is not None or (kind is not None and kind not in WRITTEN):
        raise InputError(f"{name}: {other or kind} files cannot be written; name it after what can:{ways}.")
    if kind in COLUMNAR and compression is not None:
        raise InputError(f"{name}: a {kind} file is compressed inside; leave {compression} out of its name.")
    return kind or default
