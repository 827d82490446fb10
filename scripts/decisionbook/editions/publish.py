"""Publish a built edition: a whole edition appears in the site at once, and a published one is never altered."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data.text import TEXT_EXPECTED, text_fault
from ..errors import CheckFailed, InputError, Problem, counted
from ..project import Project
from . import steps
from .archive import archive_bytes, checksum_line
from .definition import Edition
from .diff import record_path
from .lock import building, locked
from .manifest import MANIFEST, hash_file, read_manifest
from .site import EDITIONS_SCRIPT, LANDING, NOT_FOUND, landing_page, missing_page, read_script, script_text, site_entries
from .snapshot import SNAPSHOT
from .verify import differing_files, edition_folders

Say = Callable[[str], None]
_STAGING = ".staging-"
_MOST = 12


@dataclass(frozen=True)
class Published:
    """Where an edition stands in the site, and whether this run put it there."""

    folder: Path
    new: bool
    rebuilt: bool = False


def records_folder(project: Project) -> Path:
    """Return the folder of the committed manifests of published editions."""
    return project.editions / "published"


def publish(project: Project, edition: Edition, site: Path, *, rebuilt: bool = False, say: Say = print) -> Published:
    """Add the working build of an edition to a site and return where it stands.

    An equal edition in the site is left as it is. Raises CheckFailed, naming the files, when the site or the committed
    record holds the edition with other content, when the published folder was edited, or when another publish runs; and
    when the disk is full or the site cannot be written. With `rebuilt`, a build that differs from the committed record
    may still enter a site that does not have the edition; the site marks it, and the record stays.
    """
    build = project.built(edition.id)
    manifest = _working_manifest(project, edition, build)
    # The first lock keeps a build from replacing what is copied.
    with _clear_errors(site), building(project, say), locked(_made(site), say):
        manifest = _working_manifest(project, edition, build)
        _remove_leftovers(site, say)
        target = site / edition.id
        new = not target.exists()
        differs = _record_differences(project, edition.id, manifest)
        if not new:
            _refuse_other_content(target, manifest)
            say(f"  {edition.id} is in the site already, and equal")
        elif differs and not rebuilt:
            raise CheckFailed(_refusal(edition.id, "the committed record", differs) + _REBUILT)
        else:
            _stage(build, target, manifest)
        _refresh(project, site, {})
        if not differs:
            _write_record(project, edition.id, site)
        return Published(target, new=new, rebuilt=bool(differs))


def add_erratum(project: Project, edition_id: str, site: Path, text: str, date: str = "", say: Say = print) -> None:
    """Add a notice to a published edition through the shared list of editions; not a byte of the edition changes."""
    if not text.strip():
        raise InputError(Problem("--erratum", "no text", "one sentence for the reader"))
    if found := text_fault(text):
        raise InputError(Problem("--erratum", found, TEXT_EXPECTED, "Type it again, in UTF-8."))
    erratum = {"text": text.strip(), **({"date": date} if date else {})}
    with _clear_errors(site), locked(_made(site), say):
        if not (site / edition_id / MANIFEST).is_file():
            expected = "an edition of this site: " + ", ".join(p.name for p in edition_folders(site))
            raise InputError(Problem(str(site), f"no {edition_id}", expected, "Publish it first."))
        _refresh(project, site, {edition_id: [erratum]})


def refresh_site(project: Project, site: Path) -> None:
    """Write the landing page and the list of editions anew from the editions that stand in the site."""
    with _clear_errors(site), locked(_made(site), lambda _: None):
        _refresh(project, site, {})


def _working_manifest(project: Project, edition: Edition, build: Path) -> dict[str, Any]:
    """Return the manifest of a finished, unedited working build with a PDF."""
    manifest = read_manifest(build)
    again = f"Run decisionbook build --edition {edition.id}"
    if manifest is None:
        raise InputError(Problem(project.shown(build), "no build", f"a build of {edition.id}", again))
    if not manifest.get("pdf"):
        raise InputError(Problem(project.shown(build), "a build without PDF", "pages and PDF", f"{again} without --no-pdf."))
    edited = differing_files(build, manifest["files"])
    if edited:
        raise CheckFailed(f"The working build {project.shown(build)} was edited by hand:\n{_listed(edited)}\n{again} --force.")
    return manifest


def _made(site: Path) -> Path:
    site.mkdir(parents=True, exist_ok=True)
    return site


@contextlib.contextmanager
def _clear_errors(site: Path) -> Any:
    """Say in one sentence what stopped the writing: a full disk, a folder that cannot be written."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        where = error.filename or site
        raise CheckFailed(
            f"Cannot publish to {site}: {reason} ({where}). What was published before is whole; "
            "once there is room and permission, run publish again."
        ) from error


def _remove_leftovers(site: Path, say: Say) -> None:
    for path in sorted([*site.glob(f"{_STAGING}*"), *site.glob(".*.new")]):
        say(f"  removing {path.name}, left by an interrupted run")
        steps.remove(path)


