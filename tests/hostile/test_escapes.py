"""Each escape on its own: markup is the same whatever a text says, and with the escape taken out that is seen to fail."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import tempfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docutils import nodes
from docx import Document
from lxml import etree

from decisionbook import notebook
from decisionbook.data import text as data_text
from decisionbook.editions import chapter_source, site, standalone, sweep_page
from decisionbook.reconcile import verdicts, workbook
from decisionbook.render import cards, directives, evidence, not_found, what_if
from decisionbook.render.nodes import json_block
from decisionbook.render.typst import escape
from decisionbook.render.word import parts
from decisionbook.render.word import workbook as word_workbook

from . import strings

HOSTILE = [*strings.HTML.values(), *strings.MARKUP.values()]


class Shape(HTMLParser):
    """The elements of some markup, with the names of their attributes, in order."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, ...]] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, *(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.found.append((f"/{tag}",))

    def handle_comment(self, data: str) -> None:
        self.found.append(("comment",))


def _spark(kind: str) -> Callable[[str], str]:
    return lambda text: cards.spark_html(kind, [cards.Value(text, 1.0, text), cards.Value("乙", 2.0, text)])


def _folded(text: str) -> str:
    return "".join(n.astext() for part in directives.folded(nodes.paragraph(), text) for n in part.findall(nodes.raw))


def _landing(text: str) -> str:
    about = {"edition": "2024.09", "as_of": "2024-09-30", "compiled": "2024-10-01"}
    manifest = {**about, "files": {}, "title": text, "summary": text}
    return site.landing_page(site.site_entries([manifest], {"2024.09": [{"text": text, "date": "2024-11-01"}]}))


def _table(text: str) -> str:
    return notebook._html({"caption": text, "columns": [{"title": text}], "rows": [[text]]})


def _alone(text: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        page = '<html><head><title>x</title></head><body><article class="db-article">x</article></body></html>'
        (Path(folder) / "x.html").write_text(page, encoding="utf-8")
        return standalone.standalone_page(Path(folder), "x", mark=text, about=text, footer=[text])


# How each place makes markup of a text.
PLACES: dict[str, Callable[[str], str]] = {
    **{f"card: {kind}": _spark(kind) for kind in cards.KINDS},
    "fold": _folded,
    "landing page": _landing,
    "page not found": lambda text: not_found.not_found_page(text, {"id": "1", "label": text}),
    "site's page not found": lambda text: not_found.site_not_found_page(text, ["2024.09"]),
    "mark of evidence": lambda text: evidence._tag("a", ["x"], href="#x", aria_label=text),
    "page that stands alone": _alone,
    "sweep": lambda text: f'<td title="{sweep_page._text(text)}">{sweep_page._text(text)}</td>',
    "what if": lambda text: f'<td title="{what_if._text(text)}">{what_if._text(text)}</td>',
    "table in JupyterLab": _table,
}


@pytest.mark.parametrize("place", PLACES)
def test_no_text_adds_markup_and_without_its_escape_some_do(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make = PLACES[place]
    plain = Shape(make("x")).found
    assert plain
    assert [text for text in HOSTILE if Shape(make(text)).found != plain] == []
    monkeypatch.setattr(html, "escape", lambda text, quote=True: text)
    assert [text for text in HOSTILE if Shape(make(text)).found != plain] != []


@pytest.mark.parametrize("make", [json_block, evidence.data_script], ids=["chart", "evidence"])
def test_no_text_leaves_a_block_of_data_and_without_its_escape_some_do(make: Callable[[Any], str]) -> None:
    def found(content: str) -> list[tuple[str, ...]]:
        block = content if content.startswith("<script") else f'<script type="application/json">{content}</script>'
        return Shape(f"<p>{block}<b></b></p>").found

    plain = found(make({"text": "x"}))
    assert plain[-2:] == [("/b",), ("/p",)]
    assert [text for text in HOSTILE if found(make({"text": text})) != plain] == []
    for text in HOSTILE:
        block = make({"text": text}).removesuffix("</script>\n").partition(">")[2] if make is evidence.data_script else None
        assert json.loads(block or make({"text": text})) == {"text": text}
    bare = found(json.dumps({"text": "x"}))
    assert [text for text in HOSTILE if found(json.dumps({"text": text})) != bare] != []


def test_the_name_of_an_edition_stays_in_the_script_of_a_page_that_is_not_there() -> None:
    plain = Shape(not_found.not_found_page("x", {"id": "2024.09"})).found
    assert all(Shape(not_found.not_found_page("x", {"id": text})).found == plain for text in HOSTILE)


# ---- Typst ------------------------------------------------------------------------------------

LITERAL = re.compile(r'"(?:[^"\\\n]|\\["\\nt])*"')


def _one_literal(text: str) -> bool:
    """Return whether a text becomes one literal that says it, and nothing behind it."""
    made = escape.string(text)
    return LITERAL.fullmatch(made) is not None and json.loads(made) == escape.printable(text)


class _Without(str):
    """A text of which one replacement does not happen."""

    skipped = ""

    def replace(self, old: str, new: str, count: Any = -1) -> _Without:  # type: ignore[override]
        return self if old == self.skipped else type(self)(str.replace(self, old, new, count))


@pytest.mark.parametrize("skipped", ["\\", '"', "\n"])
def test_any_text_is_one_literal_of_typst_and_without_an_escape_some_are_not(
    skipped: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [*strings.TYPST.values(), *HOSTILE, "a\nb", "a\\"]
    assert all(map(_one_literal, given))
    printable, kind = escape.printable, type("_Careless", (_Without,), {"skipped": skipped})
    monkeypatch.setattr(escape, "printable", lambda text: kind(printable(text)))
    assert not all(map(_one_literal, given))


# ---- Spreadsheets and Markdown ----------------------------------------------------------------


def _cells(folder: Path, write: Callable[[Any, Path], None]) -> list[str]:
    """Return the cells of a table of verdicts whose every text is a formula."""
    path = folder / "x.csv"
    texts = strings.FORMULAS.values()
    write([SimpleNamespace(as_row=lambda text=text: dict.fromkeys(verdicts.COLUMNS, text)) for text in texts], path)
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""), strict=True))
    assert {len(row) for row in rows} == {len(verdicts.COLUMNS)}
    return [cell for row in rows for cell in row]


