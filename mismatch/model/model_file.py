"""Model files: one file written with joblib that holds only dictionaries, lists, strings, numbers and bytes.

Loading runs no code: `plain_values` reads the file and builds nothing else. Then the format is checked, its version, the
digest and the sizes, and the arrays are built here. `joblib.load` opens the file too.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import reprlib
import sys
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from mismatch.errors import InputError, ModelError, UnwrittenModelError
from mismatch.features.cascade import FirstLook
from mismatch.features.forest import FOREST_ARRAYS, Forest
from mismatch.features.grams import GRAM_FEATURES
from mismatch.features.overlap_features import FEATURE_NAMES, N_FEATURES
from mismatch.features.plain_arrays import packed, unpacked
from mismatch.model.across_languages import AcrossLanguages
from mismatch.model.calibration import Calibration, Curve
from mismatch.model.model import Model
from mismatch.model.plain_values import read_plain_values
from mismatch.model.stream_profile import MOST_DOCUMENTS, StreamProfile
from mismatch.model.topics import TopicModel
from mismatch.paragraphs.paragraph_model import ParagraphModel
from mismatch.records.output.output_file import OutputFile
from mismatch.records.stores.stored_file import Place, StoredFile, place_of
from mismatch.screening.boilerplate import BoilerplateModel
from mismatch.terms.document_frequency import Counts
from mismatch.terms.lexicon import Lexicon, TermVectors, n_slots, union
from mismatch.terms.probe_lengths import check_probes

FORMAT = "mismatch model"
FORMAT_VERSION = 4
_EARLIER = (3,)
"""versions that are read as well: 3 has no terms that tell of topics"""
MAX_FILE_BYTES = 64 << 20
"""twice the starter, which has as many terms as a lexicon may have"""
_MOST_TERMS = 1 << 19
"""in a table: twice what training keeps"""
_LONGEST_VECTOR = 4096
_LONGEST_REASON = 300
_MOST_TOLD = 256
_FINGERPRINTS = "seen"
"""the key of the fingerprints in the file"""
_MAX_VALUES = 50_000
"""values in a file (the starter has 1,200), each counted as often as it is referred to: lists can stand for billions"""
_MAX_ANCHORS = 1 << 14
_SHOWN = reprlib.Repr()
_SHOWN.maxlevel = 1


def save_model(model: Model, path: str | Path) -> None:
    """Writes a model under a temporary name in the same folder and renames it; in a store it appears whole too.

    Raises
    ------
    UnwrittenModelError
        If the file cannot be written.
    """
    import joblib

    try:
        place_of(path)
    except InputError as error:
        raise UnwrittenModelError(f"the model cannot be written: {error}") from error
    contents: dict[str, Any] = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "features": list(FEATURE_NAMES),
        "card": model.card,
        "calibration": _plain_calibration(model.calibration),
        "forest_offset": model.forest.offset,
        "n_documents": [model.lexicon.terms.n_documents, model.lexicon.stems.n_documents],
        "arrays": {name: packed(array) for name, array in _arrays(model).items()},
    }
    if model.first_look is not None:
        contents["first_look"] = {
            "forest_offset": model.first_look.forest.offset,
            "clear_below": model.first_look.clear_below,
            "figures": model.first_look.figures,
            "arrays": model.first_look.forest.to_plain(),
        }
    contents = _canonical(contents)
    parts = (
        ("topics", model.topics),
        ("boilerplate", model.boilerplate),
        ("paragraphs", model.paragraphs),
        ("stream", model.stream),
        ("across_languages", model.across_languages),
    )
    for name, part in parts:
        if part is not None:
            contents[name] = _canonical(part.to_plain())
    if model.anchors is not None:
        contents["anchors"] = _canonical(packed(model.anchors))
    if model.fingerprints is not None:
        contents[_FINGERPRINTS] = _canonical(packed(model.fingerprints))
    contents["digest"] = _digest(contents)
    written = io.BytesIO()
    joblib.dump(contents, written, compress=("zlib", 6), protocol=4)
    try:
        with OutputFile(path, compress=False) as file:
            file.write(written.getbuffer())
    except InputError as error:
        raise UnwrittenModelError(f"the model cannot be written: {error}") from error


def _canonical(value: Any) -> Any:
    """The same values such that equal strings are one object and nothing else is shared: a pickle refers back to an object
    that it has seen, so that the bytes of the file would depend on more than the values."""
    if isinstance(value, dict):
        return {_canonical(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_canonical(item) for item in value]
    return sys.intern(value) if type(value) is str else value


def load_model(path: str | Path | StoredFile, *, sha256: str | None = None) -> Model:
    """Reads a model without running any code.

    Parameters
    ----------
    sha256
        The digest that the file must have, in hexadecimal digits.

    Raises
    ------
    ModelError
        If the file is missing, truncated, not a model, of an unknown version, altered, or not the one with that digest.
    InputError
        If `path` can be no path, or `sha256` no digest.
    """
    path = place_of(path)
    if not isinstance(sha256, str | None):
        raise InputError(f"sha256= takes the digest as hexadecimal digits, not a {type(sha256).__name__}")
    contents = read_plain_values(path, most_bytes=MAX_FILE_BYTES, most_values=_MAX_VALUES, sha256=sha256)
    if not isinstance(contents, dict) or contents.get("format") != FORMAT:
        _refuse(path, "it is not a model of mismatch; write one with `mismatch train`")
    version = contents.get("format_version")
    if type(version) is not int or version not in (FORMAT_VERSION, *_EARLIER):
        known = f"this is version {FORMAT_VERSION}"
        way_out = "use the mismatch that wrote it, or train again"
        _refuse(path, f"its format version {_SHOWN.repr(version)} is not known here ({known}); {way_out}")
    try:
        if contents.get("digest") != _digest(contents):
            _refuse(path, "its digest is wrong: the file was altered or damaged")
        return _rebuilt(path, contents)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError, MemoryError) as error:
        why = str(error)[:_LONGEST_REASON]
        raise ModelError(f"{path}: its parts do not fit together ({why}); train the model again") from error


def _refuse(path: Place, why: str) -> NoReturn:
    raise ModelError(f"{path}: {why}")


def _digest(contents: dict[str, Any]) -> str:
    sha = hashlib.sha256()
    n_values = 0

    def feed(value: Any) -> None:
        nonlocal n_values
        n_values += 1
        if n_values > _MAX_VALUES:
            raise ValueError(f"more than {_MAX_VALUES:,} values")
        if isinstance(value, dict):
            sha.update(b"{%d" % len(value))
            for key in sorted(value):
                feed(key)
                feed(value[key])
        elif isinstance(value, (list, tuple)):
            sha.update(b"[%d" % len(value))
            for item in value:
                feed(item)
        elif isinstance(value, bytes):
            sha.update(b"b%d:" % len(value))
            sha.update(value)
        elif value is None or isinstance(value, (str, int, float, bool)):
            sha.update(f"{type(value).__name__}:{value!r};".encode("utf-8", "surrogatepass"))
        else:
            raise TypeError(f"a {type(value).__name__} does not belong into a model file")

    feed({key: value for key, value in contents.items() if key != "digest"})
    return sha.hexdigest()


def _arrays(model: Model) -> dict[str, NDArray[Any]]:
    forest, lexicon = model.forest, model.lexicon
    arrays = {f"forest_{name}": getattr(forest, name) for name in FOREST_ARRAYS}
    for name, counts in (("terms", lexicon.terms), ("stems", lexicon.stems)):
        arrays[f"{name}_hashes"] = counts.hashes
        arrays[f"{name}_frequencies"] = counts.frequencies.astype(np.float32)
    if lexicon.vectors is not None:
        arrays["vector_hashes"], arrays["vector_codes"] = lexicon.vectors.hashes, lexicon.vectors.codes
        arrays["vector_scales"] = lexicon.vectors.scales
        if lexicon.vectors.telling is not None:
            arrays["vector_telling"] = lexicon.vectors.telling
    return arrays


def _rebuilt(path: Place, contents: dict[str, Any]) -> Model:
    if list(contents["features"]) != list(FEATURE_NAMES):
        _refuse(path, "its features are not those of this version of mismatch; train the model again")
    arrays = {name: unpacked(name, plain) for name, plain in contents["arrays"].items()}
    forest_arrays: dict[str, Any] = {name: arrays[f"forest_{name}"] for name in FOREST_ARRAYS}
    forest = Forest(**forest_arrays, offset=float(contents["forest_offset"]))
    forest.check(N_FEATURES)
    first_look = _first_look(contents["first_look"]) if "first_look" in contents else None
    counts: list[Counts] = []
    for name, n_documents in zip(("terms", "stems"), map(float, contents["n_documents"]), strict=True):
        hashes, kept = arrays[f"{name}_hashes"], arrays[f"{name}_frequencies"]
        if hashes.ndim != 1 or hashes.dtype != np.uint64 or hashes.shape != kept.shape:
            raise ValueError(f"the {name} of the lexicon differ in number from their frequencies")
        if len(hashes) > _MOST_TERMS:
            raise ValueError(f"there are {len(hashes):,} {name}")
        frequencies = kept.astype(np.float64)
        numbers = np.append(frequencies, n_documents)
        if not (np.isfinite(numbers).all() and (numbers >= 0).all() and (numbers < MOST_DOCUMENTS).all()):
            raise ValueError(f"the frequencies of the {name} are no counts")
        if (hashes[1:] <= hashes[:-1]).any():
            raise ValueError(f"the {name} of the lexicon are not in their order")
        if name == "stems" or "vector_hashes" not in arrays:  # else the table holds more than these
            check_probes(hashes, n_slots(len(hashes)))
        counts.append(Counts(hashes, frequencies, n_documents))
    calibration, card = _calibration(contents["calibration"]), contents["card"]
    if not isinstance(card, dict):
        raise ValueError("the model card is no dictionary")
    json.dumps(card)  # whatever shows the card counts on that
    vectors = _vectors(arrays)
    if vectors is not None:
        check_probes(in_table := union(counts[0].hashes, vectors.hashes), n_slots(len(in_table)))
    topics = TopicModel.from_plain(contents["topics"]) if "topics" in contents else None
    if topics is not None and (vectors is None or topics.size != vectors.size or topics.n_told not in (0, vectors.n_told)):
        raise ValueError("the topics do not fit the term vectors")
    boilerplate = BoilerplateModel.from_plain(contents["boilerplate"]) if "boilerplate" in contents else None
    paragraphs = ParagraphModel.from_plain(contents["paragraphs"]) if "paragraphs" in contents else None
    terms, stems = counts
    seen = unpacked(_FINGERPRINTS, contents[_FINGERPRINTS], "uint32", dimensions=1) if _FINGERPRINTS in contents else None
    if seen is not None and (seen[1:] <= seen[:-1]).any():
        raise ValueError("the fingerprints of what it learned from are not in their order")
    stream = StreamProfile.from_plain(contents["stream"]) if "stream" in contents else None
    anchors = unpacked("anchors", contents["anchors"], "float32", dimensions=2) if "anchors" in contents else None
    if anchors is not None and len(anchors) > _MAX_ANCHORS:
        raise ValueError(f"there are {len(anchors):,} anchors")
    if anchors is not None and (anchors.shape[1] != N_FEATURES + len(GRAM_FEATURES) + 1 or not np.isfinite(anchors).all()):
        raise ValueError("the anchors are not described by the features of this version")
    across = None
    if "across_languages" in contents:
        across = AcrossLanguages.from_plain(contents["across_languages"], vectors.size if vectors is not None else 0)
    return Model(
        Lexicon(terms, stems, vectors),
        forest,
        calibration,
        card,
        first_look,
        topics,
        boilerplate,
        paragraphs,
        seen,
        stream,
        anchors,
        across,
    )


def _first_look(plain: dict[str, Any]) -> FirstLook:
    forest = Forest.from_plain(plain["arrays"], plain["forest_offset"], N_FEATURES)
    if not math.isfinite(clear_below := float(plain["clear_below"])):
        raise ValueError("the cut of the first look is no number")
    return FirstLook(forest, clear_below, dict(plain["figures"]))


def _vectors(arrays: dict[str, NDArray[Any]]) -> TermVectors | None:
    if "vector_codes" not in arrays:
        return None
    hashes, codes, scales = (arrays[f"vector_{name}"] for name in ("hashes", "codes", "scales"))
    if (hashes.dtype, codes.dtype, scales.dtype) != (np.uint64, np.int8, np.float32) or (hashes.ndim, codes.ndim) != (1, 2):
        raise ValueError("the term vectors have the wrong type")
    if len(hashes) > _MOST_TERMS:
        raise ValueError(f"there are {len(hashes):,} term vectors")
    if not len(hashes) == len(codes) == len(scales) or not 0 < codes.shape[1] <= _LONGEST_VECTOR:
        raise ValueError("the term vectors differ in number")
    if (hashes[1:] <= hashes[:-1]).any() or not np.isfinite(scales).all():
        raise ValueError("the term vectors are not in their order")
    telling = arrays.get("vector_telling")
    if telling is not None and (telling.dtype != np.int8 or telling.ndim != 2 or len(telling) != len(hashes)):
        raise ValueError("what the terms tell of topics does not fit them")
    if telling is not None and not 0 < telling.shape[1] <= _MOST_TOLD:
        raise ValueError("the terms tell of too many topics")
    return TermVectors(hashes, codes, scales, telling)


def _plain_calibration(calibration: Calibration) -> dict[str, Any]:
    plain = {name: value for name, value in vars(calibration).items() if name != "curve"}
    if (curve := calibration.curve) is not None:
        plain["curve"] = {"low": curve.low, "high": curve.high, "values": packed(curve.values)}
    return plain


def _calibration(plain: dict[str, Any]) -> Calibration:
    curve = None
    if "curve" in plain:
        values = unpacked("values", plain["curve"]["values"], "float64", dimensions=1)
        curve = Curve(float(plain["curve"]["low"]), float(plain["curve"]["high"]), values)
        if len(values) < 2 or not (np.diff(values) >= 0).all() or not (0 <= values[0] <= values[-1] <= 1):
            raise ValueError("the probabilities of the calibration do not rise from 0 to 1")
        if not (math.isfinite(curve.low) and math.isfinite(curve.high) and curve.low < curve.high):
            raise ValueError("the calibration has no range")
    calibration = Calibration(**{name: value for name, value in plain.items() if name != "curve"}, curve=curve)
    _check_calibration(calibration)
    if curve is None and calibration != calibration.agreed():  # an older file, whose probabilities did not go with its cut
        return Calibration.agreeing(calibration.slope, calibration.intercept, calibration.cut, calibration.promise)
    return calibration


def _check_calibration(calibration: Calibration) -> None:
    *numbers, promise, _ = vars(calibration).values()
    if not isinstance(promise, str) or not all(type(n) in (int, float) and math.isfinite(n) for n in numbers):
        raise ValueError("the calibration is not made of numbers")
    if not (calibration.slope > 0 and 0 < calibration.prior < 1 and calibration.unsure_cut <= calibration.cut):
        raise ValueError("the numbers of the calibration contradict one another")
