"""A public edition holds nothing of the restricted rows: not on a page, not in a download, not in the PDF."""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from decisionbook.cli import main
from decisionbook.data.known import RESTRICTIONS
from decisionbook.data.package import Package
from decisionbook.data.published import check_register
from decisionbook.project import Project

from ..documents import project_with

CHAPTER = "metaverse_value_chain"


def restricted(project: Project) -> list[dict[str, str]]:
    """Return the figures that the public may not see, as they stand in the register."""
    package = Package(project)
    keys = {row["key"] for row in package.rows(RESTRICTIONS) if row["table"] == "figures"}
    return [line for line in package.lines("figures") if line["figure_id"] in keys]


def texts(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the text of a file: of each member of a ZIP or workbook, of the pages of a PDF."""
    if path.suffix in (".zip", ".xlsx"):
        yield from members(path.read_bytes(), path.name)
    elif path.suffix == ".pdf":
        yield path.name, pdf_text(path)
    else:
        yield path.name, path.read_text(encoding="utf-8", errors="ignore")


def members(content: bytes, name: str) -> Iterator[tuple[str, str]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.namelist():
            data = archive.read(member)
            if member.endswith((".zip", ".xlsx")):
                yield from members(data, f"{name}/{member}")
            elif not member.endswith((".pdf", ".png")):
                yield f"{name}/{member}", data.decode("utf-8", errors="ignore")


def pdf_text(path: Path) -> str:
    done = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=False)
    return done.stdout.decode("utf-8", errors="ignore")


def found(site: Path, figures: list[dict[str, str]]) -> set[tuple[str, str]]:
    """Return (file, word) for each restricted value or number of a figure that stands in a file."""
    words = {line["figure_id"]: re.compile(re.escape(line["figure_id"])) for line in figures}
    # A coordinate of a drawing may hold the same digits: a value stands alone, or as the print writes it.
    words |= {
        line["published"]: re.compile(rf"(?<![\d.,A-Za-z-]){re.escape(line['published'])}(?![\d.,A-Za-z])") for line in figures
    }
    return {
        (name, word)
        for path in site.rglob("*")
        if path.is_file() and path.suffix not in (".png", ".svg")
        for name, text in texts(path)
        for word, pattern in words.items()
        if pattern.search(without_drawings(text))
    }


def without_drawings(text: str) -> str:
    return re.sub(r'\\?"image/svg\+xml\\?":.*?(?=\n|$)|<svg.*?</svg>|\sd=\\?"[^"]*"', "", text, flags=re.DOTALL)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The chapter with restricted rows, published twice: for the office, and for the public."""
    project = project_with(tmp_path_factory.mktemp("public") / "project", CHAPTER)
    path = project.editions / "2024.09.yml"
    text = path.read_text(encoding="utf-8")
    (project.editions / "public.yml").write_text(
        text.replace("2024.09", "2024.10") + "audience: public\nissue_number: 公开第1期\n", encoding="utf-8"
    )
    for edition in ("2024.09", "2024.10"):
        assert main(["--project", str(project.root), "build", "--edition", edition]) == 0
        assert main(["--project", str(project.root), "publish", edition]) == 0
    return project


def test_no_file_of_a_public_edition_holds_a_restricted_row(published: Project) -> None:
    figures = restricted(published)
    assert len(figures) >= 10
    assert found(published.site / "2024.10", figures) == set()
    assert found(published.build / "book" / "2024.10", figures) == set()


def test_the_search_would_find_them(published: Project) -> None:
    figures = restricted(published)
    everywhere = found(published.site / "2024.09", figures)
    assert {word for _, word in everywhere} >= {line["figure_id"] for line in figures}
    names = {name.rpartition("/")[2] for name, _ in everywhere}
    assert names >= {"metaverse_value_chain.html", "figures.csv", "reconciliation.csv"}


def test_the_archive_of_a_public_edition_holds_none_either(published: Project) -> None:
    figures = restricted(published)
    archive = published.site / "2024.10.zip"
    held = {name for name, text in texts(archive) for line in figures if line["figure_id"] in text}
    assert held == set()


def test_a_public_edition_says_what_it_leaves_out(published: Project) -> None:
    page = (published.site / "2024.10" / f"{CHAPTER}.html").read_text(encoding="utf-8")
    assert "限内部使用" in page
    assert "限内部使用" not in (published.site / "2024.09" / f"{CHAPTER}.html").read_text(encoding="utf-8")


def test_a_restricted_row_that_does_not_exist_is_told(tmp_path: Path) -> None:
    from ..conftest import copy_project

    copy = copy_project(tmp_path / "project")
    path = copy.data / "restrictions.csv"
    more = "figures,003-9999,没有这一行\nfigurs,003-0044,表名写错\n"
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    problems = check_register(Package(copy))
    assert [p.column for p in problems] == ["key", "table"]
    assert "figures" in str(problems[1])
