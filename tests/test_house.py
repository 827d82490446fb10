"""The house rules that a machine can hold: hooks, docstrings, file names, links, the workflow, the ways in."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml

import decisionbook
from decisionbook.runs.normalise import normalise_files, normalised

from . import links
from .conftest import ROOT

PACKAGE = Path(decisionbook.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
HOOKS = {
    hook["id"]: hook
    for hook in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
}
TEXT = (".py", ".md", ".yml", ".yaml", ".toml", ".csv", ".json", ".ipynb", ".css", ".js", ".html", ".typ", ".txt", ".cff", "")
# What a clone does not hold, or what tools leave in it.
UNTRACKED = {"_build", "build", "dist", "node_modules", "__pycache__"}


def tracked() -> list[Path]:
    """Return the project's files as git lists them, those of colleagues in progress included; without git by folder."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
        found = [Path(name) for name in names if name]
    except (OSError, subprocess.CalledProcessError):
        found = [p.relative_to(ROOT) for p in ROOT.rglob("*") if p.is_file()]
    hidden = (".venv", ".git", ".hypothesis")
    return [
        p for p in found
        if (ROOT / p).is_file() and p.parts[0] not in hidden
        and not any(part in UNTRACKED or part.endswith(("_cache", ".egg-info")) for part in p.parts)
    ]  # fmt: skip


def files_for(hook: dict[str, Any]) -> list[str]:
    """Return the files that pre-commit would hand to a hook."""
    if not hook.get("pass_filenames", True):
        return []
    python = "python" in hook.get("types_or", [])
    wanted = (p for p in tracked() if p.suffix == ".py") if python else (p for p in tracked() if p.suffix in TEXT)
    names = [p.as_posix() for p in wanted]
    return [n for n in names if re.search(hook.get("files", ""), n) and not re.search(hook.get("exclude", "^$"), n)]


