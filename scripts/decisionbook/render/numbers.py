"""Numbered references to figures and tables, resolved from the environment's own numbers."""

from __future__ import annotations

from typing import Any

from sphinx import addnodes
from sphinx.domains.std import StandardDomain
from sphinx.transforms.post_transforms import SphinxPostTransform

_KINDS = ("figure", "table")


class NumberedReferences(SphinxPostTransform):
    """Resolve plain `{numref}` without reading the other page's doctree.

    Sphinx unpickles the whole doctree of the page that holds the target for each reference: half of the build's time
    here. The numbers themselves stand in the environment. What this leaves (explicit titles, unknown targets) is
    resolved, or warned about, by Sphinx as before.
    """

    # Just before Sphinx's own ReferencesResolver (10).
    default_priority = 9

    def run(self, **kwargs: Any) -> None:
        domain = self.env.get_domain("std")
        assert isinstance(domain, StandardDomain)
        for node in list(self.document.findall(addnodes.pending_xref)):
            if (node.get("refdomain"), node.get("reftype")) != ("std", "numref") or node.get("refexplicit"):
                continue
            page, label = domain.anonlabels.get(node["reftarget"], ("", ""))
            for kind in _KINDS:
                number = self.env.toc_fignumbers.get(page, {}).get(kind, {}).get(label)
                if number:
                    title = self.config.numfig_format[kind] % ".".join(map(str, number))
                    reference = domain.build_reference_node(
                        self.env.docname,
                        self.app.builder,
                        page,
                        label,
                        title,
                        "numref",
                        nodeclass=addnodes.number_reference,
                        title=title,
                    )
                    node.replace_self(reference)
                    break
