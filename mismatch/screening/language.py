"""Writing systems and languages of titles and bodies, where they plainly differ.

Languages are told by their most frequent function words alone: a title needs two
more of its language than of its body's, and the body must be full of those of its own and nearly free of the title's. Words
that both languages have (Dutch and German "die") do not count. Names and borrowed headlines therefore pass. For a title of
several words that shares none with its body, one word of those that no other language has is enough ("the").
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel, part
from mismatch.terms.hashing import place_among
from mismatch.terms.text_buffers import TextBuffers
from mismatch.terms.tokens import SLACK_TERMS, STATE_SIZE, cut_terms, fold_arguments, terms_of

FUNCTION_WORDS = {
    "en": "the of and to in is was for that with on as at by this from are have been they which will would their were "
    "his her she you your not has had but who what why how when than into after before about",
    "de": "der die und das den von mit ist des dem nicht ein eine für auf im sich auch wird bei nach aus wie zum zur einer "
    "einen sind noch nur wurde haben über gegen vor ich wir in an zu sie es er hat als am bis so um will was war",
    "fr": "le les des et du une dans est pour que qui sur pas au par avec il sont ont ce cette aux plus se été leur mais "
    "ses après contre nous vous être la un en",
    "es": "el los las y del una en que por con para su se es lo como más al fue sus ha este pero sobre tras entre sin "
    "según también desde está la un de",
    "pt": "os as e do da dos das uma em no na que não com para por ao mais se foi pelo pela são após sobre também seu sua "
    "nos nas está um de",
    "it": "il gli di della del dei delle che è per una con non sono nel nella alla al dal da ha più come anche si dopo "
    "questo stato degli sul la le un in",
    "nl": "het een van en de is dat niet op te zijn voor met die aan er wordt door ook bij naar om uit nog maar werd hun "
    "heeft over deze in was ze hij als",
    "pl": "nie się na jest że do to z w za od po jak przez oraz są dla tym ich ale czy już roku który która został",
    "tr": "ve bir bu için ile da de çok olarak daha olan gibi ne sonra kadar en var ancak göre değil oldu ise her",
    "sv": "och att det som en är av för på med den till inte har om ett var de från men kan ska efter vid",
    "id": "yang dan di untuk dengan pada ini itu dari tidak akan dalam ke adalah juga oleh tersebut karena telah bisa",
    "ru": "и в не на что с по это как из его для но от был за при о к они она все также после года был было",
    "uk": "і в не на що з та як до для це від за про після його також був було із є які",
    "ro": "și de la în a cu pe nu că este pentru din care mai să un o se au fost prin după dar sunt ale această lor până",
    "cs": "a se v na je že s z do o i to ve za pro podle jako po při ale by který která jsou byl které k od až už jeho než",
    "hu": "a az és hogy nem is egy meg volt de ez csak már mint még el ki után azt vagy lesz szerint között több",
    "fi": "ja on ei se että hän oli ovat mutta myös kun niin jo vain mukaan sekä joka hänen jälkeen kanssa olla tai",
    "da": "og det at en til er på af for ikke de der med har som et den vil også efter blev fra men skal",
    "ca": "el la els les de del i a en per que amb un una no és al més com van ha són seva dels aquest però també",
    "fil": "ang ng sa na mga ay at si ni kay hindi para ito niya ayon dahil nang siya kung may isang pero sila",
    "vi": "và của là có cho không được trong với các những người này một đã để khi từ ở về tại đến sẽ cũng theo",
    "sw": "ya wa na kwa katika ni la za cha kuwa hii huo wake baada yake kama lakini huyo pia bila hiyo watu alisema zaidi",
    "xh": "ukuba kwaye kodwa ngoko emva kuba nje kunye xa yakhe wakhe ngexesha abantu apho le lo ezi aba kwi ye nge okanye",
    "ha": "da a na ta ya ce ba ne shi wa cikin daga kuma su ga an sai don wannan za kan amma bayan yi",
    "yo": "ni ti naa lati si won fun awon ati pe ko bi o sugbon gbogbo nigba yii wa re ile",
    "ar": "في من على أن إلى عن التي الذي هذا هذه ما لا كان بعد مع أو قد بين حتى كما قبل وقد خلال وقال ذلك كل",
    "fa": "در به از که این را با است برای آن یک خود تا کرد بر هم نیز شد شده های می اند بود ها پس گفت",
    "ur": "کے کی میں ہے کا کو سے اور نے پر ہیں کہ اس یہ تھا بھی گیا ہو کر ایک جو وہ لیے تک تھے ان",
}
TELLING_WORDS = "the und avec une uma não della degli een dla przez için och att dengan что это"
"""function words that are words of one language only, without their accents too"""
MIN_TITLE_WORDS = 2
MIN_FOREIGN_TERMS = 5
"""of a title whose language a single word may tell"""
MIN_BODY_WORDS = 12
_BODY_BYTES = 1500
_READ_TERMS = 512
SCRIPTS = ("Latin", "Cyrillic", "Greek", "Arabic", "Hebrew", "Devanagari", "other Indic", "Ethiopic", "East Asian", "Thai")
MIN_LETTERS = 8
MOST_OF_OTHER = 15
"""of so many letters of the body's writing system at most one may be of the title's: names and abbreviations"""


_TELLING_BIT = np.uint32(1 << 31)


@lru_cache(maxsize=1)
def _function_words() -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    """Hashes of the words, ascending, and for each a bit for every language that has it, and one for telling words."""
    bits: dict[int, int] = {}
    for k, words in enumerate(FUNCTION_WORDS.values()):
        for term, _, _ in terms_of(words):
            bits[term] = bits.get(term, 0) | 1 << k
    for term, _, _ in terms_of(TELLING_WORDS):
        bits[term] |= int(_TELLING_BIT)
    hashes = np.array(sorted(bits), np.uint64)
    return hashes, np.array([bits[int(h)] for h in hashes], np.uint32)


def languages_differ(
    titles: TextBuffers, bodies: TextBuffers, rows: NDArray[np.int64], shares: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Whether title and body of each of `rows` are plainly in different languages, shape (n,).

    Parameters
    ----------
    shares : bool array of shape (n,)
        Whether title and body share a term.
    """
    out = np.zeros(len(rows), np.bool_)
    hashes, bits = _function_words()
    _differ(
        titles.data, titles.offsets, bodies.data, bodies.offsets, rows, shares, fold_arguments(), hashes, bits,
        len(FUNCTION_WORDS), out,
    )  # fmt: skip
    return out


