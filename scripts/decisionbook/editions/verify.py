"""Is a copied site whole? Every file against the hashes of its manifest, every link of the landing page."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import InputError, Problem
from .archive import checksum_line
from .manifest import MANIFEST, hash_file, read_manifest
from .site import EDITIONS_SCRIPT, LANDING, NOT_FOUND, landing_page, missing_page, read_script, site_entries

# What the landing page tells of an edition, from its manifest.
_TOLD = ("edition", "title", "as_of", "compiled", "summary")
_SAID = ("id", "title", "label", "as_of", "compiled", "summary", "href", "pdf", "archive")


@dataclass
class Report:
    """What was checked: `problems` mean that something is not as published, `notes` that a publish was cut short."""

    editions: list[str] = field(default_factory=list)
    files: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def verify(folder: Path, records: Path | None = None) -> Report:
    """Check a site, or the folder of one edition, against its manifests.

    `records` is the folder of committed manifests of the project, where there is one: an edition must then also be the
    one that was published. Raises InputError when `folder` holds no edition.
    """
    report = Report()
    if (folder / MANIFEST).is_file():
        _check_edition(folder, "", report, records)
        return report
    found = edition_folders(folder)
    script = folder / EDITIONS_SCRIPT
    listed = read_script(script) if script.is_file() else None
    listed = listed if listed and all(map(_is_entry, listed["editions"])) else None
    if not found and not listed:
        expected = "a published site or the folder of an edition"
        raise InputError(Problem(str(folder), f"no {MANIFEST} here or one folder below", expected))
    for path in found:
        _check_edition(path, f"{path.name}/", report, records)
        _check_archive(folder, path.name, report)
    _check_lists(folder, [path.name for path in found], listed, report)
    return report


def edition_folders(site: Path) -> list[Path]:
    """Return the folders of a site that hold a published edition, by name."""
    if not site.is_dir():
        return []
    return sorted(p for p in site.iterdir() if not p.name.startswith(".") and (p / MANIFEST).is_file())


def differing_files(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Return what is missing, changed or extra in a folder against a manifest's hashes, as lines for a person."""
    present = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() or p.is_symlink()} - {MANIFEST}
    lines = [f"missing  {name}" for name in sorted(files.keys() - present)]
    for name in sorted(files.keys() & present):
        # What is a link to nothing, or to a folder, has no hash.
        if not (folder / name).is_file() or hash_file(folder / name) != files[name]:
            lines.append(f"changed  {name}")
    return lines + [f"extra    {name}" for name in sorted(present - files.keys())]


def _check_edition(folder: Path, prefix: str, report: Report, records: Path | None) -> None:
    manifest = _manifest_of(folder)
    if manifest is None:
        report.problems.append(f"{prefix}{MANIFEST} cannot be read")
        return
    if manifest["edition"] != (name := folder.resolve().name):
        said = f"{prefix}{MANIFEST} is that of the edition {manifest['edition']}"
        # A folder by itself may have any name; in a site its pages stand for the edition that it is named after.
        if prefix:
            report.problems.append(f"{said}, which does not belong here")
        else:
            report.notes.append(f"{said}, the folder is named {name}")
    report.editions.append(manifest["edition"])
    report.files += len(manifest["files"])
    for line in differing_files(folder, manifest["files"]):
        kind, name = line.split(maxsplit=1)
        report.problems.append(f"{kind:8} {prefix}{name}")
    record = records / f"{manifest['edition']}.json" if records else None
    if record is not None and record.is_file() and hash_file(record) != hash_file(folder / MANIFEST):
        report.notes.append(
            f"{prefix}{MANIFEST} is not the one on record in {record.parent.name}/{record.name}: rebuilt elsewhere?"
        )


def _manifest_of(folder: Path) -> dict[str, Any] | None:
    """Return a manifest that says of which edition it is, in words too, and what every file's hash is; None when none does."""
    manifest = read_manifest(folder) or {}
    files = manifest.get("files")
    whole = isinstance(files, dict) and all(isinstance(digest, str) for digest in files.values())
    whole = whole and all(isinstance(manifest.get(key), str) for key in _TOLD)
    return manifest if whole else None


