"""Titles in which nothing can be checked against a body: names of sections and sites, what sites say of themselves, bylines.

Such a title is no mismatch wherever it stands. Lists of words, and a compiled pass over short titles.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel, part
from mismatch.screening.language import FUNCTION_WORDS
from mismatch.screening.title_names import DATE_WORDS, MEDIA_WORDS, SECTIONS, SITES, parts_of
from mismatch.terms.hashing import HAS_DIGIT, mix, place_among
from mismatch.terms.text_buffers import TextBuffers
from mismatch.terms.tokens import SLACK_TERMS, STATE_SIZE, cut_terms, fold_arguments, terms_of

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
CLAIM_WORDS = """
news latest breaking headlines headline analysis comment commentary opinion opinions video videos photo photos picture
pictures update updates coverage story stories report reports reviews features weather live top today online daily
international national regional local nachrichten aktuell aktuelle schlagzeilen meldungen analysen kommentare bilder videos
berichte wetter actualités actualité infos dernières analyses vidéos météo noticias últimas análisis opinión fotos
titulares tiempo notícias análise opinião notizie ultime analisi commenti nieuws laatste weerbericht haberler son dakika
haberleri новости последние главные аналитика мнения видео
"""
"""what sites say that they bring, beside the names of sections"""
BYLINE_WORDS = "by von par por di av door автор autor autora auteur reporter"
ROLE_WORDS = """
staff writer reporter correspondent editor editorial team desk bureau agency agencies contributor and und et y e redaktion
rédaction redacción redazione press associated special chief senior
"""
MOST_WORDS = 14
"""of a title that may be what a site says of itself"""
LITTLE_FOUND = 0.5
"""coverage above which a title is checked by what is in the body, whatever it looks like"""
MIN_CLAIMS = 3
"""names of sections and other claims"""
MOST_BESIDE_CLAIMS = 0.25
"""share of words that are neither claims nor function words, where there are `MIN_CLAIMS`"""
MOST_NAMES = 4
"""words of a name in a byline, and of the name of a site"""
MEDIA_ENDINGS = """
网 網 新闻 新聞 日报 日報 晚报 晚報 早报 早報 时报 時報 周刊 週刊 快讯 快訊 资讯 資訊 频道 頻道
在线 ニュース 通信 뉴스 신문 일보 방송 必读 必讀 必看 速递 速遞 播报 播報 简报 簡報 要闻 要聞 早知道
专栏 專欄 まとめ 브리핑 칼럼
"""
"""of names of media and columns in scripts without spaces"""
MOST_NAME_CHARACTERS = 8
_FEW_TERMS = 6
_CLAIM, _SECTION, _FUNCTION, _DATE, _ROLE, _BYLINE, _MEDIA = (np.uint8(1 << k) for k in range(7))


class _Known(NamedTuple):
    keys: NDArray[np.uint64]
    """of whole titles, ascending"""
    words: NDArray[np.uint64]
    """hashes of words, ascending"""
    classes: NDArray[np.uint8]
    """bits for each of `words`"""
    endings: NDArray[np.uint8]
    """the UTF-8 bytes of `MEDIA_ENDINGS`, one behind the other"""
    ending_places: NDArray[np.int64]
    """where each begins, and where the last one ends"""


def nothing_to_check(
    titles: TextBuffers, wanted: NDArray[np.bool_], n_terms: NDArray[np.float32], coverage: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Whether nothing in the title can be checked, shape (n_rows,).

    Parameters
    ----------
    wanted
        Rows to look at; the others are False.
    n_terms, coverage
        The features `title_terms` and `coverage` of the pairs.
    """
    out = np.zeros(len(wanted), np.bool_)
    rows = np.flatnonzero(wanted & (n_terms <= MOST_WORDS) & ((n_terms < _FEW_TERMS) | (coverage < LITTLE_FOUND)))
    contiguous = np.ascontiguousarray(coverage)
    _find_generic(titles.data, titles.offsets, rows, contiguous, fold_arguments(), _known(), out)
    return out


@lru_cache(maxsize=1)
def _known() -> _Known:
    titles = [part for listed in (GENERIC_TITLES, SECTIONS, SITES) for part in parts_of(listed)]
    keys = {int(_key(np.array([term for term, _, _ in terms_of(title)], np.uint64))) for title in titles}
    classes: dict[int, int] = {}
    sections = " ".join(parts_of(SECTIONS))
    for bit, words in (
        (_CLAIM, CLAIM_WORDS), (_SECTION, sections), (_FUNCTION, " ".join(FUNCTION_WORDS.values())),
        (_DATE, DATE_WORDS), (_ROLE, ROLE_WORDS), (_BYLINE, BYLINE_WORDS), (_MEDIA, MEDIA_WORDS),
    ):  # fmt: skip
        for term, _, _ in terms_of(words):
            classes[term] = classes.get(term, 0) | int(bit)
    words_known = np.array(sorted(classes), np.uint64)
    endings = [ending.encode() for ending in MEDIA_ENDINGS.split()]
    places = np.cumsum([0, *(len(ending) for ending in endings)]).astype(np.int64)
    bits = np.array([classes[int(word)] for word in words_known], np.uint8)
    return _Known(np.array(sorted(keys), np.uint64), words_known, bits, np.frombuffer(b"".join(endings), np.uint8), places)


