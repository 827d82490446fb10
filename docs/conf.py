"""The developer documentation, built by the same Sphinx as the book, without a network: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "Decision Reference Book"
extensions = ["myst_parser", "reference_pages"]
source_suffix = {".md": "markdown"}
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"description": "《决策参考·可复算版》", "fixed_sidebar": True, "page_width": "1080px"}
html_show_sphinx = html_show_copyright = False
# Links to files of the repository beside docs/ are no pages of this documentation; the offline link check sees them.
suppress_warnings = ["myst.xref_missing"]
