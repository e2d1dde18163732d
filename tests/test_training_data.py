"""The bundled training data: complete, in the form that its schema states, varied, and what its README says."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from jsonschema import Draft202012Validator

from mismatch.terms.near_duplicates import near_duplicate_groups
from mismatch.terms.text_buffers import text_buffers

DATA = Path(__file__).parent.parent / "training_data"
Row = dict[str, Any]

LANGUAGES = frozenset(
    [
        "ar",
        "bn",
        "de",
        "en",
        "es",
        "fa",
        "fr",
        "hi",
        "id",
        "it",
        "ja",
        "ko",
        "pl",
        "pt",
        "ru",
        "sw",
        "tr",
        "ur",
        "vi",
        "xh",
        "zh",
    ]
)
SCRIPTS = {
    "ar": r"[\u0620-\u064a]",
    "bn": r"[\u0980-\u09ff]",
    "fa": r"[\u0620-\u065f\u0670-\u06d3]",
    "hi": r"[\u0900-\u097f]",
    "ja": r"[\u3041-\u30ff\u4e00-\u9fff]",
    "ko": r"[\uac00-\ud7a3]",
    "ru": r"[а-яё]",
    "ur": r"[\u0620-\u065f\u0670-\u06d3]",
    "zh": r"[\u3400-\u9fff]",
}
"""letters of the languages that are not written in the Latin alphabet"""
LATIN = r"[a-z\u00df-\u024f\u0300-\u036f\u1e00-\u1eff]"
TELLTALES = {
    "ar": r"\b(في|من|على|إلى|أن|التي|الذي|عن|كان|قال)\b|ة",
    "de": r"\b(der|die|und|ist|mit|von|ein|eine|den|nicht|auf|im)\b",
    "en": r"\b(the|of|and|to|in|was|that|is|for|with|on|had)\b",
    "es": r"\b(el|los|las|la|una|con|por|del|en|su|y)\b",
    "fa": r"\b(از|که|را|این|با|برای|است|شد|در|خود)\b|می\u200c",
    "fr": r"\b(le|les|des|une|est|dans|pour|qui|du|et|la)\b",
    "id": r"\b(yang|dan|dengan|untuk|tidak|dari|itu|ini|pada|akan|dalam|kami)\b",
    "it": r"\b(il|gli|che|di|della|del|un|non|per|sono|è|nel|alla)\b",
    "pl": r"[ąęłśżźćń]",
    "pt": r"\b(o|os|as|um|uma|com|em|não|do|da|e)\b",
    "sw": r"\b(na|ya|wa|kwa|ni|katika|za|cha|huo|hiyo|kuwa|baada)\b",
    "tr": r"[ığş]",
    "ur": r"\b(کے|کی|میں|سے|ہے|اور|کو|نے|ہیں|پر)\b",
    "vi": r"[ăơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]",
    "xh": r"\b(?:uku|ngo|nge|kwi|kwe|kuba|aba|ezi|oku|xa|kodwa|uthi|umn|umf)\w*",
}
"""little words, parts of words or letters that are frequent in one language and rare in the others of its script"""
STOPWORDS = frozenset(
    re.findall(
        r"\w+",
        "a about after all an and are as at be been before but by can could did do does down for from had has have he "
        "her his how i if in into is it its just me more most my new no not of off on or our out over she so than that the "
        "their them then these they this those to under up us was we were what when where who why will with would you your",
    )
)
LENGTHS = {"en": (120, 350), "zh": (220, 700), "ja": (220, 700)} | dict.fromkeys(("ar", "hi", "ru", "tr"), (80, 260))
"""shortest and longest body in words, in characters for Chinese and Japanese"""
LENGTHS |= dict.fromkeys(["bn", "fa", "id", "it", "ko", "pl", "sw", "ur", "vi", "xh"], (80, 180))
OTHER_LENGTHS = (90, 260)


def rows_of(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def words(text: str) -> list[str]:
    folded = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return re.findall(r"[^\W_]+", folded)


def shared_content_words(article: Row) -> int:
    """How many content words of the headline stand in the body as they are."""
    content = {word for word in words(article["title"]) if len(word) > 1 and word not in STOPWORDS}
    return len(content & set(words(article["body"])))


def letters_of(text: str, lang: str) -> float:
    """The share of the text's letters that belong to the language's script."""
    letters = "".join(c for c in text.casefold() if unicodedata.category(c).startswith(("L", "M")))
    return len(re.findall(SCRIPTS.get(lang, LATIN), letters)) / len(letters)


@pytest.fixture(scope="module")
def articles() -> dict[str, list[Row]]:
    return {path.stem: rows_of(path) for path in sorted((DATA / "articles").glob("*.jsonl"))}


@pytest.fixture(scope="module")
def all_articles(articles: dict[str, list[Row]]) -> list[Row]:
    return [row for rows in articles.values() for row in rows]


@pytest.fixture(scope="module")
def boilerplate() -> list[Row]:
    return rows_of(DATA / "boilerplate.jsonl")


@pytest.fixture(scope="module")
def scrapes() -> list[Row]:
    return rows_of(DATA / "scrapes.jsonl")


@pytest.fixture(scope="module")
def media_topics() -> Row:
    return json.loads((DATA / "media_topics.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def concepts(media_topics: Row) -> dict[str, Row]:
    return {topic["code"]: topic for topic in media_topics["topics"]}


@pytest.fixture(scope="module")
def readme() -> str:
    return (DATA / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def validator() -> dict[str, Draft202012Validator]:
    schema = json.loads((DATA / "schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return {name: Draft202012Validator({**schema, "$ref": f"#/$defs/{name}"}) for name in schema["$defs"]}


def table_after(readme: str, heading: str) -> list[list[str]]:
    """The body rows of the first table below a heading, as cells."""
    lines = iter(readme.split(f"# {heading}\n", 1)[1].splitlines())
    rows: list[list[str]] = []
    for line in lines:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            break
    return rows[2:]


class TestForm:
    def test_every_line_fits_the_schema(self, validator, all_articles, boilerplate, scrapes, media_topics):
        for kind, rows in {"article": all_articles, "boilerplate": boilerplate, "scrape": scrapes}.items():
            wrong = [(row.get("id"), error.message) for row in rows for error in validator[kind].iter_errors(row)]
            assert not wrong
        assert validator["media_topics"].is_valid(media_topics)

    def test_the_schema_refuses_a_line_with_a_field_missing_added_or_out_of_range(self, validator, all_articles):
        article = all_articles[0]
        assert not validator["article"].is_valid({key: article[key] for key in article if key != "medtop"})
        assert not validator["article"].is_valid({**article, "author": "somebody"})
        assert not validator["article"].is_valid({**article, "headline_style": "dull"})
        assert not validator["article"].is_valid({**article, "title": "two\nlines"})

    def test_the_fields_stand_in_the_order_of_the_schema(self, validator, all_articles, boilerplate, scrapes):
        definitions = validator["article"].schema["$defs"]
        for kind, rows in {"article": all_articles, "boilerplate": boilerplate, "scrape": scrapes}.items():
            assert {tuple(row) for row in rows} == {tuple(definitions[kind]["properties"])}

    def test_ids_are_unique_and_name_the_file(self, articles, boilerplate):
        for lang, rows in articles.items():
            assert all(row["lang"] == lang and row["id"].startswith(f"{lang}-") for row in rows)
        ids = [row["id"] for rows in articles.values() for row in rows] + [row["id"] for row in boilerplate]
        assert len(set(ids)) == len(ids)

    def test_paragraphs_are_separated_by_one_empty_line(self, all_articles):
        for row in all_articles:
            assert "\n\n\n" not in row["body"]
            assert row["body"].count("\n\n") >= 2, row["id"]

    def test_nothing_of_markup_or_of_the_drafts_is_left(self, all_articles, boilerplate):
        for row in all_articles:
            text = f"{row['title']}\n{row['body']}"
            if row["lang"] == "fa":
                text = re.sub(r"(?<=\w)\u200c(?=\w)", "", text)  # Persian spelling has this joiner within words
            assert not re.search(r"@@|\*\*|^#|</?[a-z]+>|\ufffd|[\u200b-\u200f\ufeff\u00ad]", text, re.M), row["id"]
        assert not [row["id"] for row in boilerplate if "@@" in row["body"]]

    def test_the_folder_states_its_licence(self, readme):
        for text in (readme, (DATA / "LICENSE").read_text("utf-8")):
            assert "CC0" in text
            assert "https://creativecommons.org/publicdomain/zero/1.0/" in text


class TestArticles:
    def test_there_are_enough_in_every_language(self, articles):
        assert set(articles) == LANGUAGES
        assert len(articles["en"]) >= 600
        for rows in articles.values():
            assert len(rows) >= 30
            assert len({row["topic"] for row in rows}) >= 10

    def test_bodies_have_the_length_of_a_short_article(self, all_articles):
        for row in all_articles:
            size = len(row["body"]) if row["lang"] in ("zh", "ja") else len(row["body"].split())
            shortest, longest = LENGTHS.get(row["lang"], OTHER_LENGTHS)
            assert shortest <= size <= longest, (row["id"], size)

    def test_english_headlines_have_two_to_sixteen_words(self, articles):
        for row in articles["en"]:
            assert 2 <= len(row["title"].split()) <= 16, row["id"]

    def test_every_text_is_in_its_language_by_its_letters(self, all_articles):
        for row in all_articles:
            assert letters_of(row["body"], row["lang"]) > 0.8, row["id"]
            if row["lang"] in ("ja", "zh"):
                kana = len(re.findall(r"[\u3041-\u3096]", row["body"])) / len(row["body"])
                assert kana > 0.1 if row["lang"] == "ja" else kana == 0, row["id"]

    def test_every_text_is_in_its_language_by_its_little_words(self, all_articles):
        for row in all_articles:
            if row["lang"] in TELLTALES:
                body = unicodedata.normalize("NFC", row["body"].casefold())
                found = {lang: len(re.findall(pattern, body)) for lang, pattern in TELLTALES.items()}
                assert max(found, key=lambda lang: found[lang]) == row["lang"], (row["id"], found)

    def test_all_topics_are_covered_in_english_and_none_dominates(self, articles, concepts):
        topics = Counter(row["topic"] for row in articles["en"])
        assert set(topics) == {concept["name"] for concept in concepts.values() if concept["parent"] is None}
        assert min(topics.values()) >= 25
        assert max(topics.values()) <= 0.15 * len(articles["en"])

    def test_cricket_and_syria_are_told_often_enough_to_be_mixed_up(self, articles):
        assert sum(row["subtopic"] == "cricket" for row in articles["en"]) >= 25
        assert sum("syria" in (row["title"] + row["body"]).casefold() for row in articles["en"]) >= 25

    def test_every_style_of_headline_is_there(self, articles, validator):
        styles = validator["article"].schema["$defs"]["article"]["properties"]["headline_style"]["enum"]
        found = Counter(row["headline_style"] for row in articles["en"])
        assert set(found) == set(styles)
        assert min(found.values()) >= 15
        assert found.most_common(1)[0][0] == "plain"

    def test_none_merely_copies_the_first_sentence(self, all_articles):
        for row in all_articles:
            first, title = set(words(re.split(r"(?<=[.!?۔।。])\s", row["body"], maxsplit=1)[0])), words(row["title"])
            assert len(title) < 4 or not set(title) <= first, row["id"]

    def test_many_headlines_share_hardly_a_word_with_their_body(self, articles):
        low = [row for row in articles["en"] if shared_content_words(row) <= 1]
        assert len(low) >= 0.15 * len(articles["en"])
        for topic in {row["topic"] for row in articles["en"]}:
            of_topic = [row for row in articles["en"] if row["topic"] == topic]
            assert sum(shared_content_words(row) <= 1 for row in of_topic) >= 0.15 * len(of_topic), topic

    def test_a_label_in_capitals_is_in_capitals(self, articles):
        for row in articles["en"]:
            upper = sum(c.isupper() for c in row["title"]) / sum(c.isalpha() for c in row["title"])
            assert (upper > 0.9) == (row["headline_style"] == "capitals"), row["title"]


class TestMediaTopics:
    def test_the_source_and_its_licence_are_named(self, media_topics):
        assert "IPTC" in media_topics["source"]
        assert "CC BY 4.0" in media_topics["licence"]

    def test_every_parent_is_listed_and_every_concept_ends_in_a_topic(self, concepts):
        for code in concepts:
            while concepts[code]["parent"]:
                code = concepts[code]["parent"]
            assert re.fullmatch(r"medtop:(0[1-9]|1[0-7])000000", code)

    def test_every_code_of_an_article_is_listed_and_bears_its_name(self, all_articles, concepts):
        for row in all_articles:
            assert concepts[row["medtop"]]["name"] == row["topic"]
            assert row["subtopic_medtop"] is None or concepts[row["subtopic_medtop"]]["parent"] is not None

    def test_well_known_concepts_have_their_published_codes(self, all_articles):
        codes = {row["subtopic"]: row["subtopic_medtop"] for row in all_articles}
        published = {
            "cricket": 20000888, "soccer": 20001065, "basketball": 20000851, "golf": 20000940, "baseball": 20000849,
            "boxing": 20000856, "ice hockey": 20000965, "tennis": 20001085, "climate change": 20000418,
            "election": 20000574, "international relations": 20000638, "scientific research": 20000735,
            "space exploration": 20000739, "artificial intelligence": 20001298, "nature": 20000441, "drought": 20000152,
            "earthquake": 20000153, "flood": 20000154, "fire": 20000150, "corruption": 20000093, "fraud": 20000097,
            "homicide": 20000099, "organised crime": 20000101, "theft": 20000104, "court": 20000107, "law": 20000121,
            "police": 20000133, "prison": 20000137, "market and exchange": 20000385,
        }  # fmt: skip
        assert {name: codes[name] for name in published} == {name: f"medtop:{code}" for name, code in published.items()}

    def test_a_subtopic_has_one_code_wherever_it_stands(self, all_articles):
        codes = defaultdict(set)
        for row in all_articles:
            codes[row["subtopic"]].add(row["subtopic_medtop"])
        assert not {name: found for name, found in codes.items() if len(found) > 1}

    def test_the_subtopics_are_many_and_few_are_without_a_code(self, all_articles):
        found = [row["subtopic_medtop"] for row in all_articles]
        assert len(set(found) - {None}) >= 60
        assert found.count(None) <= 0.05 * len(found)


class TestDuplicates:
    def test_no_two_articles_are_nearly_the_same(self, all_articles, boilerplate):
        texts = [row["body"] for row in all_articles] + [row["body"] for row in boilerplate if row["kind"] == "none"]
        groups = near_duplicate_groups(text_buffers(pa.array(texts, pa.large_string())))
        assert len(set(groups.tolist())) == len(texts)

    def test_no_two_articles_share_a_tenth_of_their_four_word_shingles(self, articles):
        for lang, rows in articles.items():
            shingles = []
            for row in rows:
                cut = list(re.sub(r"\W", "", row["body"])) if lang in ("zh", "ja") else words(row["body"])
                shingles.append({tuple(cut[i : i + 4]) for i in range(len(cut) - 3)})
            where = defaultdict(list)
            for i, mine in enumerate(shingles):
                for shingle in mine:
                    where[shingle].append(i)
            shared: Counter[tuple[int, int]] = Counter()
            for holders in where.values():
                shared.update((i, j) for k, i in enumerate(holders) for j in holders[k + 1 :])
            alike = [
                (rows[i]["id"], rows[j]["id"], n)
                for (i, j), n in shared.items()
                if n > 0.1 * min(len(shingles[i]), len(shingles[j]))
            ]
            assert not alike

    def test_no_headline_is_used_twice(self, all_articles):
        titles = Counter(row["title"].casefold() for row in all_articles)
        assert titles.most_common(1)[0][1] == 1

    def test_neighbouring_lines_are_not_of_one_topic(self, articles):
        same = sum(a["topic"] == b["topic"] for a, b in pairwise(articles["en"]))
        assert same < 0.15 * len(articles["en"])


class TestBoilerplate:
    def test_there_are_enough_of_every_kind_and_in_enough_languages(self, boilerplate):
        languages = defaultdict(set)
        for row in boilerplate:
            languages[row["kind"]].add(row["lang"])
        counts = Counter(row["kind"] for row in boilerplate)
        assert set(counts) == {"consent", "paywall", "script_required", "blocked", "not_found", "navigation", "none"}
        assert min(counts.values()) >= 40
        assert min(len(found) for found in languages.values()) >= 8

    def test_good_articles_stand_among_them_that_hold_such_phrases(self, boilerplate):
        good = [row for row in boilerplate if row["kind"] == "none"]
        phrases = re.compile(
            r"cookie|javascript|subscribe|newsletter|sign up|log in|404|captcha|paywall|share|privacy|rights reserved"
            r"|free articles|also read|our app|menu|e-mail",
            re.I,
        )
        english = [row for row in good if row["lang"] == "en"]
        assert len(english) >= 20
        assert sum(bool(phrases.search(row["body"])) for row in english) >= 0.7 * len(english)
        assert all(len(row["body"].split()) >= 80 for row in english)

    def test_no_two_are_alike(self, boilerplate):
        bodies = [" ".join(words(row["body"])) for row in boilerplate]
        assert len(set(bodies)) == len(bodies)

    def test_they_range_from_a_line_to_a_long_dialog(self, boilerplate):
        sizes = [len(row["body"]) for row in boilerplate if row["kind"] != "none"]
        assert min(sizes) < 80
        assert max(sizes) > 1200

    def test_every_text_is_in_the_letters_of_its_language(self, boilerplate):
        for row in boilerplate:
            if row["lang"] != "ko":
                assert letters_of(row["title"], row["lang"]) > 0.5, row["id"]
            else:
                assert re.search(r"[\uac00-\ud7a3]", row["title"]), row["id"]


class TestScrapes:
    def faults(self, articles: dict[str, list[Row]], scrapes: list[Row]) -> set[int]:
        """Numbers, from 1, of the rows that are not an article's own headline and body."""
        pairs = {(row["title"], row["body"]) for row in articles["en"]}
        return {i for i, row in enumerate(scrapes, 1) if (row["title"], row["body"]) not in pairs}

    def test_they_are_a_small_crawl_of_a_few_sites(self, scrapes):
        assert len(scrapes) == 60
        sources = Counter(row["source"] for row in scrapes)
        assert len(sources) in (4, 5)
        assert min(sources.values()) >= 6
        assert all(row["url"].startswith(f"https://{row['source']}/") for row in scrapes)
        assert len({row["url"] for row in scrapes}) == len(scrapes)

    def test_their_faults_are_those_that_the_readme_names(self, articles, scrapes, readme):
        named: set[int] = set()
        for rows, *_ in table_after(readme, "The crawl with faults"):
            numbers = [int(number) for number in re.findall(r"\d+", rows)]
            named |= set(range(numbers[0], numbers[-1] + 1)) if "to" in rows else set(numbers)
        assert named == self.faults(articles, scrapes)
        assert 8 <= len(named) <= 12

    def test_a_live_score_stands_over_a_report_from_syria(self, articles, scrapes):
        by_title = {row["title"]: row for row in articles["en"]}
        stray = [
            row for row in scrapes
            if by_title.get(row["title"], {}).get("headline_style") == "live_score" and "Syria" in row["body"]
        ]  # fmt: skip
        assert [by_title[row["title"]]["subtopic"] for row in stray] == ["cricket"]

    def test_one_site_has_four_rows_whose_bodies_slipped_by_one(self, articles, scrapes):
        body_of = {row["title"]: row["body"] for row in articles["en"]}
        slipped = [i for i, (a, b) in enumerate(pairwise(scrapes)) if a["body"] and a["body"] == body_of.get(b["title"])]
        first, last = slipped[0], slipped[-1] + 1
        assert slipped == list(range(first, last))
        assert last - first + 1 == 4
        assert len({row["source"] for row in scrapes[first : last + 1]}) == 1
        assert scrapes[last]["body"] == body_of[scrapes[first]["title"]]

    def test_a_notice_a_script_page_an_empty_body_and_an_empty_headline_are_there(self, boilerplate, scrapes):
        kinds = {row["body"]: row["kind"] for row in boilerplate}
        assert sorted(kinds[row["body"]] for row in scrapes if row["body"] in kinds) == ["consent", "script_required"]
        assert sum(row["body"] == "" for row in scrapes) == 1
        assert sum(row["title"] == "Home" for row in scrapes) == 1


class TestReadme:
    def test_its_counts_by_language_are_those_of_the_files(self, articles, readme):
        told = {row[0]: int(row[1]) for row in table_after(readme, "By language")}
        assert told == {lang: len(rows) for lang, rows in articles.items()}

    def test_its_counts_by_topic_are_those_of_the_files(self, articles, all_articles, readme):
        english = Counter(row["topic"] for row in articles["en"])
        everything = Counter(row["topic"] for row in all_articles)
        told = {row[0]: (int(row[2]), int(row[3])) for row in table_after(readme, "By topic")}
        assert told == {topic: (english[topic], everything[topic]) for topic in everything}

    def test_its_counts_by_headline_style_are_those_of_the_files(self, articles, readme):
        english = Counter(row["headline_style"] for row in articles["en"])
        assert {row[0]: int(row[1]) for row in table_after(readme, "By headline style")} == dict(english)

    def test_its_counts_of_boilerplate_are_those_of_the_file(self, boilerplate, readme):
        told = {row[0]: int(row[1]) for row in table_after(readme, "Boilerplate")}
        assert told == dict(Counter(row["kind"] for row in boilerplate))

    def test_it_says_what_the_data_must_not_be_used_for(self, readme):
        assert "not facts" in readme
