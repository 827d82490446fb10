"""Where links lead: one Typst label for each thing of the assembled book that can be pointed at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from docutils import nodes


class Targets:
    """Labels of the documents that are printed together.

    A link to a document that is not among them has no label, and prints as its text alone. Several ids of one
    node share the label of the first. A label that no writer printed (its node has no printed form) is anchored
    at the start of its document, so that Typst always finds it.
    """

    def __init__(self, doctrees: Mapping[str, nodes.document]) -> None:
        self._labels: dict[tuple[str, str], str] = {}
        self._documents: dict[str, str] = {}
        self._used: dict[str, None] = {}
        self._printed: set[str] = set()
        for docname, doctree in doctrees.items():
            self._labels[docname, ""] = f"{docname}#"
            chapter = next(iter(doctree.findall(nodes.section)), None)
            for node in doctree.findall(nodes.Element):
                ids = node.get("ids", [])
                first = "" if node is chapter else ids[0] if ids else ""
                for name in ids:
                    self._labels[docname, name] = f"{docname}#{first}"
                    self._documents.setdefault(name, docname)

    def label(self, docname: str, target: str) -> str | None:
        """Return the label of an id (empty: the document itself), and note that something links there."""
        found = self._labels.get((docname, target))
        if found is not None:
            self._used[found] = None
        return found

    def anywhere(self, target: str) -> str | None:
        """Return the label of an id that only one of the documents has, and note that something links there."""
        found = self._documents.get(target)
        return self.label(found, target) if found else None

    def of(self, docname: str, node: nodes.Element) -> str | None:
        """Return the label to print at `node`, once; None when it has no id or was printed before."""
        ids = node.get("ids", [])
        found = self._labels.get((docname, ids[0])) if ids else None
        return found if found and self.print(found) else None

    def print(self, label: str) -> bool:
        """Note that `label` stands on the page; False when it already does."""
        if label in self._printed:
            return False
        self._printed.add(label)
        return True

    def missing(self, docname: str) -> Iterable[str]:
        """Return the labels of a document that are linked to and were never printed, in order of first use."""
        return [label for label in self._used if label.startswith(f"{docname}#") and label not in self._printed]
