"""One page: its text whatever its encoding, its body, and what may be its title."""

from __future__ import annotations

import pytest
from written_pages import BUDGET, FERRY, FERRY_TEXT, ferry, page

pytest.importorskip("trafilatura")

from mismatch.records.pages.encodings import decoded
from mismatch.records.pages.extraction import NotAPageError, extract

RUSSIAN = [
    "Паром сел на мель в гавани из-за густого тумана, сообщил капитан порта утром в понедельник.",
    "Сорок пассажиров сняли спасатели, никто не пострадал, движение судов было закрыто до вечера.",
]
JAPANESE = ["濃い霧の中で月曜の朝、港の入り口でフェリーが座礁した。", "乗客四十人は救助艇に移り、けが人はいないと話した。"]
FRENCH = [
    "Le ferry s’est échoué à l’entrée du port, fermé à cause du brouillard, près de la jetée.",
    "Quarante passagers ont été évacués par l’équipage du canot de sauvetage, déjà prêt.",
]


def titles(text: str, **given: str) -> list[tuple[str, str]]:
    return [(found.source, found.title) for found in extract(text.encode(), **given).candidates]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "encoding", "said_by_page", "said_by_server"),
    [
        (RUSSIAN, "cp1251", "windows-1251", None),
        (RUSSIAN, "cp1251", None, "windows-1251"),
        (RUSSIAN, "cp1251", "iso-8859-1", None),
        (RUSSIAN, "cp1251", "utf-8", None),
        (RUSSIAN, "cp1251", None, None),
        (RUSSIAN, "utf-8", "windows-1251", "iso-8859-1"),
        (RUSSIAN, "utf-16", None, None),
        (RUSSIAN, "utf-16-le", "utf-16", None),
        (RUSSIAN, "koi8-r", "koi8-r", "no-such-charset"),
        (JAPANESE, "shift_jis", "Shift_JIS", None),
        (JAPANESE, "euc_jp", "utf-8", None),
        (JAPANESE, "iso2022_jp", "ISO-2022-JP", None),
        (FRENCH, "cp1252", "iso-8859-1", None),
        (FRENCH, "cp1252", "utf-8", None),
        (FRENCH, "utf-8-sig", "iso-8859-1", None),
    ],
)
def test_a_page_is_read_whatever_encoding_is_declared(
    text: list[str], encoding: str, said_by_page: str | None, said_by_server: str | None
) -> None:
    raw = page(text=text * 6, title=text[0], charset=said_by_page).encode(encoding)
    found = extract(raw, charset=said_by_server)
    assert found.title == text[0]
    assert text[1] in found.body


def test_a_few_damaged_bytes_do_not_change_the_encoding() -> None:
    raw = page(text=RUSSIAN * 6, charset="utf-8").encode().replace("гавани".encode(), "гаван".encode() + b"\xd0", 1)
    text = decoded(raw)
    assert RUSSIAN[1] in text and text.count("\ufffd") == 1


def test_what_is_no_text_is_no_page() -> None:
    for raw, kind in ((b"%PDF-1.7\n...", "PDF"), (b"\x89PNG\r\n", "image"), (bytes(range(256)) * 8, "binary")):
        with pytest.raises(NotAPageError, match=kind):
            extract(raw)


def test_the_titles_of_a_page_and_where_they_stand() -> None:
    found = titles(page(title="In the title", h1="In the <em>head</em>ing", og_title="For sharing", headline="For machines"))
    by_source = {"title": "In the title", "h1": "In the heading", "og:title": "For sharing", "json-ld": "For machines"}
    assert dict(found) == by_source and len(found) == 4


def test_what_several_places_agree_on_comes_first() -> None:
    found = titles(page(title=f"{FERRY} | The Daily Ferry", h1="A morning of fog at the harbour", og_title=FERRY))
    assert found[0] == ("og:title", FERRY)


def test_two_wordings_of_a_headline_are_told_apart_by_json_ld_else_og_title_is_taken() -> None:
    other = "A morning of fog at the harbour"
    assert titles(page(h1=other, og_title=FERRY))[0] == ("og:title", FERRY)
    assert titles(page(h1=other, title=other, og_title=FERRY))[0] == ("og:title", FERRY)
    assert titles(page(h1=other, og_title=FERRY, headline=other))[0] == ("h1", other)
    unrelated = titles(page(title=f"{FERRY} - The Gull", h1=FERRY, og_title="Portal"))
    assert unrelated[0] == ("h1", FERRY), "og:title is about something else"


def test_og_title_may_say_more_than_the_heading_where_it_is_not_all_of_the_title_element() -> None:
    longer = f"{FERRY} | Ann Morris"
    assert titles(page(h1=FERRY, og_title=longer, title=f"{longer} | The Gull"))[0] == ("og:title", longer)
    assert titles(page(h1=FERRY, og_title=longer, title=longer))[0] == ("h1", FERRY), "it may be the site's name"


def test_a_page_that_says_nothing_for_machines_goes_by_its_title_element() -> None:
    assert titles(page(title=FERRY, h1="Local news and services"))[0] == ("title", FERRY)
    assert titles(page(title="Ferries in the fog today", h1=FERRY))[0] == ("title", "Ferries in the fog today")
    assert titles(page(title=FERRY, h1=FERRY))[0] == ("h1", FERRY), "where both say it, the heading is named"
    assert titles(page(title="Ferry aground - Harbour News", h1="Ferry aground"))[0] == (
        "title",
        "Ferry aground - Harbour News",
    )


