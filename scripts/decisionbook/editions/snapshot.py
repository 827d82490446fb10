"""A snapshot of an edition: all that a comparison with another edition needs, small enough to be committed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..data.declarations import Chapter
from ..data.package import Package
from ..notebook import TABLE_MIME
from ..project import Project
from ..reconcile import VERDICTS, Reconciled
from ..runs.documents import nbformat
from ..runs.execute import RunResult
from .clauses import GLUE, Phrase, clauses_of
from .clauses import phrases as clause_phrases
from .definition import Edition
from .manifest import library_hash

SNAPSHOT = "snapshot.json"
_CHART_MIME = re.compile(r"application/vnd\.vegalite\.v\d+\+json")
_STATISTICS = re.compile(r"\bnb\.(?:observations|find|value)\(")


def take_snapshot(
    project: Project,
    edition: Edition,
    chapters: Mapping[str, Chapter],
    results: Mapping[str, RunResult],
    rows: Sequence[Reconciled],
) -> dict[str, Any]:
    """Return the snapshot of a build, as plain JSON.

    Findings are kept with their values and the clauses that quote them, so that a later comparison can set sentence beside
    sentence; data as a hash for each source and table, so that it can tell a new source from revised data, a changed
    parameter and changed code.
    """
    package = edition.package(project)
    known = {row["source_id"]: row["title"] for row in package.rows("sources")}
    notebooks = {name: nbformat.read(results[name].notebook, as_version=4) for name in chapters}
    return {
        "edition": edition.id,
        "label": edition.label,
        "as_of": edition.as_of,
        "chapters": {name: _chapter(chapter, edition, notebooks[name], known) for name, chapter in chapters.items()},
        "clauses": {name: clauses(notebook) for name, notebook in notebooks.items()},
        "findings": {
            name: {key: _value(finding) for key, finding in sorted(result.findings.items())} for name, result in results.items()
        },
        "verdicts": {v: [r.figure.figure_id for r in rows if r.verdict == v] for v in VERDICTS},
        "sources": {source: {"title": title, "tables": {}} for source, title in known.items()},
        "library": library_hash(),
    } | _data_hashes(package, known)


def _chapter(chapter: Chapter, edition: Edition, notebook: Any, known: Mapping[str, str]) -> dict[str, Any]:
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code" and "injected-parameters" not in _tags(cell)]
    return {
        "title": chapter.title,
        "sources": [s for s in chapter.sources if s in known],
        "tables": sorted(chapter.tables),
        "statistics": any(_STATISTICS.search(source) for source in code),
        "parameters": {**chapter.defaults, **edition.parameters.get(chapter.name, {})},
        "code": _hash(code),
        "key": key_findings(notebook),
        **_displays(notebook),
    }


def _tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


def _displays(notebook: Any) -> dict[str, dict[str, str]]:
    """Return the charts and tables that a notebook shows: name and caption."""
    charts: dict[str, str] = {}
    tables: dict[str, str] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            for mime, content in output.get("data", {}).items():
                if mime == TABLE_MIME:
                    tables[content["name"]] = content["caption"]
                elif _CHART_MIME.fullmatch(mime):
                    described = content.get("usermeta", {}).get("decisionbook", {})
                    charts[described.get("name", "")] = described.get("caption", "")
    return {"charts": charts, "shown": tables}


def key_findings(notebook: Any) -> list[str]:
    """Return the findings that the section 要点 of a notebook quotes, in their order."""
    section = re.search(r"(?ms)^## 要点\s*$(.*?)(?=^## |\Z)", _prose(notebook))
    found = [text.partition(":")[0] for text in GLUE.findall(section[1] if section else "") if "::" not in text]
    return list(dict.fromkeys(found))


def _prose(notebook: Any) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def clauses(notebook: Any) -> list[str]:
    """Return the clauses of a notebook's prose that quote findings."""
    return clauses_of(_prose(notebook))


def phrases(path: Path, findings: Mapping[str, Mapping[str, Any]], own: str = "{}") -> dict[str, Phrase]:
    """Return for each finding that the prose of a notebook quotes the clause that quotes it first."""
    values = {name: (finding["value"], finding.get("unit", "")) for name, finding in findings.items()}
    return clause_phrases(clauses(nbformat.read(path, as_version=4)), values, own)


def _value(finding: Mapping[str, Any]) -> list[Any] | str:
    value = finding["value"]
    return value if isinstance(value, str) else [value, finding["unit"]]


def _data_hashes(package: Package, known: Mapping[str, str]) -> dict[str, Any]:
    sources: dict[str, dict[str, str]] = {source: {} for source in known}
    tables: dict[str, str] = {}
    for name in package.tables:
        lines = package.lines(name)
        columns = {field["name"] for field in package.fields(name)}
        if "source_id" in columns:
            for source in known:
                own = [_content(line) for line in lines if line["source_id"] == source]
                if own:
                    sources[source][name] = _hash(own)
            lines = [line for line in lines if not line["source_id"]]
        if lines and "published_by" not in columns and "source_id" not in columns:
            tables[name] = _hash([_content(line) for line in lines])
    statistics = {}
    if "observations" in package.tables:
        statistics = {line["observation_id"]: _hash(_content(line)) for line in package.lines("observations")}
    return {
        "sources": {source: {"title": title, "tables": sources[source]} for source, title in known.items()},
        "tables": tables,
        "statistics": statistics,
    }


def _content(line: Mapping[str, str]) -> list[str]:
    # Remarks explain a row; a changed remark is no revised value.
    return [cell for column, cell in line.items() if column != "note" and not column.startswith("later_")]


def _hash(content: Any) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]


def compact(snapshot: Mapping[str, Any]) -> str:
    """Return a snapshot as JSON with one line for each entry of the second level: small, and readable in a diff."""
    parts = []
    for key, content in sorted(snapshot.items()):
        if isinstance(content, Mapping):
            lines = [f"  {_json(name)}: {_json(entry)}" for name, entry in sorted(content.items())]
            parts.append(f" {_json(key)}: {{\n" + ",\n".join(lines) + "\n }")
        else:
            parts.append(f" {_json(key)}: {_json(content)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
