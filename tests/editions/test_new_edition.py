"""Beginning an edition from another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from decisionbook.cli import main
from decisionbook.data.context import newest_edition
from decisionbook.editions.definition import find_edition
from decisionbook.editions.new_edition import new_edition
from decisionbook.errors import InputError
from decisionbook.project import Project

from .builds import tiny_project


def test_a_new_edition_keeps_comments_chapters_and_parameters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = tiny_project(tmp_path)
    path = project.editions / "2001.06.yml"
    path.write_text("# 一条说明\n" + path.read_text(encoding="utf-8") + "parameters:\n  alpha: {growth: 12}\n", encoding="utf-8")
    assert (
        main(["--project", str(tmp_path), "new-edition", "2002.02", "--from", "2001.06", "--summary", "换了增速：a\\1 #。"]) == 0
    )
    assert "decisionbook build --edition 2002.02" in capsys.readouterr().out
    new = find_edition(project, None)
    assert (new.id, new.as_of, new.compiled, new.summary) == ("2002.02", "2002-02-28", "2026-11-21", "换了增速：a\\1 #。")
    assert not new.reconstruction
    assert new.label == "2002.02 版"
    assert new.parameters == {"alpha": {"growth": 12}}
    assert (project.editions / "2002.02.yml").read_text(encoding="utf-8").startswith("# 一条说明\n")


@pytest.mark.parametrize("old", [">\n  第一行，\n  第二行。", "|-\n\n    一。\n\n    二。", '"一，\n  二。"', "一\n  二"])
def test_a_summary_of_several_lines_is_replaced_whole(tmp_path: Path, old: str) -> None:
    project = tiny_project(tmp_path)
    path = project.editions / "2001.06.yml"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("summary")]
    path.write_text("\n".join([f"summary: {old}", "", "# 一条说明", *lines]) + "\n", encoding="utf-8")
    assert find_edition(project, "2001.06").summary != "2001.06的新意。"
    new_edition(project, "2002.02", "2001.06")
    new, before = find_edition(project, "2002.02"), find_edition(project, "2001.06")
    assert (new.summary, new.chapters, new.title) == ("在2001.06版之上编制。", before.chapters, before.title)
    assert "\n\n# 一条说明\n" in (project.editions / "2002.02.yml").read_text(encoding="utf-8")


def test_no_file_of_an_edition_calls_itself_the_newest(project: Project) -> None:
    """A new edition keeps the comments of the one that it is made from: two files would say so."""
    for path in project.editions.glob("*.yml"):
        comments = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
        assert "最新" not in "".join(comments), path.name


def test_commands_and_notebooks_take_the_same_edition_for_the_newest(tmp_path: Path) -> None:
    project = tiny_project(tmp_path)
    for edition_id in ("2001.06-b", "2001.06-a"):
        new_edition(project, edition_id, "2001.06", as_of="2001-06-30")
    newest = find_edition(project, None)
    assert newest.id == "2001.06-b"
    assert str(newest_edition(project)["id"]) == newest.id


def test_a_key_that_comes_twice_in_an_edition_is_told(tmp_path: Path) -> None:
    project = tiny_project(tmp_path)
    path = project.editions / "2001.06.yml"
    path.write_text(path.read_text(encoding="utf-8") + "summary: 又一句。\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"2001\.06\.yml: found the key 'summary' in line \d and again in line \d"):
        find_edition(project, None)
    with pytest.raises(InputError, match="the key 'summary'"):
        newest_edition(project)


@pytest.mark.parametrize(
    ("edition_id", "origin", "more", "words"),
    [
        ("2001.06", "2000.01", {}, "exists"),
        ("2002.02", "1999.01", {}, "no edition '1999.01'"),
        ("../x", "2000.01", {}, "cannot be a folder's name"),
        ("spring", "2000.01", {}, "Say the date with --as-of"),
        ("2002.02", "2000.01", {"as_of": "28.2.2002"}, "a date such as"),
        ("2002.02", "2000.01", {"as_of": "2002-02-28", "compiled": "2001-01-01"}, "a day on or after"),
    ],
)
def test_wrong_input_writes_nothing(tmp_path: Path, edition_id: str, origin: str, more: dict[str, str], words: str) -> None:
    project = tiny_project(tmp_path)
    before = sorted(project.editions.iterdir())
    with pytest.raises(InputError, match=words) as caught:
        new_edition(project, edition_id, origin, **more)
    assert all("(not written)" in p.file for p in caught.value.problems if "on or after" in p.expected)
    assert sorted(project.editions.iterdir()) == before
