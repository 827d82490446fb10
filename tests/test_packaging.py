"""What another machine needs: the lock, the conda environment, the wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

from .conftest import ROOT


def normal(requirement: str) -> tuple[str, str]:
    match = re.match(r"([A-Za-z0-9_.-]+)(.*)", requirement.strip())
    assert match
    return match[1].lower().replace("_", "-"), match[2].replace(" ", "")


def declared() -> dict[str, str]:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*content["dependencies"], *(r for extra in content["optional-dependencies"].values() for r in extra)]
    return dict(normal(r) for r in wanted)


def test_environment_yml_equals_pyproject() -> None:
    content = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    flat = [d for d in content["dependencies"] if isinstance(d, str)]
    pip = next(d["pip"] for d in content["dependencies"] if isinstance(d, dict))
    assert "-e ." in pip
    found = dict(normal(r) for r in [*flat, *pip] if r not in ("-e .", "pip"))
    python = found.pop("python")
    assert python == tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"].replace(
        " ", ""
    )
    assert found == declared()


def test_the_lock_names_versions_and_hashes_but_no_address() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"https?:|--index|--find-links|--extra-index", text)
    pinned = re.findall(r"(?m)^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^ \\;]+)", text)
    assert declared().keys() <= {name.lower().replace("_", "-") for name, _ in pinned}
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", text)[1:]
    assert all("--hash=sha256:" in block for block in blocks)
    versions = {name.lower(): version for name, version in pinned}
    assert versions["jupyter-book"].startswith("1."), "the resolver silently falls back to 0.6.5 or goes to 2"


@pytest.mark.slow
def test_the_wheel_works_in_a_clean_environment(tmp_path: Path) -> None:
    """Only the wheel and its dependencies: no source folder on the path, commands find the project by --project."""
    # From a copy: setuptools leaves its build folder in the tree and would put what is stale there into the next wheel.
    source = tmp_path / "source"
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        source.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    leftovers = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "scripts", source / "scripts", ignore=leftovers)
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(tmp_path),
        str(source),
    ]
    subprocess.run(build, check=True, cwd=tmp_path)
    wheel = next(tmp_path.glob("*.whl"))
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("decisionbook/")}
    package = ROOT / "scripts"
    ours = {
        p.relative_to(package).as_posix()
        for p in (package / "decisionbook").rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }
    assert packed == ours, "every file of the package is in the wheel, templates and styles too"
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(tmp_path / "venv"), "platbase": str(tmp_path / "venv")}))
    unpack = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(wheel)]
    subprocess.run(unpack, check=True)
    # The dependencies are those of this environment; the editable install of this checkout must not be seen.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    code = (
        "import sys; sys.meta_path = [f for f in sys.meta_path if 'editable' not in type(f).__module__ + getattr(f, '__name__', '')]\n"  # noqa: E501
        "import decisionbook, pathlib; assert 'venv' in str(pathlib.Path(decisionbook.__file__)), decisionbook.__file__\n"
        "from decisionbook.render.typst import compile; assert list(pathlib.Path(compile.__file__).parent.glob('*.typ'))\n"
        "from decisionbook.cli import main; sys.exit(main(['--project', sys.argv[1], 'check']))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    line = [str(python), "-c", code, str(ROOT)]
    done = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    assert "data: valid" in done.stdout
