"""Formulas as MathML: browsers draw it themselves, so no script, no font and no remote MathJax is needed."""

from __future__ import annotations

from docutils import nodes
from docutils.utils.math import latex2mathml
from sphinx.application import Sphinx
from sphinx.locale import _
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

LOGGER = logging.getLogger(__name__)


def setup(app: Sphinx) -> None:
    """Register the renderer under the name `mathml` (`html_math_renderer: mathml`)."""
    app.add_html_math_renderer("mathml", (_visit_inline, None), (_visit_block, None))


def mathml(tex: str, *, block: bool, location: nodes.Node | None = None) -> str:
    r"""Return MathML for a TeX formula; what docutils cannot read is shown as TeX, with a warning.

    `\ln(q_N/q_R)` gives `<math …><mi>ln</mi>…</math>`; `block` sets it in display style.
    """
    try:
        return str(latex2mathml.tex2mathml(tex.strip(), as_block=block))
    except (SyntaxError, ValueError, KeyError) as error:
        LOGGER.warning("formula %r: %s", tex, error, location=location, type="decisionbook", subtype="math")
        return str(nodes.Text(tex)).replace("&", "&amp;").replace("<", "&lt;")


def _visit_inline(self: HTML5Translator, node: nodes.math) -> None:
    self.body.append(self.starttag(node, "span", "", CLASS="math"))
    self.body.append(mathml(node.astext(), block=False, location=node) + "</span>")
    raise nodes.SkipNode


def _visit_block(self: HTML5Translator, node: nodes.math_block) -> None:
    self.body.append(self.starttag(node, "div", CLASS="math"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, _("Link to this equation"))
        self.body.append("</span>")
    self.body.append(mathml(node.astext(), block=True, location=node) + "</div>\n")
    raise nodes.SkipNode