@kernel
def _key(terms):
    total = np.uint64(0)
    for term in terms:
        total = mix(total ^ term)
    return total


@part
def _unspaced_characters(data, begin, stop):
    """How many characters of scripts without spaces there are; -1 if there is any other letter or digit."""
    n = np.int64(0)
    p = begin
    while p < stop:
        b = data[p]
        if b < 128:
            if 97 <= (b | 32) < 123 or 48 <= b < 58:
                return np.int64(-1)
            p += 1
        elif b < 0xE0:
            return np.int64(-1)
        else:
            is_mark = b == 0xE2 or b >= 0xEE or (b == 0xE3 and data[p + 1] == 0x80)
            if not is_mark and b < 0xE3 and not (b == 0xE0 and 0xB8 <= data[p + 1] <= 0xBB):  # Thai and Lao
                return np.int64(-1)
            n += not is_mark
            p += 3 if b < 0xF0 else 4
    return n


@part
def _ends_in_media(data, begin, stop, endings, places):
    for k in range(places.shape[0] - 1):
        size = places[k + 1] - places[k]
        same = stop - begin > size
        for d in range(size):
            same = same and data[stop - size + d] == endings[places[k] + d]
        if same:
            return True
    return False


@part
def _says_nothing(data, begin, n, terms, ends, coverage, known):
    """Whether the words are a claim, a byline, or the name of a site."""
    claims = sections = dates = names = small_names = small = np.int64(0)
    is_byline = False
    is_site = False
    first = begin
    for k in range(n):
        while first < ends[k] and data[first] < 128 and not (97 <= (data[first] | 32) < 123 or 48 <= data[first] < 58):
            first += 1
        place = np.searchsorted(known.words, terms[k])
        bits = known.classes[place] if place < known.words.shape[0] and known.words[place] == terms[k] else np.uint8(0)
        is_small = 97 <= data[first] < 123
        first = ends[k]
        small += is_small
        is_site = bits & _MEDIA != 0
        if terms[k] & HAS_DIGIT != 0 or bits & _DATE != 0:
            dates += 1
        elif k == 0 and bits & _BYLINE != 0:
            is_byline = True
        elif bits & _CLAIM != 0:
            claims += 1
        elif bits & _SECTION != 0 and not is_byline:
            sections += 1
        elif bits & _ROLE != 0 and is_byline:
            continue
        elif bits & _FUNCTION == 0 or is_byline:
            names += 1
            small_names += is_small
    if is_byline:
        return 1 <= names <= MOST_NAMES and small_names == 0 and claims == 0
    if coverage >= LITTLE_FOUND:
        return False
    if (
        names == 0
        and 2 * (claims + dates + sections) >= n
        and (claims > 0 or dates > 1 or (sections > 0 and n < MIN_CLAIMS))
    ):
        return True
    if claims >= 2 and claims + sections >= MIN_CLAIMS and names <= MOST_BESIDE_CLAIMS * n:
        return True
    return is_site and small == 0 and 2 <= n <= MOST_NAMES and dates == 0


@kernel
def _find_generic(data, offsets, rows, coverage, fold, known, out):
    terms = np.empty(SLACK_TERMS + 64, np.uint64)
    stems = np.empty(SLACK_TERMS + 64, np.uint64)
    ends = np.empty(SLACK_TERMS + 64, np.int64)
    state = np.zeros(STATE_SIZE, np.int64)
    for k in range(rows.shape[0]):
        row = rows[k]
        begin = offsets[row]
        stop = offsets[row + 1]
        state[:] = 0
        n, pos = cut_terms(data, begin, stop, state, fold[0], fold[1], fold[2], fold[3], fold[4], terms, stems, ends)
        if pos < stop:
            continue
        if n == 0:
            out[row] = True
            continue
        key = _key(terms[:n])
        place = place_among(known.keys, key)
        if place >= 0:
            out[row] = True
            continue
        characters = _unspaced_characters(data, begin, ends[n - 1])
        if characters < 0:
            out[row] = _says_nothing(data, begin, n, terms, ends, coverage[row], known)
        elif characters <= MOST_NAME_CHARACTERS and coverage[row] < LITTLE_FOUND:
            out[row] = _ends_in_media(data, begin, ends[n - 1], known.endings, known.ending_places)
