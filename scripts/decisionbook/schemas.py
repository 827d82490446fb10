"""jsonschema, without the grammars of one format that neither notebooks nor charts nor the Data Package have.

It takes them when they are installed (JupyterLab brings them) and compiles them for about a second at each start of a
command, a kernel, a worker and a fork server. It does without them by its own design. Whoever imports nbformat, altair
or frictionless imports this module first.
"""

import sys

_GRAMMARS = "rfc3987_syntax"

_hidden = not {"jsonschema", _GRAMMARS} & sys.modules.keys()
if _hidden:
    sys.modules[_GRAMMARS] = None  # type: ignore[assignment]  # what the import system takes for: not there
try:
    import jsonschema
finally:
    if _hidden:
        del sys.modules[_GRAMMARS]

__all__ = ["jsonschema"]
