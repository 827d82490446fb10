"""The variables that a run inherits: those that Python, its libraries, fonts and Jupyter need, and no others.

What is not named here stays with the person who started the run: tokens, cloud keys, addresses of proxies with a
password in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_ALLOWED = re.compile(
    r"PATH|HOME|USER|LOGNAME|USERNAME|LANG|LANGUAGE|LC_\w+|TZ|TZDIR|TMPDIR|TEMP|TMP"
    # Windows starts no process without these.
    r"|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT|APPDATA|LOCALAPPDATA|USERPROFILE|PROGRAMDATA"
    r"|PYTHON\w*|VIRTUAL_ENV|CONDA_PREFIX|LD_\w+|DYLD_\w+|PYDEVD_\w+|\w+_NUM_THREADS|OPENBLAS_\w+|OMP_\w+|MKL_\w+"
    r"|JUPYTER_(?:PATH|DATA_DIR|CONFIG_DIR|CONFIG_PATH|RUNTIME_DIR|PLATFORM_DIRS|PREFER_ENV_PATH)|IPYTHONDIR|JPY_PARENT_PID"
    r"|XDG_(?:CACHE|CONFIG|DATA|STATE|RUNTIME)_\w+|FONTCONFIG_\w+|DECISIONBOOK_\w+",
    re.IGNORECASE,
)
_SECRET = re.compile(r"TOKEN|SECRET|PASSW|CREDENTIAL|API_?KEY|ACCESS_?KEY", re.IGNORECASE)


def inherited(environment: Mapping[str, str], named: Iterable[str] = ()) -> dict[str, str]:
    """Return the variables that a run inherits of an environment; `named` are those that its chapter asks for."""
    asked = set(named)
    return {
        name: value
        for name, value in environment.items()
        if name in asked or (_ALLOWED.fullmatch(name) and not _SECRET.search(name))
    }
