"""What a chapter declares once, beside its notebook: title, sources, and its parameters with their contract."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import InputError, Problem, did_you_mean, one_of
from ..project import Project
from .limits import Limits, parse_limits
from .periods import EXPECTED as A_PERIOD
from .periods import last_day
from .text import text_fault, text_problems
from .yaml_files import read_yaml

TYPES = ("area", "boolean", "choice", "integer", "number", "period", "string")
STATUSES = {"current": "现行", "pending": "待更新", "historical": "历史"}
CHAPTER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
PERIODS = "2022, 2022-S1, 2022-Q1, 2022-10, 2022-10-25 …"
AN_AREA = "a name (name_zh) in data/areas.csv"
_RULE = re.compile(r"^\s*(\w+)\s*(<=|<|!=)\s*(\w+)\s*$")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a chapter: its type, unit, default, limits and meaning in both languages."""

    name: str
    type: str
    default: Any
    meaning: str
    meaning_en: str = ""
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Any, ...] = ()
    nullable: bool = False
    # Without a value the data stand in for it, unless no source prints what it is.
    printed: bool = True

    @property
    def allowed(self) -> str:
        """The allowed values in words, for help screens and the book's parameter table."""
        parts = []
        if self.choices:
            parts.append(" / ".join(str(c) for c in self.choices))
        if self.minimum is not None or self.maximum is not None:
            low = "" if self.minimum is None else f"{self.minimum:.12g}"
            high = "" if self.maximum is None else f"{self.maximum:.12g}"
            parts.append(f"{low}–{high}")
        if self.type == "area":
            parts.append("areas.csv")
        if self.type == "period":
            parts.append(PERIODS)
        return "; ".join(parts)

    @property
    def _kind(self) -> str:
        return "a whole number" if self.type == "integer" else f"an {self.type}" if self.type == "area" else f"a {self.type}"

    @property
    def missing_words(self) -> str:
        """What stands in the book for a parameter without a value."""
        return "由数据给出" if self.printed else "来源未印，须自行给出"

    def fault(self, value: Any, areas: Mapping[str, str]) -> tuple[str, str] | None:
        """Return (expected, remedy) when `value` breaks the contract; `areas` maps names to codes."""
        if value is None:
            return None if self.nullable else (self._kind, "This parameter must have a value.")
        if self.type == "boolean":
            return None if isinstance(value, bool) else ("true or false", "")
        if self.type in ("integer", "number"):
            return self._number_fault(value)
        if not isinstance(value, str):
            return (f"{self._kind} as text", "Put it in quotes.")
        if found := text_fault(value):
            return (f"printable text, without {found}", "")
        if self.choices and value not in self.choices:
            return (one_of(map(str, self.choices)), did_you_mean(value, map(str, self.choices)))
        if self.type == "area" and value not in areas:
            return (AN_AREA, did_you_mean(value, areas))
        if self.type == "period":
            try:
                last_day(value)
            except ValueError:
                return (A_PERIOD, "")
        return None

    def _number_fault(self, value: Any) -> tuple[str, str] | None:
        # By comparison: math.isfinite fails on a whole number that is too long for a float.
        if isinstance(value, bool) or not isinstance(value, int | float) or not -math.inf < value < math.inf:
            return (self._kind, "")
        if self.type == "integer" and value != int(value):
            return ("a whole number", "")
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        if not low <= value <= high:
            unit = f" {self.unit}" if self.unit else ""
            return (f"{self.allowed}{unit}", "Stay within the range.")
        if self.choices and value not in self.choices:
            return (one_of(map(str, self.choices)), "")
        return None


@dataclass(frozen=True)
class Chapter:
    """The declaration of one chapter; `brief_chart` names the chart of its one-page brief, the first one if empty."""

    name: str
    title: str
    title_en: str
    part: str
    sources: tuple[str, ...]
    data_until: str
    status: str
    parameters: Mapping[str, Parameter]
    rules: tuple[str, ...] = ()
    status_note: str = ""
    tables: tuple[str, ...] = ()
    brief_chart: str = ""
    limits: Limits = field(default_factory=Limits)
    file: str = field(default="", compare=False)

    @property
    def defaults(self) -> dict[str, Any]:
        return {name: p.default for name, p in self.parameters.items()}

    def check(self, values: Mapping[str, Any], areas: Mapping[str, str], where: str = "") -> dict[str, Any]:
        """Return the defaults overridden by `values`; raises InputError with every fault at once."""
        place = where or f"parameters of {self.name}"
        problems = self.faults(values, areas, place)
        merged = {**self.defaults, **values}
        problems += [] if problems else [p for p in (self._rule_problem(r, merged, place) for r in self.rules) if p]
        if problems:
            raise InputError(problems)
        return merged

    def faults(self, values: Mapping[str, Any], areas: Mapping[str, str], place: str) -> list[Problem]:
        """Return what is wrong with each of the values by itself."""
        problems = []
        for name, value in values.items():
            if name not in self.parameters:
                near = did_you_mean(str(name), self.parameters)
                problems.append(Problem(place, f"an unknown parameter {name!r}", f"one of {one_of(self.parameters)}", near))
            elif fault := self.parameters[name].fault(value, areas):
                expected, remedy = fault
                problems.append(Problem(place, repr(value), expected, remedy, column=name, kind="parameter"))
        return problems

    def _rule_problem(self, rule: str, values: Mapping[str, Any], place: str) -> Problem | None:
        match = _RULE.match(rule)
        assert match is not None, "a declaration with another rule is not read"
        left, sign, right = match.groups()
        a, b = values[left], values[right]
        if a is None or b is None:
            return None
        # Of two periods the one that ends first comes first: 2022-S1 is before 2022-12, though S is after 1.
        x, y = (last_day(v) if self.parameters[n].type == "period" else v for n, v in ((left, a), (right, b)))
        holds = a != b if sign == "!=" else x < y or (sign == "<=" and x == y)
        return None if holds else Problem(place, f"{left} = {a!r}, {right} = {b!r}", rule, "Change one of the two.")


