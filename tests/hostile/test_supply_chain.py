"""What the project installs: every licence allowed or explained, nothing stale without a reason, an honest audit."""

from __future__ import annotations

import importlib.util
import json
from types import ModuleType

import pytest

from ..conftest import ROOT

pytest.importorskip("piplicenses", reason="pip-licenses is not installed: licences are not read")


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"ci_{name}", ROOT / ".ci" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LICENCES, AUDIT = tool("licences"), tool("audit")


@pytest.fixture(scope="module")
def installed() -> list[dict[str, str]]:
    return LICENCES.installed()


def unexplained(rows: list[dict[str, str]]) -> list[str]:
    return [
        r["name"] for r in rows if not LICENCES.names_of(r["licence"]) <= LICENCES.ALLOWED and r["name"] not in LICENCES.REASONS
    ]


def test_every_licence_is_allowed_or_has_a_reason(installed: list[dict[str, str]]) -> None:
    assert len(installed) > 150
    assert unexplained(installed) == []


def test_a_new_copyleft_package_would_be_seen() -> None:
    for licence in ("GPL-3.0-only", "GNU Affero General Public License v3", "LGPL-2.1", "UNKNOWN", "MIT AND GPL-2.0", ""):
        assert unexplained([{"name": "new", "licence": licence}]) == ["new"], licence
    assert unexplained([{"name": "new", "licence": "Apache Software License; MIT License"}]) == []


def test_no_runtime_package_is_under_the_gpl(installed: list[dict[str, str]]) -> None:
    needed = LICENCES.runtime()
    strong = {r["name"] for r in installed if "GPL" in r["licence"] and r["name"] in needed}
    assert strong <= {"docutils", "text-unidecode"}, "offered under another licence too, which is chosen"


def test_a_package_without_release_for_long_has_a_reason(installed: list[dict[str, str]]) -> None:
    old = {r["name"] for r in installed if LICENCES.is_old(LICENCES.builder(r["name"]))}
    assert old - set(LICENCES.STALE) == set()
    assert {"jupyter-book", "python-pptx", "pylopdf-fonts-zh-cn"} <= set(LICENCES.STALE)
    assert len(old) > 20, "the method finds the old ones"


def test_reasons_are_for_packages_of_the_lock() -> None:
    assert (set(LICENCES.REASONS) | set(LICENCES.STALE)) - LICENCES.locked() == set()


def test_the_report_is_the_one_that_the_command_writes(installed: list[dict[str, str]]) -> None:
    committed = LICENCES.TARGET.read_text(encoding="utf-8")
    assert [f"| {r['name']} |" in committed for r in installed].count(False) == 0
    # Another system or Python installs other packages of the lock: there only the names are compared.
    if committed.count("\n| ") == LICENCES.report().count("\n| "):
        assert LICENCES.report() == committed, "run make licences"


def test_an_audit_that_saw_nothing_says_so() -> None:
    code, said = AUDIT.verdict("", "ConnectionError: no route to host\n")
    assert code == AUDIT.UNREACHED
    assert "NOT AUDITED" in said
    assert "no route" in said
    skipped = json.dumps(
        {"dependencies": [{"name": "a", "version": "1", "skip_reason": "not found"}, {"name": "b", "version": "1", "vulns": []}]}
    )
    code, said = AUDIT.verdict(skipped, "")
    assert code == AUDIT.UNREACHED
    assert "1 of 2 packages" in said
    assert AUDIT.verdict('{"dependencies": []}', "")[0] == AUDIT.UNREACHED


def test_an_audit_tells_clean_from_vulnerable() -> None:
    clean = {"name": "a", "version": "1", "vulns": []}
    assert AUDIT.verdict(json.dumps({"dependencies": [clean]}), "") == (0, "1 of 1 packages looked up, 0 known vulnerabilities")
    bad = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
    code, said = AUDIT.verdict(json.dumps({"dependencies": [clean, bad]}), "")
    assert code == AUDIT.VULNERABLE
    assert "b 2: PYSEC-1; mended in 3" in said
