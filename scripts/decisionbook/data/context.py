"""What a run knows besides its parameters: as_of, edition, replaced tables. One file, named by one variable."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import InputError, Problem
from ..project import Project, find_project
from .known import INTERNAL

VARIABLE = "DECISIONBOOK_CONTEXT"
# Names the process that draws a run's charts, or says that nobody will see them.
DRAWING, UNSEEN = "DECISIONBOOK_DRAWING", "unseen"
# Names the folder of pictures that were drawn before.
DRAWINGS = "DECISIONBOOK_DRAWINGS"


@dataclass(frozen=True)
class RunContext:
    """The context of one run; without a context file, that of the newest edition.

    `limits` are those that a command sets in place of the declared ones; the notebook is not told.
    """

    project: Project
    edition: str
    as_of: str
    tables: Mapping[str, Path] = field(default_factory=dict)
    audience: str = INTERNAL
    limits: Mapping[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> Path:
        """Write the context file that a kernel finds through the variable DECISIONBOOK_CONTEXT."""
        content = {
            "project": str(self.project.root),
            "edition": self.edition,
            "as_of": self.as_of,
            "audience": self.audience,
            "tables": {name: str(file) for name, file in sorted(self.tables.items())},
        }
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
        return path


def read_context() -> RunContext:
    """Return the context of this process: the file that the environment names, or the defaults."""
    named = os.environ.get(VARIABLE)
    if named:
        content = json.loads(Path(named).read_text(encoding="utf-8"))
        return RunContext(
            Project(Path(content["project"])),
            content["edition"],
            content["as_of"],
            {name: Path(file) for name, file in content["tables"].items()},
            content.get("audience", INTERNAL),
        )
    project = find_project()
    newest = newest_edition(project)
    return RunContext(project, str(newest["id"]), str(newest["as_of"]), audience=str(newest.get("audience", INTERNAL)))


def newest_edition(project: Project) -> dict[str, object]:
    """Return the newest edition's file as a dictionary; raises InputError where there is none to read."""
    from .yaml_files import read_yaml

    files = sorted(project.editions.glob("*.yml"))
    editions = []
    for file in files:
        content = read_yaml(file, project.shown(file))
        if not isinstance(content, dict) or not {"id", "as_of"} <= content.keys():
            raise InputError(Problem(project.shown(file), "no id or no as_of", "an edition with both"))
        editions.append(content)
    if not editions:
        remedy = "Write one with decisionbook new-edition."
        raise InputError(Problem(project.shown(project.editions), "no edition", "a file such as 2024.09.yml", remedy))
    return max(editions, key=lambda e: by_age(str(e["as_of"]), str(e["id"])))


def by_age(as_of: str, edition_id: str) -> tuple[str, str]:
    """Return by what editions are ordered, oldest first: the date of what they know, then the id."""
    return as_of, edition_id
