"""Parameters from the command line and from files, typed by the chapter's declaration before a kernel starts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from ..data.declarations import Chapter, Parameter
from ..data.package import Package
from ..errors import InputError, Problem, did_you_mean, one_of

_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


def collect(chapter: Chapter, package: Package, assignments: Iterable[str], file: Path | None) -> dict[str, Any]:
    """Return the checked parameters that differ from the defaults: those of `file`, overridden by `name=value` words.

    Raises InputError with every fault at once.
    """
    values: dict[str, Any] = dict(_from_file(file)) if file else {}
    problems: list[Problem] = []
    for word in assignments:
        name, sign, text = word.partition("=")
        if not sign:
            problems.append(Problem("-p", repr(word), "name=value"))
        elif name not in chapter.parameters:
            near = did_you_mean(name, chapter.parameters)
            problems.append(Problem("-p", f"an unknown parameter {name!r}", f"one of {one_of(chapter.parameters)}", near))
        else:
            try:
                values[name] = convert(chapter.parameters[name], text)
            except ValueError as error:
                problems.append(Problem("-p", repr(text), str(error), column=name, kind="parameter"))
    if problems:
        raise InputError(problems)
    chapter.check(values, package.areas_by_name(), where=str(file) if file and not list(assignments) else "-p")
    return values


def convert(parameter: Parameter, text: str) -> Any:
    """Return the text of a command-line value as the parameter's type; raises ValueError saying what is expected."""
    if parameter.nullable and text.lower() in ("", "none", "null"):
        return None
    if parameter.type == "boolean":
        if text.lower() not in _TRUE + _FALSE:
            raise ValueError("true or false")
        return text.lower() in _TRUE
    if parameter.type in ("integer", "number"):
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise ValueError("a whole number" if parameter.type == "integer" else "a number")
        return int(number) if parameter.type == "integer" and number == int(number) else number
    return text


def _from_file(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        raise InputError(Problem(str(path), "no such file", "a YAML file of parameters"))
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(Problem(str(path), str(error).replace("\n", " "), "YAML in UTF-8")) from error
    if not isinstance(content, dict):
        found = "nothing" if content is None else f"{str(content)[:40]!r}"
        raise InputError(Problem(str(path), found, "one `name: value` a line", "Mind the blank after the colon."))
    return content
