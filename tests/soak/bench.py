"""The small book on a bench: a published site, and what each of its variants is when nothing disturbs a build."""

from __future__ import annotations

import functools
import shutil
from pathlib import Path

import nbformat

from decisionbook.cli import main
from decisionbook.editions.definition import find_edition
from decisionbook.project import Project
from decisionbook.runs.cache import RunCache

from . import child, smallbook
from .child import Ended, digest

# Where the first bench is kept, of which the others are copies; without it each is built anew.
template: Path | None = None


@functools.cache
def _template() -> Bench:
    assert template is not None
    return Bench(template)


def silent(_: str) -> None:
    pass


class Bench:
    """A small book with a published site, and what its two variants look like when nothing disturbs them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = Project(folder / "p")
        self.target = self.project.build / "book" / smallbook.EDITION
        self.temp = folder / "t"
        self.variant = "A"
        self.seconds: list[float] = []
        self.steps = 0
        self.whole: dict[str, str] = {}
        self.site = ""
        if template is None or folder == template:
            self._make()
        else:
            made = _template()
            shutil.copytree(made.project.root, self.project.root)
            self.seconds, self.steps, self.whole, self.site = list(made.seconds), made.steps, dict(made.whole), made.site

    def _make(self) -> None:
        """Build both variants from nothing, A last, and publish A."""
        smallbook.small_project(self.project.root)
        with child.private_temp(self.temp):
            for variant in ("B", "A"):
                shutil.rmtree(self.project.build, ignore_errors=True)
                smallbook.switch(self.project, variant)
                self.steps = self._must("build").steps
                self.whole[variant] = digest(self.target)
            self._must("publish")
            self.site = digest(self.project.site)

    def _must(self, word: str) -> Ended:
        ended = self.build() if word == "build" else self.command(word)
        if ended.code:
            raise RuntimeError(f"an undisturbed {word} ended with {ended.code}: {ended.said}")
        return ended

    def command(self, *words: str, **how: object) -> Ended:
        """Run a command of the book in a process of its own."""
        arguments = ["--project", str(self.project.root), *words]
        return child.run(lambda: main(arguments), folder=self.folder / "out", **how)  # type: ignore[arg-type]

    def build(self, **how: object) -> Ended:
        ended = self.command("build", **how)
        if ended.code == 0:
            self.seconds.append(ended.seconds)
        return ended

    def turn(self) -> None:
        """Change the book's data: the next build has something to do."""
        self.variant = "B" if self.variant == "A" else "A"
        smallbook.switch(self.project, self.variant)

    def cached(self) -> set[str]:
        """Return the chapters of which the cache has the result that the next build needs."""
        context = find_edition(self.project, smallbook.EDITION).context(self.project)
        cache = RunCache(context, say=silent)
        notebooks = {name: nbformat.read(self.project.notebook(name), as_version=4) for name in smallbook.CHAPTERS}
        return {name for name, notebook in notebooks.items() if cache.find(cache.key(name, notebook, {}), notebook) is not None}

    def check_site(self) -> list[str]:
        return [] if digest(self.project.site) == self.site else ["the published site is another"]

    def check_standing(self, before: str) -> list[str]:
        """Return what is wrong with the working build after a kill: it is wholly the last one or wholly the new one."""
        now = digest(self.target)
        return [] if now in (self.whole[before], self.whole[self.variant]) else [f"the last good build is {now[:12]}"]

    def check_next_build(self) -> list[str]:
        """Build again and return what is wrong: it succeeds, is what an undisturbed build is, and runs nothing twice."""
        done = self.cached()
        ended = self.build()
        if ended.code != 0:
            return [f"the next build ended with {ended.code}: {ended.said[-600:]}"]
        losses = [] if digest(self.target) == self.whole[self.variant] else ["the next build is another than an undisturbed one"]
        for name in done:
            again = [line for line in ended.said.splitlines() if f"] {name}:" in line and "cached" not in line]
            losses += [f"{name} was run again: {line.strip()}" for line in again]
        if "Traceback" in ended.said:
            losses.append(f"a traceback in the next build: {ended.said[-300:]}")
        return losses + child.orphans() + child.leftovers(self.project.build) + child.temp_left(self.temp)
