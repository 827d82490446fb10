"""Parameters from the command line and from files, typed by the chapter's declaration before a kernel starts."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..data.declarations import Chapter, Parameter
from ..data.package import Package
from ..data.text import number_in
from ..data.yaml_files import read_yaml
from ..errors import InputError, Problem, did_you_mean, one_of

_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


def collect(chapter: Chapter, package: Package, assignments: Iterable[str], file: Path | None) -> dict[str, Any]:
    """Return the checked parameters that differ from the defaults: those of `file`, overridden by `name=value` words.

    Raises InputError with every fault at once.
    """
    from_file = _from_file(file) if file else {}
    given: dict[str, Any] = {}
    words: dict[str, str] = {}
    wrong: set[str] = set()
    problems: list[Problem] = []
    for word in assignments:
        name, sign, text = word.partition("=")
        if not sign:
            problems.append(Problem("-p", repr(word), "name=value"))
        elif name not in chapter.parameters:
            near = did_you_mean(name, chapter.parameters)
            problems.append(Problem("-p", f"an unknown parameter {name!r}", f"one of {one_of(chapter.parameters)}", near))
        elif words.setdefault(name, text) != text:
            remedy = "Give it once; for several values at once there is `decisionbook sweep --grid`."
            problems.append(Problem("-p", f"{words[name]!r} and {text!r}", "one value", remedy, column=name, kind="parameter"))
        else:
            try:
                given[name] = convert(chapter.parameters[name], text)
            except ValueError as error:
                wrong.add(name)
                problems.append(Problem("-p", repr(text), str(error), column=name, kind="parameter"))
    areas = package.areas_by_name()
    left = {name: value for name, value in from_file.items() if name not in given.keys() | wrong}
    problems = [*chapter.faults(left, areas, str(file)), *problems, *chapter.faults(given, areas, "-p")]
    if problems:
        raise InputError(problems)
    # What only two values together break is the fault of both.
    chapter.check(left | given, areas, where=" and ".join([str(file)] * bool(left) + ["-p"] * bool(given)))
    return left | given


def convert(parameter: Parameter, text: str) -> Any:
    """Return the text of a command-line value as the parameter's type; raises ValueError saying what is expected."""
    if parameter.nullable and text.lower() in ("", "none", "null"):
        return None
    if parameter.type == "boolean":
        if text.lower() not in _TRUE + _FALSE:
            raise ValueError("true or false")
        return text.lower() in _TRUE
    if parameter.type in ("integer", "number"):
        number = number_in(text.strip().removesuffix("%") if parameter.unit == "%" else text)
        if number is None:
            without = " without %" if number_in(text.strip().removesuffix("%")) is not None else ""
            raise ValueError(f"a {'whole ' if parameter.type == 'integer' else ''}number{without}")
        return int(number) if parameter.type == "integer" and number == int(number) else number
    return text


def _from_file(path: Path) -> Mapping[str, Any]:
    content = read_yaml(path, str(path))
    if not isinstance(content, dict):
        found = "nothing" if content is None else f"{str(content)[:40]!r}"
        raise InputError(Problem(str(path), found, "one `name: value` a line", "Mind the blank after the colon."))
    # A date without quotes, which YAML gives as one, is what a period is written as.
    return {name: value.isoformat() if isinstance(value, datetime.date) else value for name, value in content.items()}