@pytest.mark.parametrize("module", [verdicts, workbook], ids=["csv", "csv for Excel"])
def test_no_table_of_verdicts_holds_a_formula_and_without_the_guard_it_does(
    module: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = verdicts.write_reconciliation if module is verdicts else workbook.write_csv_for_excel
    assert [cell for cell in _cells(tmp_path, write) if data_text.is_formula(cell)] == []
    monkeypatch.setattr(module, "formula_free", lambda cell: cell)
    assert [cell for cell in _cells(tmp_path, write) if data_text.is_formula(cell)] != []


def test_a_line_end_in_a_cell_cuts_no_row_and_without_its_quotes_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def read() -> list[list[str]]:
        made = io.StringIO(newline="")
        data_text.write_rows(made, [["a\rb", "c"], ["d", "e"]])
        return list(csv.reader(io.StringIO(made.getvalue(), newline="")))

    assert read() == [["a\rb", "c"], ["d", "e"]]
    # As Python before 3.13 writes it.
    monkeypatch.setattr(data_text.csv, "writer", lambda handle, **_: SimpleNamespace(
        writerow=lambda row: handle.write(",".join(row) + "\n")
    ))  # fmt: skip
    with pytest.raises((AssertionError, csv.Error)):
        assert read() == [["a\rb", "c"], ["d", "e"]]


def test_a_cell_of_the_charts_workbook_is_no_formula_and_without_the_guard_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    given = [text for text in strings.FORMULAS.values() if text[0] in "=+-@"]
    assert not any(str(word_workbook._cell(text)).startswith(("=", "+", "-", "@")) for text in given)
    monkeypatch.setattr(word_workbook, "safe_cell", lambda cell: cell)
    assert all(str(word_workbook._cell(text)).startswith(("=", "+", "-", "@")) for text in given)


def test_a_footnote_of_word_is_text_and_without_its_escape_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def tags(text: str) -> list[str]:
        document, notes = Document(), parts.Footnotes("Normal")
        notes.reference(text)
        notes.attach(document)
        made = next(r.target_part for r in document.part.rels.values() if r.reltype.endswith("/footnotes"))
        return [str(element.tag) for element in etree.fromstring(made.blob).iter()]

    plain = tags("x")
    assert [text for text in HOSTILE if tags(text) != plain] == []
    monkeypatch.setattr(parts, "escape", lambda text: text)
    with pytest.raises(etree.XMLSyntaxError):
        tags(strings.HTML["script"])


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_a_banner_is_text_in_myst_and_without_its_backslashes_it_is_not() -> None:
    from docutils.core import publish_doctree
    from myst_parser.parsers.docutils_ import Parser

    def kinds(markup: str) -> set[str]:
        settings = {"report_level": 5, "file_insertion_enabled": False, "raw_enabled": False}
        tree = publish_doctree(f"甲{markup}", parser=Parser(), settings_overrides=settings)
        return {type(node).__name__ for node in tree.findall(nodes.Element)} - {"document", "paragraph"}

    assert set().union(*(kinds(chapter_source.escaped(text)) for text in HOSTILE)) == set()
    assert set().union(*(kinds(text) for text in HOSTILE)) >= {"table", "literal_block"}
