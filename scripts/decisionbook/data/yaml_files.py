"""YAML files that people write: read strictly, for YAML itself lets a second key of one name win without a word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from ..errors import InputError, Problem
from .text import no_file

_INT, _FLOAT, _MERGE = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:merge")
_PLAIN = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")


def read_yaml(path: Path, shown: str) -> Any:
    """Return the content of a YAML file, None when there is none.

    Raises InputError for what is no YAML in UTF-8, with the line of every key that comes twice, and of every number that
    YAML reads as another one: 1_0 as 10, 010 as 8, 1:30 as 90.
    """
    if not path.is_file():
        raise InputError(replace(no_file(path, "a YAML file"), file=shown))
    try:
        loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
        try:
            node = loader.get_single_node()
            problems = list(_faults(node, shown, set()))
            content = loader.construct_document(node) if node is not None and not problems else None
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError) as error:
        # ValueError: bytes that are no UTF-8, a 31 September.
        found = str(error).replace("\n", " ")
        remedy = "Save the file as UTF-8." if isinstance(error, UnicodeDecodeError) else ""
        raise InputError(Problem(shown, found, "YAML in UTF-8, with dates that exist", remedy)) from error
    if problems:
        raise InputError(problems)
    return content


def _faults(node: Any, shown: str, seen: set[int]) -> Iterator[Problem]:
    """Yield what YAML would read and its writer did not mean, in the order of the lines; an alias is looked at once."""
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        first: dict[tuple[str, str], int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            name = (key.tag, key.value) if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE else None
            if name is not None and name in first:
                found = f"the key {key.value!r} in line {first[name]} and again in line {line}"
                yield Problem(shown, found, "each key once", "Remove one of the two.")
            elif name is not None:
                first[name] = line
            yield from _faults(value, shown, seen)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _faults(value, shown, seen)
    elif (node.tag == _INT and not _PLAIN.fullmatch(node.value)) or (node.tag == _FLOAT and set(node.value) & set("_:")):
        found, remedy = f"{node.value} in line {node.start_mark.line + 1}", "Put text in quotes; a number has no _ or : in it."
        yield Problem(shown, found, "a number in plain digits, without zeros before it", remedy)
