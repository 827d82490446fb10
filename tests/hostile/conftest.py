"""One hostile project for all tests of this folder: built, published, with an erratum, re-run, swept and compared once."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from decisionbook.cli import main
from decisionbook.project import Project

from . import project as hostile
from . import strings


@dataclass
class Made:
    """What the commands left and what they printed, by command; `before` is the folder above before any of them ran."""

    project: Project
    said: dict[str, str] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)

    @property
    def edition(self) -> Path:
        return self.project.build / "book" / hostile.EDITIONS[1]

    @property
    def office(self) -> Path:
        return self.project.build / "office" / hostile.EDITIONS[1]

    @property
    def rerun(self) -> Path:
        return self.project.build / "runs" / hostile.LIGHT

    @property
    def sweep(self) -> Path:
        return self.project.build / "sweeps" / hostile.LIGHT

    def pages(self) -> list[Path]:
        """Return every page for readers: of the published edition, the site, the re-run chapter and the sweep."""
        return [*sorted(self.project.site.rglob("*.html")), *self.rerun.glob("*.html"), *self.sweep.glob("*.html")]

    def run(self, name: str, *words: str) -> None:
        """Run a command and keep what it printed."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            self.codes[name] = main(["--project", str(self.project.root), *words])
        self.said[name] = out.getvalue()


def tree(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder, those below _build left out."""
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and "_build" not in p.parts
    }


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The hostile project after every command that writes something for a reader."""
    above = tmp_path_factory.mktemp("hostile")
    done = Made(hostile.hostile_project(above / "a project"))
    own = hostile.own_table(above / "表=1+1 <b>.csv")
    sets = hostile.parameter_sets(above / "sets.csv")
    hostile.earlier_edition(done.project)
    done.before = tree(above)
    old, new = hostile.EDITIONS
    done.run("build", "build", "--docx", "--slides")
    done.run("publish", "publish", new)
    done.run("erratum", "publish", new, "--erratum", strings.EVERYTHING)
    done.run("diff", "diff", old, new)
    done.run("diff json", "diff", old, new, "--json")
    done.run("params", "params", hostile.LIGHT)
    done.run("run", "run", hostile.LIGHT, "-p", f"note={strings.EVERYTHING}", "-d", f"policy_documents={own}")
    done.run("sweep", "sweep", hostile.LIGHT, "--table", str(sets), "--workers", "1", "-p", "area=广西")
    done.run("check", "check")
    return done


def text_of(path: Path) -> str:
    """Return a text file; it must be UTF-8."""
    return path.read_bytes().decode("utf-8")


def findings(made: Made) -> dict[str, dict[str, object]]:
    """Return the findings of the built edition."""
    return json.loads(text_of(made.edition / "findings.json"))
