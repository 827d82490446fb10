"""Documents of every kind, whole and broken: what can be read is kept, what cannot is said."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import pytest

from decisionbook.errors import InputError
from decisionbook.intake.documents import read_file

from .papers import locked, pdf, scanned, word


def test_tracked_changes_are_read_as_accepted_and_said(tmp_path: Path) -> None:
    document = read_file(word(tmp_path))
    assert "２２２个" in document.text
    assert "111" not in document.text
    assert any("final version is read (1 insertion kept, 1 deletion dropped)" in n for n in document.notes)


def test_merged_cells_and_pictures_are_said(tmp_path: Path) -> None:
    document = read_file(word(tmp_path))
    assert "南宁市\t40\t35.2\n\t22\t12.8" in document.text
    assert any(n.startswith("1 merged cell:") for n in document.notes)
    assert any(n.startswith("1 picture not read:") for n in document.notes)


def test_pieces_lead_from_the_text_back_to_the_runs(tmp_path: Path) -> None:
    document = read_file(word(tmp_path))
    place = document.text.index("35%")
    (piece,) = [p for p in document.pieces if p[0] <= place < p[1]]
    assert "".join(piece[2].itertext()) == "35%"


def test_a_pdf_is_read_with_wrapped_lines_joined_and_its_table(tmp_path: Path) -> None:
    body = "截至2024年末，全区已建成数据中心82个，机架12.5万标准机架，比2023年末的10万标准机架增长25%，分布在三市。\n\n"
    document = read_file(pdf(tmp_path, f"{body}#table(columns: 2, [地区], [数量（个）], [南宁市], [40], [柳州市], [22])"))
    assert body.strip() in document.text
    assert "地区\t数量（个）\n南宁市\t40\n柳州市\t22" in document.text


def test_two_hundred_pages_show_how_far_it_is(tmp_path: Path) -> None:
    said: list[str] = []
    document = read_file(pdf(tmp_path, "#for n in range(200) [第#(n)段有#(n + 300)个项目。#pagebreak(weak: true)]"), said.append)
    assert document.pages == 200
    assert said[0] == "  page 20 of 200"
    assert "499个" in document.text


@pytest.mark.parametrize(
    ("make", "words"), [(scanned, "without a text layer"), (lambda f: locked(pdf(f, "一个数：42个。")), "password")]
)
def test_a_pdf_that_gives_no_text_says_why_and_what_to_do(tmp_path: Path, make, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=words) as caught:
        read_file(make(tmp_path))
    assert caught.value.problems[0].remedy


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * 210_000_000)
    return out.getvalue()


def test_damaged_and_wrong_files_are_named(tmp_path: Path) -> None:
    whole = pdf(tmp_path, "一个数：42个。").read_bytes()
    for name, content, words in (
        ("cut.pdf", whole[:200], "damaged"),
        ("cut.docx", word(tmp_path).read_bytes()[:900], "damaged"),
        ("old.doc", b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old Word"),
        ("locked.docx", b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "password"),
        ("empty.txt", b"", "empty"),
        ("bomb.docx", bomb(), "MB of text"),
        ("fake.docx", b"plain words", "damaged"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=words):
            read_file(tmp_path / name)


def test_a_word_file_with_a_broken_part_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = word(tmp_path)
    broken = tmp_path / "broken.docx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(broken, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content.replace(b"</w:body>", b"<w:p><w:r") if name == "word/document.xml" else content)
    document = read_file(broken)
    assert "82个" in document.text
    assert "damaged" in document.notes[0]


def test_gbk_text_is_read_and_said(tmp_path: Path) -> None:
    path = tmp_path / "gbk.txt"
    path.write_bytes("全区共有82个数据中心。".encode("gb18030"))
    document = read_file(path)
    assert document.text == "全区共有82个数据中心。"
    assert "GB18030" in document.notes[0]


def test_a_footnote_stands_at_the_end(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("正文42个。")
    path = tmp_path / "notes.docx"
    document.save(str(path))
    notes = (
        '<w:footnotes xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        '<w:footnote w:id="2"><w:p><w:r><w:t>样本为17家。</w:t></w:r></w:p></w:footnote></w:footnotes>'
    )
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("word/footnotes.xml", notes)
    assert read_file(path).text.rstrip().endswith("脚注\n[^2] 样本为17家。")