def load_chapter(project: Project, name: str) -> Chapter:
    """Return the declaration `notebooks/<name>.yml`; an unknown chapter is an InputError with the closest match."""
    known = chapter_names(project)
    if name not in known:
        raise InputError(Problem("notebooks", f"no chapter {name!r}", f"one of {one_of(known, 20)}", did_you_mean(name, known)))
    path = project.notebooks / f"{name}.yml"
    if not CHAPTER_NAME.fullmatch(name):
        # It is part of file names, addresses and labels.
        raise InputError(Problem("notebooks", f"a chapter {name!r}", "a name of letters, digits and underscores", "Rename it."))
    return parse_chapter(path, name, project.shown(path))


def chapter_names(project: Project) -> list[str]:
    """Return the chapters of the project in the order of their names."""
    return sorted(p.stem for p in project.notebooks.glob("*.yml"))


def parse_chapter(path: Path, name: str, shown: str) -> Chapter:
    """Return the chapter that a declaration file describes; raises InputError with every fault in it."""
    content = read_yaml(path, shown) or {}
    if not isinstance(content, dict):
        raise InputError(Problem(shown, f"a {type(content).__name__}", "keys and values, such as `title: …`"))
    if unfit := text_problems(content, shown):
        raise InputError(unfit)
    known = {"title", "title_en", "part", "sources", "data_until", "status", "status_note", "tables", "parameters", "rules"}
    known |= {"brief_chart", "limits"}
    problems = [
        Problem(shown, f"an unknown key {key!r}", one_of(sorted(known)), did_you_mean(str(key), known))
        for key in content
        if key not in known
    ]
    needed = ("title", "title_en", "part", "sources", "data_until", "status")
    problems += [Problem(shown, f"no {key}", "a value") for key in needed if key not in content]
    if content.get("status") not in STATUSES:
        problems.append(Problem(shown, f"status {content.get('status')!r}", one_of(STATUSES), column="status"))
    for key in ("sources", "tables", "rules"):
        if not isinstance(content.get(key, []), list):
            problems.append(Problem(shown, f"{key}: {content[key]!r}", "a list", f"Write {key}: [{content[key]}].", column=key))
    parameters: dict[str, Parameter] = {}
    declared = content.get("parameters") or {}
    if not isinstance(declared, dict):
        problems.append(Problem(shown, "parameters that are no mapping", "a name and its contract each", column="parameters"))
        declared = {}
    for key, entry in declared.items():
        if not isinstance(entry, dict):
            problems.append(Problem(shown, f"{key}: {entry!r}", "a contract: type, default, meaning", column="parameters"))
            continue
        allowed = set(Parameter.__dataclass_fields__) - {"name"}
        unknown = [k for k in entry if k not in allowed]
        problems += [
            Problem(shown, f"key {k!r} of parameter {key}", one_of(sorted(allowed)), did_you_mean(k, allowed)) for k in unknown
        ]
        if entry.get("type") not in TYPES:
            remedy = did_you_mean(str(entry.get("type")), TYPES)
            problems.append(Problem(shown, f"type {entry.get('type')!r}", one_of(TYPES), remedy, column=key))
        elif not unknown:
            entry = {"default": None, "meaning": "", **entry, "choices": tuple(entry.get("choices", ()))}
            parameters[key] = Parameter(name=key, **entry)
    limits, unfit = parse_limits(content.get("limits"), shown)
    problems += unfit
    for rule in [] if problems else content.get("rules", ()):
        match = _RULE.match(str(rule))
        named = (match[1], match[3]) if match else ()
        if match is None or not set(named) <= parameters.keys():
            near = next((did_you_mean(n, parameters) for n in named if n not in parameters), "")
            problems.append(Problem(shown, f"rule {rule!r}", "two parameters and a sign: `start < end`", near, column="rules"))
    if problems:
        raise InputError(problems)
    return Chapter(
        name=name,
        title=content["title"],
        title_en=content["title_en"],
        part=content["part"],
        sources=tuple(map(str, content["sources"])),
        data_until=str(content["data_until"]),
        status=content["status"],
        status_note=content.get("status_note", ""),
        tables=tuple(content.get("tables", ())),
        parameters=parameters,
        rules=tuple(content.get("rules", ())),
        brief_chart=str(content.get("brief_chart", "")),
        limits=limits,
        file=shown,
    )
