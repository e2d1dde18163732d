"""Which column is the title, which the body: what the user named, or the usual names, or else what the columns hold."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from mismatch.errors import MissingColumnError

Sample = Mapping[str, Sequence[object]]
"""values of some rows, by column"""

_LONGEST_SHOWN = 80
"""characters of a column's name in a message: a whole file may be taken for one"""
ROLES = ("title", "body", "source", "id", "topic", "label")

USUAL_NAMES: dict[str, tuple[str, ...]] = {
    "title": (
        "title", "headline", "article_title", "news_title", "og:title", "og_title", "webtitle", "articletitle",
        "newstitle", "headline_text", "article_headline", "heading", "titre", "titel", "überschrift",
        "ueberschrift", "schlagzeile", "título", "titulo", "titular", "manchete", "titolo", "titlu", "kop",
        "rubrik", "overskrift", "otsikko", "tytuł", "tytul", "titulek", "nadpis", "naslov", "cím", "antraštė",
        "virsraksts", "pealkiri", "τίτλος", "заголовок", "название", "заглавие", "наслов", "başlık", "baslik",
        "judul", "tajuk", "tiêu_đề", "tieu_de", "pamagat", "kichwa", "标题", "標題", "新闻标题", "タイトル",
        "見出し", "제목", "عنوان", "العنوان", "تیتر", "כותרת", "शीर्षक", "শিরোনাম", "தலைப்பு", "หัวข้อ",
        "พาดหัว", "titolu", "títol", "titulua",
    ),
    "body": (
        "body", "text", "content", "maintext", "article", "articlebody", "article_body", "plaintext",
        "plain_text", "article_text", "body_text", "bodytext", "full_text", "fulltext", "article_content",
        "cleaned_text", "content_text", "content_html", "body_html", "content:encoded", "content_encoded",
        "story", "news_content", "news_text", "texte", "contenu", "corps", "inhalt", "artikeltext", "volltext",
        "texto", "contenido", "cuerpo", "conteúdo", "conteudo", "corpo", "testo", "contenuto", "conținut",
        "tekst", "inhoud", "innehåll", "brødtekst", "brødtext", "teksti", "treść", "tresc", "obsah", "szöveg",
        "tekstas", "teksts", "sisu", "κείμενο", "текст", "содержание", "текст_статьи", "текст_новини", "зміст",
        "sadržaj", "metin", "içerik", "icerik", "isi", "isi_berita", "konten", "kandungan", "nội_dung",
        "noi_dung", "nilalaman", "maudhui", "habari", "正文", "内容", "內容", "内文", "本文", "記事", "본문",
        "내용", "نص", "النص", "المحتوى", "متن", "תוכן", "טקסט", "लेख", "सामग्री", "পাঠ্য", "உள்ளடக்கம்",
        "เนื้อหา", "testua", "description", "summary",
    ),
    "source": (
        "hostname", "source", "source_domain", "domain", "publisher", "site_name", "sitename",
        "meta_site_name", "source_name", "source_id", "quelle", "fuente", "medio", "fonte", "źródło", "zdroj",
        "источник", "kaynak", "sumber", "nguồn", "来源", "來源", "媒体", "出典", "출처", "المصدر", "منبع",
        "מקור", "स्रोत",
    ),  # trafilatura's `source` is the address of the page
    "id": ("id", "url", "article_id", "guid", "link", "uri"),
    "topic": ("topic",),
    "label": ("label",),
    "date": (
        "date", "published", "published_at", "publishedat", "publish_date", "published_date", "date_published",
        "datepublished",
        "date_publish", "pubdate", "pub_date", "publication_date", "article:published_time", "published_time", "timestamp",
        "datetime", "created_at", "date_download",
    ),
    "address": (
        "url", "link", "uri", "canonical_url", "article_url", "page_url", "web_url", "guid", "id", "article_id",
    ),
}  # fmt: skip
"""compared without regard to capitals and to blanks or hyphens for `_`; the first that a file has is taken.

Dates and addresses are looked for by the commands on batches alone, the first that holds some."""


@dataclass(frozen=True)
class ColumnChoice:
    """What the user asked for; None: try the usual names, in any case."""

    title: str | None = None
    body: str | None = None
    source: str | None = None
    id: str | None = None
    topic: str | None = None
    label: str | None = None
    needed: tuple[str, ...] = ("title", "body")
    """the columns without which a file cannot be used"""
    left_out: tuple[str, ...] = ()
    """columns that are not looked for"""