def run_hook(name: str, *files: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    words = HOOKS[name]["entry"].split()
    assert words[:2] == ["python", "-m"], "a hook runs wherever the environment's Python does, on Windows too"
    return subprocess.run([sys.executable, *words[1:], *files], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", [n for n in HOOKS if n != "notebooks"])
def test_a_hook_passes_on_the_whole_project(name: str) -> None:
    done = run_hook(name, *files_for(HOOKS[name]))
    assert done.returncode == 0, done.stdout + done.stderr


def test_hooks_need_no_network() -> None:
    content = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repo["repo"] for repo in content["repos"]] == ["local"]
    assert {hook["language"] for hook in HOOKS.values()} == {"system"}


def test_committed_notebooks_are_normal() -> None:
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    said: list[str] = []
    assert normalise_files(notebooks, True, said.append) == 0, said


def test_the_normaliser_drops_run_metadata_and_keeps_outputs(tmp_path: Path) -> None:
    original = ROOT / "notebooks" / "carbon_market.ipynb"
    clean = original.read_text(encoding="utf-8")
    path = tmp_path / "chapter.ipynb"
    notebook = nbformat.reads(clean, as_version=4)
    notebook.metadata["papermill"] = {"start_time": "now"}
    notebook.metadata["language_info"]["version"] = "3.11.99"
    for cell in notebook.cells:
        cell.metadata |= {"execution": {"iopub.execute_input": "now"}, "scrolled": True}
        if cell.cell_type == "code":
            cell.execution_count += 30
    used = nbformat.writes(notebook)
    path.write_text(used, encoding="utf-8")
    said: list[str] = []
    assert normalise_files([path], True, said.append) == 1
    assert path.read_text(encoding="utf-8") == used, "--check changes nothing"
    assert run_hook("notebooks", str(path)).returncode == 0
    assert path.read_text(encoding="utf-8") == normalised(original) == clean
    assert any(cell.get("outputs") for cell in notebook.cells)


def test_codespell_sees_a_misspelling(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    # Written in two halves, so that the check of this file does not find it.
    page.write_text("The anal" + "syis of a chapter.\n", encoding="utf-8")
    assert run_hook("codespell", str(page)).returncode != 0


def test_the_link_check_sees_broken_files_and_anchors(tmp_path: Path) -> None:
    for name in ("docs", "book", "notebooks"):
        (tmp_path / name).mkdir()
    (tmp_path / "README.md").write_text(
        "# One title\n\n## Same\n\n## Same\n\n[a](docs/a.md) [b](docs/a.md#the-head) [c](#same-1) [d](#one-title) [e](#label)\n"
        "[web](https://example.org/none) ![p](docs/none.png) [f](docs/none.md) [g](docs/a.md#none) [h](#none)\n",
        encoding="utf-8",
    )
    (tmp_path / "docs" / "a.md").write_text("(label)=\n\n## The head\n", encoding="utf-8")
    faults = links.broken_links(tmp_path)
    assert [fault.split(";")[0] for fault in faults] == [
        "README.md: the link docs/none.png leads to no file",
        "README.md: the link docs/none.md leads to no file",
        "README.md: a.md has no heading or label 'none'",
        "README.md: README.md has no heading or label 'none'",
    ]


def public_functions(path: Path) -> Iterator[tuple[str, str | None]]:
    """Return name and docstring of what a module offers; hooks of a base class and one-line properties are left out."""

    def walk(body: list[ast.stmt], inside: str, derived: bool) -> Iterator[tuple[str, str | None]]:
        for node in body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield node.name, ast.get_docstring(node)
                yield from walk(node.body, f"{node.name}.", bool(node.bases))
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                hook = derived and ast.get_docstring(node) is None
                plain = any("property" in ast.unparse(d) for d in node.decorator_list) and len(node.body) == 1
                if not hook and not plain:
                    yield inside + node.name, ast.get_docstring(node)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")).body, "", False)


def docstring_fault(text: str | None) -> str:
    """Return what is wrong with a docstring, an empty text when it follows the style."""
    if not text:
        return "no docstring"
    first, *rest = text.split("\n")
    if not first.endswith((".", ":")):
        return "its first line is not a sentence"
    if rest and rest[0]:
        return "no empty line after the first"
    return "it begins with `This`" if first.startswith("This ") else ""


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_what_is_public_says_what_it_returns(path: Path) -> None:
    content = path.read_text(encoding="utf-8")
    assert not content.strip() or ast.get_docstring(ast.parse(content)), "the module has no docstring"
    assert [(name, fault) for name, text in public_functions(path) if (fault := docstring_fault(text))] == []


@pytest.mark.parametrize(
    "text", [None, "", "Return the sum", "Return a sum\nof two.", "This function returns a sum."], ids=lambda t: repr(t)
)
def test_the_docstring_rule_sees_a_fault(text: str | None) -> None:
    assert docstring_fault(text)


def test_nothing_public_is_left_unused() -> None:
    """What only its own test calls is dead: a name must stand a second time in the package, a notebook or pyproject.toml."""
    sources = [*MODULES, *(ROOT / "notebooks").glob("*.ipynb"), *PACKAGE.rglob("*.md"), ROOT / "pyproject.toml"]
    counts = Counter(word for path in sources for word in re.findall(r"\w+", path.read_text(encoding="utf-8")))
    unused = []
    for path in MODULES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.decorator_list
            if named and counts[node.name] < 2:
                unused.append(f"{path.relative_to(PACKAGE).as_posix()}: {node.name}")
    assert unused == []


def test_file_names_are_valid_on_windows() -> None:
    names = [p.as_posix() for p in tracked()]
    devices = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?$")
    assert [n for n in names for part in n.split("/") if devices.match(part) or re.search(r'[<>:"\\|?*]|[. ]$', part)] == []
    folded: dict[str, set[str]] = {}
    for name in names:
        for end in range(len(name.split("/"))):
            place = "/".join(name.split("/")[: end + 1])
            folded.setdefault(place.casefold(), set()).add(place)
    assert [places for places in folded.values() if len(places) > 1] == [], "two names that differ only in case"
    assert [n for n in names if len(n) > 140] == [], "with a user's folder before it, a path has 260 characters at most"


def test_the_package_calls_no_shell() -> None:
    """What a shell understands differs between systems; programs are started with a list of words."""
    found = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                shell = any(
                    k.arg == "shell" and not (isinstance(k.value, ast.Constant) and k.value.value is False) for k in node.keywords
                )
                if shell or called in ("os.system", "os.popen", "subprocess.getoutput"):
                    found.append(f"{path.name}:{node.lineno} {called}")
    assert found == []


def workflow() -> dict[str, Any]:
    content = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))
    # YAML reads `on` as true.
    return {("on" if key is True else key): value for key, value in content.items()}