def _record_differences(project: Project, edition_id: str, manifest: Mapping[str, Any]) -> list[str]:
    """Return how a build differs from the committed manifest; nothing when the edition was never published."""
    path = records_folder(project) / f"{edition_id}.json"
    if not path.is_file():
        return []
    try:
        recorded = json.loads(path.read_text(encoding="utf-8"))["files"]
    except (ValueError, KeyError) as error:
        raise InputError(Problem(project.shown(path), str(error), "a manifest in JSON", "Restore the file.")) from error
    return _differences(recorded, manifest["files"])


def _differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    lines = [f"added    {name}" for name in sorted(new.keys() - old.keys())]
    lines += [f"missing  {name}" for name in sorted(old.keys() - new.keys())]
    return lines + [f"changed  {name}" for name in sorted(old.keys() & new.keys()) if old[name] != new[name]]


def _refuse_other_content(target: Path, manifest: Mapping[str, Any]) -> None:
    published = read_manifest(target)
    name = target.name
    restore = f"Restore it: unpack {name}.zip and put its folder {name} in the place of this one."
    if published is None:
        raise CheckFailed(
            f"{target} exists but has no readable {MANIFEST}: it is no published edition, or it was edited. {restore}"
        )
    edited = differing_files(target, published["files"])
    if edited:
        raise CheckFailed(f"The published edition {name} was edited by hand:\n{_listed(edited)}\n{restore}")
    differs = _differences(published["files"], manifest["files"])
    if differs:
        raise CheckFailed(_refusal(name, str(target), differs))


_REBUILT = (
    "\nTo have the edition in a site of your own nevertheless, marked as rebuilt, use --rebuilt; "
    "the published original is in its ZIP."
)


def _refusal(edition_id: str, where: str, differs: list[str]) -> str:
    return (
        f"{edition_id} is published, and a published edition never changes. This build differs from {where} "
        f"in {counted(len(differs), 'file')}:\n{_listed(differs)}\n"
        f"Publish it under a new id: decisionbook new-edition NEW_ID --from {edition_id}. "
        f"To warn the readers of {edition_id}: decisionbook publish {edition_id} --erratum TEXT."
    )


def _listed(lines: list[str]) -> str:
    more = [f"  … and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
    return "\n".join([*(f"  {line}" for line in lines[:_MOST]), *more])


def _stage(build: Path, target: Path, manifest: Mapping[str, Any]) -> None:
    """Copy everything beside its place, then rename: ZIP and checksum first, the edition last, in one step."""
    site, name = target.parent, target.name
    staging = site / f"{_STAGING}{name}"
    try:
        for file, digest in [*manifest["files"].items(), (MANIFEST, hash_file(build / MANIFEST))]:
            steps.copy(build / file, staging / file, digest)
        archive = archive_bytes(staging, manifest)
        for file, content in ((f"{name}.zip", archive), (f"{name}.zip.sha256", checksum_line(f"{name}.zip", archive))):
            steps.write(site / f"{_STAGING}{file}", content)
        for file in (f"{name}.zip", f"{name}.zip.sha256"):
            steps.rename(site / f"{_STAGING}{file}", site / file)
        steps.rename(staging, target)
    except BaseException:
        # A full disk must not stay full of half an edition.
        for path in site.glob(f"{_STAGING}*"):
            with contextlib.suppress(OSError):
                steps.remove(path)
        raise


def _refresh(project: Project, site: Path, added: Mapping[str, list[dict[str, str]]]) -> None:
    """Write the list of editions and the landing page from what stands in the site, each in one step."""
    manifests = [m for m in (read_manifest(path) for path in edition_folders(site)) if m is not None]
    if not manifests:
        return
    script = site / EDITIONS_SCRIPT
    before = {entry["id"]: entry for entry in (read_script(script) or {"editions": []})["editions"]}
    record = records_folder(project) / "errata.json"
    committed = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    errata: dict[str, list[dict[str, str]]] = {}
    for manifest in manifests:
        name = manifest["edition"]
        every = [*committed.get(name, []), *before.get(name, {}).get("errata", []), *added.get(name, [])]
        errata[name] = [e for i, e in enumerate(every) if e not in every[:i]]
    rebuilt = [m["edition"] for m in manifests if _is_rebuilt(project, m, before)]
    entries = site_entries(manifests, errata, rebuilt)
    steps.replace(script, script_text(entries).encode("utf-8"))
    steps.replace(site / NOT_FOUND, missing_page(entries).encode("utf-8"))
    steps.replace(site / LANDING, landing_page(entries).encode("utf-8"))
    kept = {name: listed for name, listed in {**committed, **errata}.items() if listed}
    if kept != committed:
        steps.replace(record, (json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode("utf-8"))


def _is_rebuilt(project: Project, manifest: Mapping[str, Any], before: Mapping[str, Mapping[str, Any]]) -> bool:
    name = manifest["edition"]
    if (records_folder(project) / f"{name}.json").is_file():
        return bool(_record_differences(project, name, manifest))
    return bool(before.get(name, {}).get("rebuilt"))


def _write_record(project: Project, edition_id: str, site: Path) -> None:
    """Commit-to-be: the manifest of the published edition, and the snapshot with which a later one is compared."""
    record = records_folder(project) / f"{edition_id}.json"
    if not record.is_file():
        steps.replace(record_path(project, edition_id), (site / edition_id / SNAPSHOT).read_bytes())
        steps.replace(record, (site / edition_id / MANIFEST).read_bytes())