def scripts_differ(
    titles: TextBuffers, bodies: TextBuffers, rows: NDArray[np.int64], shares: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Whether title and body of each of `rows` have next to no letter of each other's writing system, shape (n,).

    Names in Latin letters stand over bodies of every language: a Latin title that shares a term with the body must have two
    function words. One that shares none and is not all names, in capitals, is an address, a transcription, or was
    read in the wrong encoding.

    Parameters
    ----------
    shares : bool array of shape (n,)
        Whether title and body share a term.
    """
    out = np.zeros(len(rows), np.bool_)
    hashes, _ = _function_words()
    _scripts(titles.data, titles.offsets, bodies.data, bodies.offsets, rows, shares, fold_arguments(), hashes, out)
    return out


@part
def _count_scripts(data, pos, stop, counts):
    counts[:] = 0
    while pos < stop:
        b = np.int64(data[pos])
        if b < 128:
            counts[0] += 97 <= (b | 32) < 123
            pos += 1
            continue
        c = np.int64(data[pos + 1]) & 63 if pos + 1 < stop else 0
        if b < 0xE0:
            code = (b & 31) << 6 | c
            pos += 2
            if 0xC0 <= code < 0x250:
                counts[0] += 1
            elif 0x370 <= code < 0x400:
                counts[2] += 1
            elif 0x400 <= code < 0x530:
                counts[1] += 1
            elif 0x590 <= code < 0x600:
                counts[4] += 1
            elif 0x600 <= code < 0x780:
                counts[3] += 1
        elif b < 0xF0:
            d = np.int64(data[pos + 2]) & 63 if pos + 2 < stop else 0
            code = (b & 15) << 12 | c << 6 | d
            pos += 3
            if 0x900 <= code < 0x980:
                counts[5] += 1
            elif 0x980 <= code < 0xE00:
                counts[6] += 1
            elif 0xE00 <= code < 0xF00:
                counts[9] += 1
            elif 0x1200 <= code < 0x13A0:
                counts[7] += 1
            elif 0x1E00 <= code < 0x1F00:
                counts[0] += 1
            elif 0x3040 <= code < 0xD7B0 or 0xF900 <= code < 0xFB00:
                counts[8] += 2  # one of these says what two letters say
        else:
            pos += 4


@kernel
def _scripts(title_data, title_offsets, body_data, body_offsets, rows, shares, fold, hashes, out):
    title = np.zeros(len(SCRIPTS), np.int64)
    body = np.zeros(len(SCRIPTS), np.int64)
    for k in range(rows.shape[0]):
        row = rows[k]
        _count_scripts(title_data, title_offsets[row], title_offsets[row + 1], title)
        begin = body_offsets[row]
        _count_scripts(body_data, begin, min(body_offsets[row + 1], begin + 4 * _BODY_BYTES), body)
        of_title = np.argmax(title)
        of_body = np.argmax(body)
        out[k] = (
            of_title != of_body
            and title[of_title] >= MIN_LETTERS
            and 8 * title[of_body] < title[of_title]
            and body[of_body] >= 4 * MIN_LETTERS
            and MOST_OF_OTHER * body[of_title] < body[of_body]
            and (
                of_title != 0
                or (not shares[k] and _is_no_name(title_data, title_offsets[row], title_offsets[row + 1]))
                or _known_words(title_data, title_offsets[row], title_offsets[row + 1], fold, hashes) >= 2
            )
        )


@part
def _is_no_name(data, pos, stop):
    """Whether two words begin with a small letter, or there are letters beyond ASCII."""
    small = 0
    beyond = 0
    inside = False
    for p in range(pos, stop):
        b = data[p]
        small += 97 <= b < 123 and not inside
        beyond += b >= 128
        inside = 97 <= (b | 32) < 123 or b >= 128
    return small >= 2 or beyond >= MIN_LETTERS


@part
def _known_words(data, pos, stop, fold, hashes):
    terms = np.empty(_READ_TERMS + SLACK_TERMS, np.uint64)
    stems = np.empty(_READ_TERMS + SLACK_TERMS, np.uint64)
    ends = np.empty(_READ_TERMS + SLACK_TERMS, np.int64)
    state = np.zeros(STATE_SIZE, np.int64)
    n, _ = cut_terms(data, pos, stop, state, fold[0], fold[1], fold[2], fold[3], fold[4], terms, stems, ends)
    count = 0
    for t in range(n):
        place = np.searchsorted(hashes, terms[t])
        count += place < hashes.shape[0] and hashes[place] == terms[t]
    return count


@kernel
def _differ(title_data, title_offsets, body_data, body_offsets, rows, shares, fold, hashes, bits, n_languages, out):
    terms = np.empty(_READ_TERMS + SLACK_TERMS, np.uint64)
    stems = np.empty(_READ_TERMS + SLACK_TERMS, np.uint64)
    ends = np.empty(_READ_TERMS + SLACK_TERMS, np.int64)
    state = np.zeros(STATE_SIZE, np.int64)
    title = np.zeros((n_languages, n_languages), np.int64)
    body = np.zeros((n_languages, n_languages), np.int64)
    for k in range(rows.shape[0]):
        row = rows[k]
        n_terms = np.int64(0)  # of the title
        telling = np.int64(0)
        for side in range(2):
            counts = (
                body if side else title
            )  # words of the first language that the second lacks, of the first on the diagonal
            data = body_data if side else title_data
            offsets = body_offsets if side else title_offsets
            counts[:] = 0
            state[:] = 0
            stop = min(offsets[row + 1], offsets[row] + _BODY_BYTES)
            n, _ = cut_terms(
                data, offsets[row], stop, state, fold[0], fold[1], fold[2], fold[3], fold[4], terms, stems, ends
            )
            n_terms = n_terms if side else n
            for t in range(n):
                place = place_among(hashes, terms[t])
                if place >= 0:
                    telling += side == 0 and bits[place] & _TELLING_BIT != 0
                    for one in range(n_languages):
                        if bits[place] >> np.uint32(one) & 1:
                            for other in range(n_languages):
                                counts[one, other] += one == other or not bits[place] >> np.uint32(other) & 1
        of_title = np.argmax(np.diag(title))
        of_body = np.argmax(np.diag(body))
        foreign = title[of_title, of_body] - title[of_body, of_title]
        is_plain = foreign >= MIN_TITLE_WORDS or (
            telling > 0 and foreign > 0 and title[of_body, of_body] == 0 and not shares[k] and n_terms >= MIN_FOREIGN_TERMS
        )
        out[k] = (
            of_title != of_body
            and is_plain
            and body[of_body, of_body] >= MIN_BODY_WORDS
            and 10 * body[of_title, of_body] < body[of_body, of_title]
        )