def test_the_workflow_runs_make_test_with_read_only_rights() -> None:
    content = workflow()
    assert content["permissions"] == {"contents": "read"}
    assert set(content["on"]) == {"push", "pull_request"}, "pull_request_target would hand our token to a stranger's code"
    (job,) = content["jobs"].values()
    assert "permissions" not in job
    assert {"run": "make test"} in job["steps"]
    assert job["timeout-minutes"] <= 60


def test_the_workflow_pins_what_it_uses_by_commit() -> None:
    text = (ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8")
    used = re.findall(r"uses: (\S+)(.*)", text)
    assert used
    for action, comment in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), f"{action}: say which release the commit is"


def test_the_workflow_keys_its_cache_on_the_lock_and_its_python_on_pyproject() -> None:
    (job,) = workflow()["jobs"].values()
    (cache,) = [step for step in job["steps"] if step.get("uses", "").startswith("actions/cache@")]
    assert "hashFiles('requirements.lock')" in cache["with"]["key"]
    assert "restore-keys" not in cache["with"]
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    version = re.fullmatch(r"python:(\d+\.\d+)-bookworm", job["container"])
    assert version
    assert version[1] == content["tool"]["mypy"]["python_version"]
    assert f"python{version[1]}" in cache["with"]["key"]
    assert f">={version[1]}" in content["project"]["requires-python"], (
        "the oldest Python that we promise is the one that is tried"
    )


def test_every_step_of_the_workflow_says_which_failure_it_prevents() -> None:
    lines = (ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8").splitlines()
    steps = [n for n, line in enumerate(lines) if re.match(r"      - \w", line)]
    assert len(steps) == len(next(iter(workflow()["jobs"].values()))["steps"])
    assert [lines[n] for n in steps if not lines[n - 1].strip().startswith("#")] == []


def test_no_expression_stands_inside_a_script() -> None:
    """`run: echo ${{ … }}` would run whatever the expression holds."""
    (job,) = workflow()["jobs"].values()
    assert [step["run"] for step in job["steps"] if "${{" in step.get("run", "")] == []


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_make_shows_the_commands_that_matter_and_all_on_request() -> None:
    short = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    whole = subprocess.run(["make", "help-all"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    targets = re.findall(r"(?m)^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"))
    shown, everything = ([m[1] for m in map(re.compile(r"  make (\S+)").match, lines) if m] for lines in (short, whole))
    assert len(shown) == 10
    assert {"book", "test", "lab", "check"} <= set(shown)
    assert set(everything) == set(targets)


def test_every_make_target_has_a_way_without_make() -> None:
    """CONTRIBUTING.md lists them for Windows; a target that is added there must be added here."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text[text.index("## Without make") :].split("\n## ")[0]
    listed = set(re.findall(r"(?m)^\| `make ([a-z-]+)`", table))
    assert listed == set(re.findall(r"(?m)^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"))) - {
        "help",
        "help-all",
    }
