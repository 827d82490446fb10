"""Working builds made by hand: a few small files with a manifest, so that publishing is tested without building."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from decisionbook.editions.definition import Edition, find_edition
from decisionbook.editions.manifest import write_manifest
from decisionbook.project import Project

PAGES = ("index.html", "alpha.html", "beta.html")


def edition_content(edition_id: str, as_of: str, **more: Any) -> dict[str, Any]:
    """Return the content of an edition file."""
    return {
        "id": edition_id, "title": "小书·可复算版", "as_of": as_of, "compiled": "2026-11-21", "summary": f"{edition_id}的新意。",
        "chapters": ["alpha"], **more,
    }  # fmt: skip


def write_edition(project: Project, content: Mapping[str, Any]) -> Edition:
    """Write an edition file and return the edition."""
    import datetime

    shown = {k: datetime.date.fromisoformat(v) if k in ("as_of", "compiled") else v for k, v in content.items()}
    project.editions.mkdir(parents=True, exist_ok=True)
    path = project.editions / f"{content['id']}.yml"
    path.write_text(yaml.safe_dump(shown, allow_unicode=True), encoding="utf-8")
    return find_edition(project, str(content["id"]))


def snapshot(edition_id: str = "2000.01", **more: Any) -> dict[str, Any]:
    """Return a small snapshot with one chapter, two numbers and a text."""
    chapter = {
        "title": "甲章", "sources": ["000"], "tables": ["areas"], "statistics": True,
        "parameters": {"area": "广西", "growth": 10},
        "code": "c0", "key": ["share"], "charts": {"fig-a": "图甲"}, "shown": {"tab-a": "表甲"},
    }  # fmt: skip
    return {
        "edition": edition_id,
        "label": f"{edition_id} 版",
        "as_of": "2000-01-31",
        "chapters": {"alpha": chapter},
        "findings": {"alpha": {"share": [0.9, "%"], "count": [10, "个"], "sentence": "低于"}},
        "clauses": {"alpha": ["占 {{share:.2f}}%", "本章共 {{count:.0f}} 个，{{sentence}}全国"]},
        "verdicts": {"reproduced": ["000-0001"], "contradicted": ["000-0002"], "input": ["000-0003"]},
        "sources": {"000": {"title": "来源甲", "tables": {"figures": "f0"}}},
        "tables": {"areas": "a0", "units": "u0"},
        "statistics": {"O-1": "o1"},
        "library": "l0",
        **more,
    }


def make_build(project: Project, edition: Edition, *, pdf: bool = True, **changed: str) -> Path:
    """Write a working build; `changed` gives pages by stem another text."""
    folder = project.built(edition.id)
    folder.mkdir(parents=True, exist_ok=True)
    for name in PAGES:
        text = changed.get(name.removesuffix(".html"), f"<!DOCTYPE html><title>{name}</title>{edition.id}")
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "_static").mkdir(exist_ok=True)
    for name in ("tokens.css", "decisionbook.css", "components.css", "editions.css", "favicon.svg"):
        (folder / "_static" / name).write_text("/* */", encoding="utf-8")
    if pdf:
        (folder / f"decision-reference-{edition.id}.pdf").write_bytes(b"%PDF-1.7\n")
    (folder / "snapshot.json").write_text(json.dumps(snapshot(edition.id)), encoding="utf-8")
    write_manifest(folder, {
        "edition": edition.id, "title": edition.title, "label": edition.label, "as_of": edition.as_of,
        "compiled": edition.compiled,
        "reconstruction": edition.reconstruction, "summary": edition.summary, "pdf": pdf,
    })  # fmt: skip
    return folder


def tiny_project(root: Path) -> Project:
    """Return a project with two editions and a working build of each; there are no data and no notebooks."""
    project = Project(root)
    (root / "data").mkdir(parents=True)
    project.datapackage.write_text('{"resources": []}', encoding="utf-8")
    for edition_id, as_of in (("2000.01", "2000-01-31"), ("2001.06", "2001-06-30")):
        make_build(project, write_edition(project, edition_content(edition_id, as_of)))
    return project


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder by its path."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
