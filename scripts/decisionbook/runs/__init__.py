"""Runs: typed parameters, and the execution of a notebook by papermill."""

import sys


def _import_jsonschema() -> None:
    """Import what nbformat validates with, but for the grammars of one format that notebooks do not have.

    jsonschema takes them when they are installed (JupyterLab brings them), and compiles them for more than a second at
    each start of a command, a worker and a fork server. It does without them by its own design.
    """
    grammars = "rfc3987_syntax"
    if "jsonschema" in sys.modules or grammars in sys.modules:
        return
    sys.modules[grammars] = None  # type: ignore[assignment]  # what the import system takes for: not there
    try:
        import jsonschema  # noqa: F401
    finally:
        del sys.modules[grammars]


_import_jsonschema()
