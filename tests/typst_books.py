"""Tiny books for the tests of the printed book: built by Sphinx, compiled by Typst, read back as PDF."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from decisionbook.render.typst.compile import CompileReport, compile_pdf

EDITION = {
    "id": "2024.09",
    "title": "决策参考·可复算版",
    "label": "2024.09 回溯重建版",
    "as_of": "2024-09-30",
    "compiled": "2025-11-20",
    "imprint": ["文字以 CC BY 4.0 许可发布。"],
    "citation": "《决策参考·可复算版》，2024.09。",
}
CONF = """
project = '决策参考·可复算版'
language = 'zh_CN'
extensions = [{extensions}]
myst_enable_extensions = ['deflist', 'colon_fence', 'dollarmath', 'attrs_inline']
numfig = True
numfig_format = {{'figure': '图 %s', 'table': '表 %s'}}
exclude_patterns = ['out']
# Named, because another book built before in the same process may have registered other parsers.
source_suffix = {{'.md': 'markdown'}}
"""
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="60" viewBox="0 0 300 60">'
    '<rect x="60" y="20" width="120" height="14" fill="#B23A2E"/>'
    '<text x="10" y="32" font-family="Noto Sans SC" font-size="13">广西</text></svg>'
)


@dataclass
class Built:
    """What one build left: its folders, its warnings, and the PDF when it was compiled."""

    out: Path
    warnings: str
    pdf: Path
    report: CompileReport | None = None

    @property
    def source(self) -> str:
        return "".join(path.read_text(encoding="utf-8") for path in sorted((self.out / "docs").iterdir()))

    def text(self, first: int | None = None, last: int | None = None) -> str:
        pages = [] if first is None else ["-f", str(first), "-l", str(last or first)]
        return subprocess.run(["pdftotext", "-layout", *pages, self.pdf, "-"], capture_output=True, check=True).stdout.decode()

    def flat(self) -> str:
        """The text without any white space, so that line ends and spacing between scripts do not matter."""
        return "".join(self.text().split())


def build(
    folder: Path,
    pages: dict[str, str],
    *,
    compiled: bool = True,
    extensions: tuple[str, ...] = ("myst_parser",),
    prepare: Callable[[Sphinx], None] | None = None,
    **config: object,
) -> Built:
    """Build a book from pages (the root is `index`) and compile it."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [repr(name) for name in (*extensions, "decisionbook.render.nodes", "decisionbook.render.typst")]
    (folder / "conf.py").write_text(CONF.format(extensions=", ".join(names)), encoding="utf-8")
    for name, text in pages.items():
        path = folder / (name if "." in name else f"{name}.md")
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
    warnings = io.StringIO()
    with patch_docutils(), docutils_namespace():
        app = Sphinx(
            str(folder), str(folder), str(folder / "out"), str(folder / "doctrees"), "typst",
            confoverrides={"decisionbook_edition": EDITION, "nitpicky": True, **config}, status=io.StringIO(), warning=warnings,
        )  # fmt: skip
        if prepare is not None:
            prepare(app)
        app.build()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", warnings.getvalue())
    built = Built(folder / "out", plain, folder / "book.pdf")
    if compiled:
        built.report = compile_pdf(built.out / "book.typ", built.pdf, root=built.out)
    return built


def toctree(*names: str, caption: str = "") -> str:
    head = f":caption: {caption}\n" if caption else ""
    return f"\n```{{toctree}}\n{head}\n" + "\n".join(names) + "\n```\n"


def picture(name: str, alt: str = "广西低于全国。", caption: str = "收入之比") -> str:
    return f"```{{figure}} chart.svg\n:name: {name}\n:alt: {alt}\n\n{caption}\n```\n"


def list_table(name: str, caption: str, heads: list[str], rows: list[list[str]]) -> str:
    def row(cells: list[str]) -> str:
        return "* - " + "\n  - ".join(cells)

    body = "\n".join(map(row, [heads, *rows]))
    return f"````{{list-table}} {caption}\n:name: {name}\n:header-rows: 1\n\n{body}\n````\n"
