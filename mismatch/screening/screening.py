"""What can be judged at all: pairs that are refused a verdict, with the reason."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel, part
from mismatch.features.overlap_features import FEATURE_NAMES
from mismatch.screening.boilerplate import KINDS, BoilerplateModel
from mismatch.screening.language import compare_languages, compare_scripts, function_words
from mismatch.screening.reasons import REASONS_TO_REFUSE
from mismatch.terms.hashing import mix, place_among
from mismatch.terms.text_buffers import TextBuffers, text_buffers
from mismatch.terms.tokens import SLACK_TERMS, STATE_SIZE, cut_all, cut_terms, fold_arguments

REASONS = ("", *REASONS_TO_REFUSE)
"""reason codes; a row's screening number is an index into it, 0 where the pair can be judged"""
MIN_BODY_TERMS = 12
LITTLE_COVERAGE = 0.3
"""a pair that shares more than this is in one language; less may be 'in' or a name"""
GENERIC_TITLES = """
live | live blog | liveblog | live updates | live update | live coverage | live video | live stream | home |
homepage | home page | front page | index | untitled | untitled document | no title | new page | default title |
opinion | opinions | editorial | editorials | the editorial | letters | letters to the editor | letter to the
editor | comment | commentary | column | columns | video | videos | watch | audio | podcast | podcasts | photo |
photos | photo gallery | gallery | galleries | in pictures | pictures | slideshow | image | images | news |
latest news | latest | breaking | breaking news | top news | top stories | top story | news in brief | news
briefs | briefs | in brief | headlines | today's headlines | world news | local news | sports news | news update
| news updates | updates | update | newsletter | article | articles | story | stories | page not found | not
found | error | 404 | error 404 | 404 not found | access denied | forbidden | just a moment | attention required
| loading | please wait | login | log in | sign in | subscribe | search | search results | archive | archives |
about us | contact | contact us | privacy policy | terms of use | cookie policy | category | tag | advertisement
| sponsored | sponsored content | correction | corrections | test | null | none | undefined | n a | crossword |
horoscope | obituaries | startseite | aktuell | aktuelles | nachrichten | schlagzeilen | kommentar | leserbriefe
| leitartikel | meinung | liveticker | live ticker | bildergalerie | fotostrecke | eilmeldung | ohne titel |
seite nicht gefunden | anmelden | impressum | newsblog | accueil | actualités | à la une | en direct | direct |
vidéo | vidéos | photos du jour | diaporama | éditorial | édito | tribune | courrier des lecteurs | sans titre |
page introuvable | dernières nouvelles | en bref | inicio | portada | noticias | últimas noticias | última hora
| en vivo | en directo | vídeo | opinión | fotos | galería | cartas al director | cartas de los lectores | sin
título | página no encontrada | breves | início | notícias | últimas notícias | última hora | ao vivo | opinião
| galeria | cartas dos leitores | sem título | página não encontrada | notizie | ultime notizie | ultima ora |
in diretta | diretta | opinioni | editoriale | senza titolo | pagina non trovata | nieuws | laatste nieuws |
liveblog | opinie | zonder titel | pagina niet gevonden | strona główna | wiadomości | aktualności | na żywo |
opinie | wideo | galeria | bez tytułu | nie znaleziono strony | anasayfa | ana sayfa | haberler | son dakika |
canlı | canlı yayın | canlı anlatım | video galeri | foto galeri | köşe yazısı | başlıksız | sayfa bulunamadı |
главная | новости | последние новости | онлайн | прямая трансляция | прямой эфир | мнение | мнения | видео |
фото | фотогалерея | без названия | страница не найдена | الرئيسية | أخبار | آخر الأخبار | عاجل | مباشر | بث
مباشر | رأي | مقالات | فيديو | صور | بدون عنوان | الصفحة غير موجودة | होम | मुखपृष्ठ | समाचार | ताज़ा खबरें |
ताजा खबर | लाइव | लाइव ब्लॉग | लाइव अपडेट | वीडियो | फोटो | राय | संपादकीय | शीर्षक नहीं | ब्रेकिंग न्यूज़ | 首页
| 新闻 | 最新消息 | 即时新闻 | 直播 | 视频 | 图片 | 评论 | 社论 | 无标题
| 页面不存在 | 首頁 | 新聞 | 即時新聞 | 影片 | 圖片 | 評論 | 無標題 | ホーム | トップページ |
ニュース | 最新ニュース | 速報 | ライブ | 動画 | 写真 | 社説 | 投書 | 無題 | 홈
| 뉴스 | 속보 | 최신 뉴스 | 생중계 | 라이브 | 영상 | 동영상 | 사진 | 사설 | 칼럼 |
오피니언 | 제목 없음
"""
"""titles in which nothing can be checked, without regard to case, accents and punctuation"""
_FEW_TERMS = 6

_TITLE_TERMS = FEATURE_NAMES.index("title_terms")
_BODY_LENGTH = FEATURE_NAMES.index("body_length")
_STEM_COVERAGE = FEATURE_NAMES.index("stem_coverage")
_HITS = FEATURE_NAMES.index("hits")


def has_text(titles: TextBuffers, bodies: TextBuffers) -> NDArray[np.uint8]:
    """1 for rows in which neither side is null; what the compiled pass is to read. Shape (n_pairs,)."""
    return titles.valid & bodies.valid


