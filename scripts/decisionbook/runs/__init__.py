"""Runs: typed parameters, and the execution of a notebook by papermill. Floors above take nbformat from here."""

import sys

_GRAMMARS = "rfc3987_syntax"

# nbformat validates with jsonschema, which takes the grammars of one format when they are installed (JupyterLab brings
# them) and compiles them for more than a second at each start of a command, a worker and a fork server. Notebooks do not
# have that format, and jsonschema does without by its own design.
_hidden = _GRAMMARS not in sys.modules
if _hidden:
    sys.modules[_GRAMMARS] = None  # type: ignore[assignment]  # what the import system takes for: not there
try:
    import nbformat
finally:
    if _hidden:
        del sys.modules[_GRAMMARS]

__all__ = ["nbformat"]
