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
_TIME = "tag:yaml.org,2002:timestamp"
_EXPECTED = "YAML in UTF-8"
_INDENT = "Indent what belongs together by the same number of blanks."
_COLON = "After a name stand a colon (:, not ：) and a blank; text with a colon in it stands in quotes."
_QUOTES = "Put text with such a character in quotes."
# What the parser says, in words for one who does not know its terms, and what to do; {} is a part of what it says.
_WORDS = (
    (r"expected ',' or '\]'", "a [ that is never closed", "Close it with ]."),
    (r"expected ',' or '\}'", "a { that is never closed", "Close it with }."),
    (r"found unexpected end of stream", "a quotation mark that is never closed", "Close it."),
    (r"mapping values are not allowed", "a colon where none can stand", f"{_COLON} {_INDENT}"),
    (r"could not find expected ':'", "a line without a colon", _COLON),
    (r"found character '\\t'", "a tab", "Put blanks in its place."),
    (r"found character ('.+?')", "the character {} at the beginning of a text", _QUOTES),
    (r"found undefined alias ('.+?')", "a * before {}, which nothing names with &", _QUOTES),
    (r"expected alphabetic", "a & or * without a name after it", _QUOTES),
    (r"found unknown escape character ('.+?')", "a \\ before {} in double quotes", "Double the \\, or use single quotes."),
    (r"but found another document", "a second document, after ---", "Remove the line ---."),
    (r"expected <block end>|sequence entries are not allowed", "a line or text that does not fit the lines above it", _INDENT),
    (r"but found '([\]}])'|expected the node content", "a sign that has no place there", _QUOTES),
    (r"expected '<document start>'", "text that belongs to nothing", _COLON),
    (r"constructor for the tag ('.+?')", "the tag {}", "Put text that begins with ! in quotes."),
    (r"found unhashable key", "a list as the name before a colon", "Put a name with such a character in quotes."),
    (r"second occurrence", "a name with & that came before", "Name it otherwise."),
)
_PLAIN = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")


def read_yaml(path: Path, shown: str) -> Any:
    """Return the content of a YAML file, None when there is none.

    Raises InputError for what is no YAML in UTF-8, with the line of every key that comes twice, and of every number that
    YAML reads as another one: 1_0 as 10, 010 as 8, 1:30 as 90.
    """
    if not path.is_file():
        raise InputError(replace(no_file(path, "a YAML file"), file=shown))
    text = ""
    try:
        text = path.read_text(encoding="utf-8")
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
            problems = list(_faults(node, shown, set()))
            content = loader.construct_document(node) if node is not None and not problems else None
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError) as error:
        # ValueError: bytes that are no UTF-8, a 31 September as a name.
        raise InputError(_told(error, text, shown)) from error
    if problems:
        raise InputError(problems)
    return content


def _told(error: Exception, text: str, shown: str) -> Problem:
    """Return what a parser says in plain words, with line and column."""
    if isinstance(error, UnicodeDecodeError):
        line = error.object[: error.start].count(b"\n") + 1
        found = f"byte 0x{error.object[error.start]:02x} in line {line}, which is no character"
        return Problem(shown, found, _EXPECTED, "Save the file as UTF-8.")
    if isinstance(error, yaml.reader.ReaderError):
        line = text[: error.position].count("\n") + 1
        return Problem(shown, f"the control character {chr(error.character)!a} in line {line}", _EXPECTED, "Remove it.")
    said = error.problem or "" if isinstance(error, yaml.MarkedYAMLError) else str(error)
    found, remedy = f"what YAML cannot read ({' '.join(said.split())})", ""
    for pattern, words, what_to_do in _WORDS:
        if match := re.search(pattern, said):
            found, remedy = words.replace("{}", match[1] or "") if match.groups() else words, what_to_do
            break
    if isinstance(error, yaml.MarkedYAMLError):
        # What is never closed is told where it begins.
        mark = error.context_mark if "never closed" in found else error.problem_mark
        found += f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return Problem(shown, found, _EXPECTED, remedy)


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
    elif node.tag == _TIME and not _exists(node):
        found, remedy = f"{node.value} in line {node.start_mark.line + 1}", "Correct it, or put text in quotes."
        yield Problem(shown, found, "a date that exists", remedy)
    elif (node.tag == _INT and not _PLAIN.fullmatch(node.value)) or (node.tag == _FLOAT and set(node.value) & set("_:")):
        found, remedy = f"{node.value} in line {node.start_mark.line + 1}", "Put text in quotes; a number has no _ or : in it."
        yield Problem(shown, found, "a number in plain digits, without zeros before it", remedy)


def _exists(node: Any) -> bool:
    try:
        yaml.constructor.SafeConstructor().construct_yaml_timestamp(node)
    except ValueError:
        return False
    return True