def screen(
    titles: TextBuffers,
    bodies: TextBuffers,
    features: NDArray[np.float32],
    boilerplate: BoilerplateModel | None = None,
) -> NDArray[np.uint8]:
    """Numbers into `REASONS` for a batch that was read, shape (n_pairs,).

    Parameters
    ----------
    features : float32 array of shape (n_pairs, N_FEATURES)
    boilerplate
        Without it no body is called boilerplate.
    """
    numbers = np.zeros(len(features), np.uint8)
    terms = np.expm1(features[:, _BODY_LENGTH])
    present = has_text(titles, bodies) > 0
    little = np.flatnonzero(present & (features[:, _STEM_COVERAGE] < LITTLE_COVERAGE))  # else the language is the same
    nothing = np.flatnonzero(present & (features[:, _HITS] == 0))
    few = np.flatnonzero(present & (features[:, _TITLE_TERMS] < _FEW_TERMS))
    found = [np.zeros(size, np.bool_) for size in (len(little), len(nothing), len(few), len(numbers), len(numbers))]
    words, languages = function_words()
    _look(*titles, *bodies, fold_arguments(), little, nothing, few, words, languages, _generic_keys(), *found)
    languages_differ, scripts_differ, is_generic, title_has_letters, body_has_letters = found
    numbers[little[languages_differ]] = REASONS.index("language_differs")
    numbers[nothing[scripts_differ]] = REASONS.index("script_differs")
    numbers[few[is_generic]] = REASONS.index("title_generic")
    numbers[terms < MIN_BODY_TERMS - 0.5] = REASONS.index("body_too_short")
    if boilerplate is not None:
        kinds = boilerplate.judge(bodies, features[:, _STEM_COVERAGE])
        numbers[kinds > 0] = kinds[kinds > 0] + (REASONS.index(f"body_boilerplate:{KINDS[1]}") - 1)
    numbers[~body_has_letters] = REASONS.index("body_missing")
    numbers[~title_has_letters] = REASONS.index("title_missing")
    return numbers


@kernel
def _look(
    title_data, title_offsets, title_valid, body_data, body_offsets, body_valid, fold, little, nothing, few,
    words, languages, generic, languages_differ, scripts_differ, is_generic, title_has_letters, body_has_letters,
):  # fmt: skip
    """All that is looked for in the text of a batch, in one kernel: each holds a cutter of terms, slow to compile."""
    compare_languages(title_data, title_offsets, body_data, body_offsets, little, fold, words, languages, languages_differ)
    compare_scripts(title_data, title_offsets, body_data, body_offsets, nothing, fold, words, scripts_differ)
    _find_generic(title_data, title_offsets, few, fold, generic, is_generic)
    _find_letters(title_data, title_offsets, title_valid, fold, title_has_letters)
    _find_letters(body_data, body_offsets, body_valid, fold, body_has_letters)


@part
def _find_letters(data, offsets, valid, fold, out):
    """Whether there is a letter or a digit in each row."""
    terms = np.empty(SLACK_TERMS + 1, np.uint64)
    stems = np.empty(SLACK_TERMS + 1, np.uint64)
    ends = np.empty(SLACK_TERMS + 1, np.int64)
    state = np.zeros(STATE_SIZE, np.int64)
    for row in range(valid.shape[0]):
        pos = offsets[row]
        stop = offsets[row + 1]
        if valid[row] == 0:
            continue
        while pos < stop and not out[row]:
            if data[pos] < 128:
                out[row] = fold[0][data[pos]] != 0
                pos += 1
                continue
            state[:] = 0  # the next few characters may be punctuation of any script
            n, pos = cut_terms(data, pos, stop, state, fold[0], fold[1], fold[2], fold[3], fold[4], terms, stems, ends)
            out[row] = n > 0


@lru_cache(maxsize=1)
def _generic_keys() -> NDArray[np.uint64]:
    """`_key` of each of the titles, ascending."""
    rows, terms, _ = cut_all(text_buffers(pa.array(GENERIC_TITLES.split("|"))))
    place = np.arange(len(rows)) - np.searchsorted(rows, rows)
    keys = np.zeros(rows[-1] + 1, np.uint64)
    for k in range(place.max() + 1):
        here = place == k
        keys[rows[here]] = mix.py_func(keys[rows[here]] ^ terms[here])
    return np.unique(keys)


@part
def _key(terms):
    total = np.uint64(0)
    for term in terms:
        total = mix(total ^ term)
    return total


@part
def _find_generic(data, offsets, rows, fold, keys, out):
    """Whether nothing in the titles of `rows` can be checked."""
    terms = np.empty(SLACK_TERMS + 64, np.uint64)
    stems = np.empty(SLACK_TERMS + 64, np.uint64)
    ends = np.empty(SLACK_TERMS + 64, np.int64)
    state = np.zeros(STATE_SIZE, np.int64)
    for k in range(rows.shape[0]):
        begin = offsets[rows[k]]
        stop = offsets[rows[k] + 1]
        state[:] = 0
        n, pos = cut_terms(data, begin, stop, state, fold[0], fold[1], fold[2], fold[3], fold[4], terms, stems, ends)
        if pos < stop:
            continue
        if n == 0:
            out[k] = True
            continue
        out[k] = place_among(keys, _key(terms[:n])) >= 0
