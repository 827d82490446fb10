"""Coverage is computed: every numeric token of the sources is a figure or excluded by a rule with a reason."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from decisionbook.cli import main
from decisionbook.data.coverage import REASONS, account, read_sources, sample_excluded
from decisionbook.data.package import Package
from decisionbook.errors import InputError
from decisionbook.project import Project

Broken = Callable[[str, Callable[[str], str]], Project]


def test_nothing_is_unaccounted(project: Project, sources: Path) -> None:
    package = Package(project)
    tokens = account(package, read_sources(package, sources))
    assert [t.context for t in tokens if not t.accounted] == []
    assert len(tokens) > 2000
    assert {t.reason for t in tokens if t.rule} == set(REASONS)


def test_a_figure_taken_out_is_missed(broken: Broken, sources: Path) -> None:
    def drop(text: str) -> str:
        return "\n".join(line for line in text.split("\n") if not line.startswith("000-0015,"))

    package = Package(broken("data/figures.csv", drop))
    left = [t for t in account(package, read_sources(package, sources)) if not t.accounted]
    assert [(t.source_id, t.text) for t in left] == [("000", "787")]


def test_a_rule_that_excludes_too_much_needs_a_pattern(broken: Broken, sources: Path) -> None:
    project = broken("data/exclusions.csv", lambda t: t + "X-999,([,*,idiom,broken\n")
    package = Package(project)
    with pytest.raises(InputError, match="row"):
        account(package, read_sources(package, sources))


def test_an_unknown_reason_breaks_the_schema(broken: Broken) -> None:
    project = broken("data/exclusions.csv", lambda t: t.replace(",ordinal,", ",ordinall,", 1))
    assert any(p.column == "reason" and "ordinal" in p.remedy for p in Package(project).validate(["exclusions"]))


def test_the_sample_is_seeded(project: Project, sources: Path) -> None:
    package = Package(project)
    tokens = account(package, read_sources(package, sources))
    assert sample_excluded(tokens, 50, 3) == sample_excluded(tokens, 50, 3)
    assert sample_excluded(tokens, 50, 3) != sample_excluded(tokens, 50, 4)
    assert len(sample_excluded(tokens, 50, 3)) == 50


def test_a_correction_ends_when_the_source_no_longer_prints_the_error(
    broken: Broken, sources: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def expect_another(text: str) -> str:
        rows = list(csv.DictReader(io.StringIO(text)))
        rows[0]["expect"] = "约为4934万元"
        out = io.StringIO()
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue()

    project = broken("data/corrections.csv", expect_another)
    assert main(["--project", str(project.root), "check", "--sources", str(sources)]) == 1
    assert "data/corrections.csv, row 2, column expect: found '约为4394万元'" in capsys.readouterr().out
