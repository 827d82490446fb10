"""Glued findings: a number in prose, its verdict mark, and the key findings at the head of a chapter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from docutils import nodes
from myst_nb.ext.glue.roles import PasteTextRole
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

from ..data.intervals import round_half_up
from .book_data import VERDICT_GLYPHS, VERDICT_WORDS, quote

LOGGER = logging.getLogger(__name__)
_DIGITS = re.compile(r"(?:\.(\d+)([f%])|d)$")


# docutils names its nodes in lower case.
class finding_number(nodes.inline):
    """A glued value: `finding` is its name, `unit` its unit; it has `evidence` or has none."""


class evidence_mark(nodes.inline):
    """The mark of a verdict: `figures` that it judges, `label` in words, and, behind a glued value, its `key` and `number`."""


class FindingRole(PasteTextRole):
    """`{glue:text}`: as in MyST-NB, but for every page from the recorded findings, with their verdicts.

    MyST-NB resolves a key of another page only when the page is written, and does not see when its value changes;
    here all findings exist before Sphinx starts, and each page notes which it quotes.
    """

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        key, _, format_spec = self.text.partition(":") if "::" not in self.text else _split_foreign(self.text)
        env = self.document.settings.env
        document, _, name = key.rpartition("::")
        finding_name = f"{document or env.docname}.{name}"
        finding = quote(env, f"finding:{finding_name}")
        if finding is None:
            message = f"no finding {finding_name!r} was recorded [decisionbook.finding]"
            LOGGER.warning(message, type="decisionbook", subtype="finding", location=(env.docname, self.line))
            return [], []
        try:
            text = format_finding(finding["value"], format_spec)
        except ValueError as error:
            message = f"finding {finding_name!r}, format {format_spec!r}: {error} [decisionbook.format]"
            LOGGER.warning(message, type="decisionbook", subtype="format", location=(env.docname, self.line))
            return [], []
        node = finding_number(text, text, classes=["finding"])
        node["finding"] = finding_name
        node["unit"] = finding["unit"]
        node["evidence"] = has_evidence(finding)
        self.set_source_info(node)
        return [node, *verdict_marks(finding, finding_name, text)], []


def _split_foreign(text: str) -> tuple[str, str, str]:
    document, _, rest = text.partition("::")
    name, sign, format_spec = rest.partition(":")
    return f"{document}::{name}", sign, format_spec


def format_finding(value: Any, format_spec: str) -> str:
    """Return a finding as text: a missing or textual value as it is, a number by a Python format specification.

    Rounded half up on its decimals, as charts and verdicts are: 0.125 with .2f gives 0.13.
    """
    if isinstance(value, str) or not format_spec:
        return str(value)
    if match := _DIGITS.search(format_spec):
        precision = 10.0 ** -(int(match[1] or 0) + (2 if match[2] == "%" else 0))
        # Rounding looks at twelve digits: a number that shows more is printed as it is.
        if abs(value) < precision * 1e11:
            value = round_half_up(float(value), precision)
    text = format(int(value) if format_spec.endswith("d") else float(value), format_spec)
    # A typographic minus is as wide as a plus, and does not break from its number at a line's end.
    return text.replace("-", "−")


def has_evidence(finding: Mapping[str, Any]) -> bool:
    """Return whether there is something to show behind a value: a name or a word is only that, unless it was printed."""
    value = finding["value"]
    return bool(finding["answers"]) or (isinstance(value, int | float) and not isinstance(value, bool))


def verdict_marks(finding: Mapping[str, Any], name: str = "", number: str = "") -> list[nodes.Node]:
    """Return the marks of the figures that a finding answers: one for each verdict, none when it answers none.

    `name` is `chapter.finding` and `number` the text that the marks follow; both go into the marks.
    """
    verdicts = list(dict.fromkeys(row["verdict"] for row in finding["answers"]))
    marks: list[nodes.Node] = []
    for verdict in verdicts:
        ids = [row["figure_id"] for row in finding["answers"] if row["verdict"] == verdict]
        mark = verdict_mark(verdict, ids)
        mark["key"], mark["number"] = name, number
        marks.append(mark)
    return marks


def verdict_mark(verdict: str, figure_ids: list[str]) -> evidence_mark:
    """Return the inline mark of a verdict; `figure_ids` name the figures that it judges, none for a mark that only counts."""
    glyph = VERDICT_GLYPHS[verdict]
    mark = evidence_mark(glyph, glyph, classes=["evidence", verdict])
    mark["figures"] = figure_ids
    mark["label"] = VERDICT_WORDS[verdict]
    return mark


# Words that count or measure, where they stand behind a number; the longer ones first.
_MEASURE = re.compile(
    r"(?:个百分点|平方米|[万亿](?:元|个|户|人|座)|人次|[元个项条家座倍件份户次类处套所名%])(?:/[\u4e00-\u9fff]{1,4})?"
)


def _measure_at(text: str) -> str:
    found = _MEASURE.match(text)
    return found[0] if found else ""


class MarksAfterUnits(SphinxPostTransform):
    """Move a verdict mark behind the unit that the prose writes after the number: 425 亿元□, not 425□ 亿元."""

    default_priority = 390

    def run(self, **kwargs: Any) -> None:
        for number in list(self.document.findall(finding_number)):
            parent, unit = number.parent, number["unit"]
            position = parent.index(number) + 1
            marks = []
            while position < len(parent) and isinstance(parent[position], evidence_mark):
                marks.append(parent[position])
                position += 1
            following = parent[position] if position < len(parent) else None
            if not marks or not isinstance(following, nodes.Text):
                continue
            text = following.astext()
            lead = len(text) - len(text.lstrip())
            # The prose may count in another word than the finding's unit: 8 项 of a number whose unit is 个.
            written = unit if unit and text[lead:].startswith(unit) else _measure_at(text[lead:])
            if lead <= 1 and written:
                for mark in marks:
                    parent.remove(mark)
                cut = lead + len(written)
                index = parent.index(following)
                parent[index : index + 1] = [nodes.Text(text[:cut]), *marks, nodes.Text(text[cut:])]


_HAN = "[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]"


class NoSpacesBetweenCharacters(SphinxPostTransform):
    """Take out the spaces that prose writes around a number where the number turned out to be Chinese words: 是 缺，见 表 5."""

    default_priority = 392

    def run(self, **kwargs: Any) -> None:
        for text in list(self.document.findall(nodes.Text)):
            if isinstance(text.parent, nodes.literal | nodes.literal_block | nodes.raw):
                continue
            words, position = text.astext(), text.parent.index(text)
            before = text.parent[position - 1].astext() if position else ""
            after = text.parent[position + 1].astext() if position + 1 < len(text.parent) else ""
            if re.search(f"{_HAN} $", words) and re.match(_HAN, after):
                words = words[:-1]
            if re.match(f" {_HAN}", words) and re.search(f"{_HAN}$", before):
                words = words[1:]
            if words != text.astext():
                text.parent.replace(text, nodes.Text(words))


class KeyFindings(SphinxPostTransform):
    """Give the definition list under 要点 and its 翻转点 the classes that page and PDF lay out."""

    default_priority = 400

    def run(self, **kwargs: Any) -> None:
        for section in self.document.findall(nodes.section):
            title = section.next_node(nodes.title)
            if title is None or title.astext() != "要点":
                continue
            section["classes"].append("key-findings-section")
            for definitions in section.findall(nodes.definition_list):
                definitions["classes"].append("key-findings")
                for paragraph in definitions.findall(nodes.paragraph):
                    if paragraph.astext().startswith("翻转点"):
                        paragraph["classes"].append("flip")
