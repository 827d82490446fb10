"""Shell completion: the script for a shell, written by shtab, and the words of a project that it asks for as one types."""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections.abc import Iterable, Mapping

from ..errors import InputError, Problem, one_of
from ..project import Project

SHELLS = ("bash", "zsh", "tcsh")
KINDS = ("chapters", "editions", "tables", "sources", "areas", "indicators", "parameters", "values")
# What an argument takes is what its help screen calls it.
_BY_METAVAR = {
    "CHAPTER": "chapters", "EDITION": "editions", "ID": "editions", "OLD": "editions", "NEW": "editions", "TABLE": "tables",
    "TABLE=FILE": "tables", "SOURCE": "sources", "AREA": "areas", "INDICATOR": "indicators", "NAME=VALUE": "parameters",
    "NAME=A,B,…": "parameters",
}  # fmt: skip
_PLAIN = re.compile(r"[\w.+%·、（）-]+")
_COLUMNS = {"sources": ("sources", "source_id"), "areas": ("areas", "name_zh"), "indicators": ("observations", "indicator")}

# shtab's own function knows nothing of NAME=VALUE: bash parts it at the sign, and a space after the sign would be wrong.
_BASH_WRAPPER = """
_decisionbook_complete() {
  local word="${COMP_WORDS[COMP_CWORD]}" name="" chapter="" line=""
  [[ "$word" == "=" ]] && { name="${COMP_WORDS[COMP_CWORD-1]}"; word=""; }
  [[ "${COMP_WORDS[COMP_CWORD-1]}" == "=" ]] && name="${COMP_WORDS[COMP_CWORD-2]}"
  chapter="$(_decisionbook_chapter)"
  if [[ -n "$name" && -n "$chapter" && "${COMP_LINE:0:COMP_POINT}" =~ (-p|--grid)\\ [^-]*$ ]]; then
    COMPREPLY=()
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(
      "${COMP_WORDS[0]}" completion --words values --of "$chapter.$name" 2>/dev/null | _decisionbook_match "$word")
    [[ ${#COMPREPLY[@]} = 0 ]] || return 0
  fi
  _shtab_decisionbook "$@"
  [[ "${COMPREPLY[0]-}" == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -o bashdefault -F _decisionbook_complete decisionbook
"""
# Not `compgen -W`, which would expand what stands in a word.
_BASH_HELPERS = """
_decisionbook_match() {
  local found
  while IFS= read -r found; do [[ "$found" == "$1"* ]] && printf '%s\\n' "$found"; done
}
_decisionbook_chapter() {
  local i
  for ((i = 1; i < COMP_CWORD - 1; i++)); do
    case "${COMP_WORDS[i]}" in run|sweep|params) echo "${COMP_WORDS[i+1]}"; return;; esac
  done
}
"""


def script(parser: argparse.ArgumentParser, shell: str) -> str:
    """Return the completion script of a shell; what a project holds is asked for when a key is pressed, not stored."""
    import shtab

    used = sorted(set(_BY_METAVAR.values()))
    for action in _actions(parser):
        words = str(action.metavar or "")
        if kind := _BY_METAVAR.get(words):
            _set_completer(action, {"bash": f"_decisionbook_{kind}", "zsh": f"_decisionbook_{kind}", "tcsh": _tcsh(kind)})
        elif words in ("DIR", "FILE"):
            _set_completer(action, shtab.DIRECTORY if words == "DIR" else shtab.FILE)
    preamble = ""
    if shell == "bash":
        preamble = _BASH_HELPERS + "".join(_bash(kind) for kind in used)
    elif shell == "zsh":
        preamble = "".join(_zsh(kind) for kind in used)
    text = str(shtab.complete(parser, shell, preamble=preamble))
    return text + "\n" + (_BASH_WRAPPER if shell == "bash" else "")


def words(project: Project, kind: str, of: str = "") -> list[str]:
    """Return the words of a kind in a project, in its order; `of` names the chapter, or the chapter.parameter.

    Words that a shell would read as more than a word are left out: they end on a command line.
    """
    return [word for word in _words(project, kind, of) if _PLAIN.fullmatch(word)]


def _words(project: Project, kind: str, of: str) -> list[str]:
    # Reads as little as it can: a shell waits for it at every key.
    if kind == "chapters":
        return sorted(path.stem for path in project.notebooks.glob("*.yml"))
    if kind == "editions":
        return sorted(path.stem for path in project.editions.glob("*.yml"))
    if kind == "tables":
        return [r["name"] for r in json.loads(project.datapackage.read_text(encoding="utf-8"))["resources"]]
    if kind in _COLUMNS:
        table, column = _COLUMNS[kind]
        with (project.data / f"{table}.csv").open(encoding="utf-8", newline="") as handle:
            return list(dict.fromkeys(row[column] for row in csv.DictReader(handle)))
    if kind not in KINDS:
        raise InputError(Problem("--words", repr(kind), one_of(KINDS)))
    from ..data.declarations import load_chapter

    chapter, _, name = of.partition(".")
    parameters = load_chapter(project, chapter).parameters
    if kind == "parameters":
        return list(parameters)
    parameter = parameters.get(name)
    if parameter is None:
        return []
    if parameter.type == "area":
        return _words(project, "areas", "")
    return ["true", "false"] if parameter.type == "boolean" else [str(choice) for choice in parameter.choices]


def _set_completer(action: argparse.Action, completer: Mapping[str, object]) -> None:
    # shtab looks for this attribute, which argparse does not know of.
    vars(action)["complete"] = completer


def _actions(parser: argparse.ArgumentParser) -> Iterable[argparse.Action]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _actions(command)


def _bash(kind: str) -> str:
    of, sign = (' --of "$(_decisionbook_chapter)"', " | sed 's/$/=/'") if kind == "parameters" else ("", "")
    asked = f'"${{COMP_WORDS[0]}}" completion --words {kind}{of} 2>/dev/null{sign}'
    return f'_decisionbook_{kind}() {{\n  {asked} | _decisionbook_match "$1"\n}}\n'


def _zsh(kind: str) -> str:
    of, sign = (' --of "$words[3]"', "-S = -q ") if kind == "parameters" else ("", "")
    asked = f"$words[1] completion --words {kind}{of} 2>/dev/null"
    return f'_decisionbook_{kind}() {{\n  local -a found\n  found=("${{(@f)$({asked})}}")\n  compadd {sign}-a found\n}}\n'


def _tcsh(kind: str) -> str:
    return "" if kind == "parameters" else f"`decisionbook completion --words {kind}`"