@dataclass(frozen=True)
class Columns:
    """The columns of one file, by what they are; None: the file has no such column."""

    title: str | None
    body: str | None
    source: str | None
    id: str | None
    topic: str | None
    label: str | None
    guessed: tuple[str, ...] = ()
    """which of title and body were told by what the columns hold"""

    def notice(self) -> str:
        """One line for standard error, such as `title=headline, body=text`."""
        pairs = ((role, getattr(self, role)) for role in ROLES)
        words = ", ".join(f"{role}={name}" for role, name in pairs if name is not None)
        if not self.guessed:
            return words
        others = " and ".join(f"--{role}" for role in self.guessed)
        return f"{words} ({' and '.join(self.guessed)} told by what the columns hold; {others} names another)"


def find_columns(
    names: Sequence[str],
    choice: ColumnChoice,
    origin: str,
    *,
    inside: str | None = None,
    sample: Callable[[], Sample] | None = None,
) -> Columns:
    """The columns of a file that has `names`.

    With `inside` the usual names are those in an object of that name, written with a dot, or else those beside it. With
    `sample`, which gives values of some rows, a title or body that has no usual name is told by what the columns hold.

    Raises
    ------
    MissingColumnError
        No title or body, or a column that was asked for is not there; the message says what there is.
    """
    found: dict[str, str | None] = {}
    absent: list[str] = []
    lowered: dict[str, str] = {}
    for name in names:
        lowered.setdefault(_plain(name), name)
    for role in ROLES:
        asked = getattr(choice, role)
        if role in choice.left_out:
            found[role] = None
            continue
        if asked is not None:
            if asked not in names:
                raise MissingColumnError(
                    f"{origin}: there is no column {asked!r}; {listed(names)}. Name the right one with --{role}.", names
                )
            found[role] = asked
            continue
        usual = [lowered[name] for name in USUAL_NAMES[role] if name in lowered]
        if inside is not None:
            within = [lowered[path] for name in USUAL_NAMES[role] if (path := _plain(f"{inside}.{name}")) in lowered]
            usual = within if role in ("title", "body") else [*within, *usual]
        found[role] = usual[0] if usual else None
        if found[role] is None and role in choice.needed:
            absent.append(role)
    if not absent:
        return Columns(**cast(Any, found))
    why = ""
    if sample is not None and names and {"title", "body"} <= set(choice.needed):
        from mismatch.records.guessing import Unsure, guess

        try:
            guessed = guess(sample(), found["title"], found["body"])
            return Columns(**cast(Any, {**found, **guessed}), guessed=tuple(absent))
        except Unsure as unsure:
            why = f" and cannot tell it by what the columns hold: {unsure}"
    role = absent[0]
    raise MissingColumnError(
        f"{origin}: found no {role} column (tried {few(USUAL_NAMES[role])}){why}; {listed(names)}. "
        f"Name it with --{role} COLUMN.",
        names,
    )


def usual_name(role: str, names: Iterable[str]) -> str | None:
    """The first of the usual names for a role that is among `names`; None where none is."""
    return next(iter(usual_names(role, names)), None)


def usual_names(role: str, names: Iterable[str]) -> list[str]:
    """Which of `names` are usual for a role, the most usual first."""
    lowered = {_plain(str(name)): name for name in reversed(list(names))}
    return [lowered[name] for name in USUAL_NAMES[role] if name in lowered]


def _plain(name: str) -> str:
    lowered = unicodedata.normalize("NFC", name).lower().replace("i\u0307", "i")  # what becomes of a Turkish capital
    return "_".join(lowered.replace("-", " ").split())


def columns_unseen(choice: ColumnChoice) -> Columns:
    """The columns of a file in which no row can be read: as asked for, else the first usual name."""
    names = {role: getattr(choice, role) or USUAL_NAMES[role][0] for role in ROLES}
    return Columns(**cast(Any, {role: None if role in choice.left_out else name for role, name in names.items()}))


def few(names: Sequence[str], limit: int = 6) -> str:
    """The first of some names, and that there are more."""
    return ", ".join(names[:limit]) + (", …" if len(names) > limit else "")


def _shown(name: str) -> str:
    return repr(name) if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]!r}…"


def listed(names: Sequence[str], limit: int = 30) -> str:
    """The columns that there are, for a message."""
    if not names:
        return "it has no columns"
    shown = ", ".join(_shown(name) for name in names[:limit])
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return f"its columns are {shown}{more}"
