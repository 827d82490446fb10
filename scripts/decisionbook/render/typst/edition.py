"""What the cover, the imprint page and the running heads say, read from the Sphinx configuration."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sphinx.errors import ConfigError

from .escape import content, optional, string

#: Keys that `decisionbook_edition` may hold; all are optional.
KEYS = (
    "id", "title", "subtitle", "label", "as_of", "compiled", "imprint", "citation", "statement", "author", "keywords",
    "reconstruction", "facts", "draft",
)  # fmt: skip
STATEMENT = "本书是独立的复算：依据公开刊印的材料重新计算其中的数字，不是被复核材料编制单位的出版物，也不代表其观点。"


@dataclass(frozen=True)
class Edition:
    """One edition as it is printed; `date` is the date of the PDF, never taken from the clock."""

    title: str
    name: str
    running: str
    statement: str
    subtitle: str | None = None
    mark: str | None = None
    citation: str | None = None
    cite: str | None = None
    author: str = ""
    keywords: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    imprint: tuple[str, ...] = ()
    date: datetime.date | None = None

    def source(self) -> str:
        """Return the Typst dictionary that the page design reads."""
        facts = "".join(f"({content(name)}, {content(value)}), " for name, value in self.facts)
        date = self.date
        pairs = {
            "title": string(self.title),
            "subtitle": optional(self.subtitle),
            "name": string(self.name),
            "mark": optional(self.mark),
            "running": string(self.running),
            "statement": string(self.statement),
            "citation": optional(self.citation),
            "author": f"({string(self.author)},)" if self.author else "()",
            "keywords": "(" + "".join(string(word) + ", " for word in self.keywords) + ")",
            "date": f"datetime(year: {date.year}, month: {date.month}, day: {date.day})" if date else "none",
            "facts": f"({facts})",
            "imprint": "(" + "".join(content(line) + ", " for line in self.imprint) + ")",
        }
        return "(\n" + "".join(f"  {key}: {value},\n" for key, value in pairs.items()) + ")"


def read_edition(given: Mapping[str, Any], project: str) -> Edition:
    """Return the edition that a configuration describes; `project` is the title when it gives none.

    Raises ConfigError for an unknown key, a date that is not ISO 8601, or an `imprint` that is not a list of text.
    """
    if unknown := [key for key in given if key not in KEYS]:
        raise ConfigError(f"decisionbook_edition: unknown keys {unknown}; expected some of {', '.join(KEYS)}")
    title = str(given.get("title") or project)
    name = str(given.get("id") or "")
    label = str(given.get("label") or "").replace(name, "").strip() if name else str(given.get("label") or "")
    draft = "　送审稿" if given.get("draft") else ""
    imprint, citation = _texts(given, "imprint"), _text(given, "citation")
    as_of, compiled = _date(given, "as_of"), _date(given, "compiled")
    dates = (("数据截至", as_of), ("编制日期", compiled))
    return Edition(
        title=title,
        name=name,
        running=f"{title}　{name}".strip() + draft,
        statement=str(given.get("statement") or STATEMENT),
        subtitle=_text(given, "subtitle"),
        mark=f"{label}{draft}".strip() or None,
        citation=None if any(citation and citation in line for line in imprint) else citation,
        cite=citation,
        author=str(given.get("author") or ""),
        keywords=_texts(given, "keywords"),
        facts=(*_pairs(given), *((fact, chinese_date(day)) for fact, day in dates if day)),
        imprint=imprint,
        date=compiled or as_of,
    )


def chinese_date(day: datetime.date) -> str:
    """Return a date in Chinese: 2024-09-30 gives 2024年9月30日."""
    return f"{day.year}年{day.month}月{day.day}日"


def _text(given: Mapping[str, Any], key: str) -> str | None:
    return str(given[key]) if given.get(key) else None


def _texts(given: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = given.get(key) or ()
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ConfigError(f"decisionbook_edition: {key} is {value!r}; expected a list of texts")
    return tuple(str(item) for item in value)


def _pairs(given: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), str(value)) for name, value in given.get("facts") or ())


def _date(given: Mapping[str, Any], key: str) -> datetime.date | None:
    value = given.get(key)
    if not value:
        return None
    if isinstance(value, datetime.date):
        # A datetime is a date with a time, which the book never prints.
        return datetime.date(value.year, value.month, value.day)
    try:
        return datetime.date.fromisoformat(str(value))
    except ValueError as error:
        raise ConfigError(f"decisionbook_edition: {key} is {value!r}; expected a date such as 2024-09-30") from error