def test_dublin_core_names_the_title() -> None:
    raw = page(title=f"draft-12 - {FERRY}").replace("<head>", f'<head><meta name="DC.Title" content="{FERRY}">', 1)
    assert titles(raw)[0] == ("dc.title", FERRY)


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ({"title": f"{FERRY} | The Daily Ferry", "site": "The Daily Ferry"}, FERRY),
        ({"title": f"{FERRY} - Daily Ferry"}, FERRY),
        ({"title": f"The Daily Ferry: {FERRY}", "og_title": FERRY}, FERRY),
        ({"title": f"{FERRY} – News – ferry.example", "site": "ferry.example"}, FERRY),
        ({"og_title": f"{FERRY} | The Daily Ferry", "site": "The Daily Ferry"}, FERRY),
        ({"title": f"{FERRY} - forty rescued"}, f"{FERRY} - forty rescued"),
        ({"title": f"Fog: {FERRY}"}, f"Fog: {FERRY}"),
        ({"title": "The Daily Ferry", "site": "The Daily Ferry"}, "The Daily Ferry"),
    ],
)
def test_the_name_of_the_site_is_no_part_of_a_title(given: dict[str, str], title: str) -> None:
    assert titles(page(**given))[0][1] == title  # type: ignore[arg-type]


def test_the_heading_of_the_site_is_not_taken_for_that_of_the_page() -> None:
    assert titles(page(title=f"{FERRY} - Example Press", h1="Portal"))[0] == ("title", FERRY)
    found = titles(page(title=f"The Gull: {FERRY}", og_title=FERRY, h1="The Gull"))
    assert [title for _, title in found] == [FERRY, FERRY, "The Gull"]


def test_the_host_of_the_address_is_the_source_and_tells_the_name_of_the_site() -> None:
    found = extract(page(title=f"{FERRY} - Fährblatt", og_title="Nebel").encode(), url="https://www.faehrblatt.example/1")
    assert found.site == "faehrblatt.example"
    assert extract(page(site="The Gull").encode()).site == "The Gull"


@pytest.mark.parametrize(
    "script",
    [
        '{"@graph": [{"@type": "WebPage", "name": "x"}, {"@type": ["NewsArticle"], "headline": "%s"}]}',
        '[{"@type": "BreadcrumbList", "itemListElement": [{"headline": "Other"}]}, {"@type": "BlogPosting", "headline": "%s"}]',  # noqa: E501
        '{"@type": "NewsArticle", "headline": "%s", "hasPart": [{"@type": "NewsArticle", "headline": "Other"}]}',
        '{"@type": "NewsArticle", "headline": "%s", "articleBody": "not closed',
        '\n//<![CDATA[\n{"@type": "NewsArticle",\n"description": "a\nb", "headline": "%s"}\n//]]>\n',
    ],
)
def test_the_headline_of_json_ld_is_found_also_where_it_is_damaged(script: str) -> None:
    head = f'<script type="application/ld+json">{script % "Fog &amp; ferries"}</script>'
    assert titles(page(head=head)) == [("json-ld", "Fog & ferries")]


def test_the_body_is_the_text_without_its_heading() -> None:
    assert extract(ferry().encode()).body == "\n".join(FERRY_TEXT)


def test_pages_without_a_body_or_without_anything_are_pages_still() -> None:
    frames = f"<html><head><title>{FERRY}</title></head><frameset><frame src='a.html'><frame src='b.html'></frameset></html>"
    for text in (frames, f"<html><head><title>{FERRY}</title></head></html>"):
        found = extract(text.encode())
        assert (found.title, found.body) == (FERRY, "")
    for raw in (b"", b" \n", b"<", b"<html></html>"):
        assert extract(raw).title == ""


def test_a_page_that_is_nested_deeply_has_a_body_and_one_beyond_all_measure_a_title() -> None:
    def nested(levels: int) -> bytes:
        inner = "".join(f"<p>{paragraph}</p>" for paragraph in FERRY_TEXT)
        around = "<div>" * levels + inner + "</div>" * levels
        return f"<html><head><title>{BUDGET}</title></head><body>{around}</body></html>".encode()

    assert FERRY_TEXT[1] in extract(nested(500)).body
    assert extract(nested(100_000)).title == BUDGET


def test_a_page_of_several_megabytes_is_read_to_its_end() -> None:
    text = [f"Paragraph {i} says that ferry number {7 * i} ran aground in the fog of the harbour." for i in range(25_000)]
    found = extract(page(title=FERRY, text=text, head=f"<script>{'x = [1, 2, 3];' * 100_000}</script>").encode())
    assert text[-1] in found.body


def test_of_a_page_with_more_elements_than_any_article_all_text_is_found() -> None:
    lines = [f"The harbour master wrote in line {i} of the log that fog closed it." for i in range(20_001)]
    found = extract(page(h1=FERRY, text=lines).encode())
    assert found.title == FERRY
    assert found.body.split("\n") == lines