def _check_archive(site: Path, edition_id: str, report: Report) -> None:
    archive, checksum = site / f"{edition_id}.zip", site / f"{edition_id}.zip.sha256"
    if not archive.is_file() or not checksum.is_file():
        report.problems += [f"missing  {p.name}" for p in (archive, checksum) if not p.is_file()]
        return
    said, wanted = checksum.read_bytes(), checksum_line(archive.name, archive.read_bytes())
    if said != wanted:
        # The line may be another though its number is right: a name or an end of line that was altered on the way.
        report.problems.append(f"changed  {(checksum if said.split()[:1] == wanted.split()[:1] else archive).name}")
    report.files += 1


def _check_lists(site: Path, found: list[str], listed: dict[str, Any] | None, report: Report) -> None:
    known = [entry["id"] for entry in (listed or {}).get("editions", [])]
    if listed is None and (site / EDITIONS_SCRIPT).is_file():
        report.problems.append(f"changed  {EDITIONS_SCRIPT}")
    for name in (name for name in known if name not in found):
        missing = f"{name}/{MANIFEST}" if (site / name).is_dir() else f"{name}/"
        report.problems.append(f"missing  {missing} (listed in {EDITIONS_SCRIPT})")
    if listed and known:
        _check_entries(site, listed["editions"], report)
        _check_page(site / NOT_FOUND, listed["editions"], missing_page, report)
    landing = site / LANDING
    links: list[str] = []
    if landing.is_file():
        links = re.findall(r'href="([^"#]+)"', landing.read_text(encoding="utf-8", errors="replace"))
        local = [link for link in links if not re.match(r"[a-z]+:", link)]
        report.problems += [f"missing  {link} (linked from {LANDING})" for link in local if not (site / link).is_file()]
        if listed and known:
            _check_page(landing, listed["editions"], landing_page, report)
    elif known:
        report.notes.append(f"no {LANDING}: a publish was interrupted; run it again")
    for name in found:
        if name not in known or f"{name}/index.html" not in links:
            report.notes.append(f"{name} is whole but not listed yet: its publish was interrupted; run it again")


def _check_entries(site: Path, entries: list[dict[str, Any]], report: Report) -> None:
    """Compare what the list says of each edition with the edition's manifest; errata stand in the list alone."""
    manifests = {entry["id"]: _manifest_of(site / str(entry["id"])) for entry in entries}
    errata = {entry["id"]: entry.get("errata", []) for entry in entries}
    for entry in entries:
        manifest = manifests[entry["id"]]
        if manifest is None or manifest["edition"] != entry["id"]:
            continue  # told already
        (made,) = site_entries([manifest], errata, [entry["id"]] if entry.get("rebuilt") else [])
        report.problems += [
            f"changed  {EDITIONS_SCRIPT} ({key} of {entry['id']})" for key in sorted(made) if entry.get(key) != made[key]
        ]


def _is_entry(entry: Any) -> bool:
    """Return whether an entry of the list has what the pages of a site are made of."""
    if not isinstance(entry, dict) or not all(isinstance(entry.get(key), str) for key in _SAID):
        return False
    errata = entry.get("errata")
    return isinstance(errata, list) and all(isinstance(e, dict) and isinstance(e.get("text"), str) for e in errata)


def _check_page(
    page: Path, entries: list[dict[str, Any]], made: Callable[[Sequence[dict[str, Any]]], str], report: Report
) -> None:
    """Compare a page of the site with that of its editions, or of those before the publish or notice that came last."""
    found = page.read_text(encoding="utf-8", errors="replace") if page.is_file() else None
    if found == made(entries):
        return
    earlier = [[e for e in entries if e is not left] for left in entries]
    earlier += [
        [e if e is not cut else {**e, "errata": e["errata"][:-1]} for e in entries] for cut in entries if cut.get("errata")
    ]
    if found is None or any(found == made(some) for some in earlier if some):
        report.notes.append(f"{page.name} is not that of these editions: a publish was interrupted; run it again")
    else:
        report.problems.append(f"changed  {page.name}")
