"""Ask pip-audit for known vulnerabilities of what requirements.lock pins, and say plainly how many it could look up.

Exit codes: 0 all were looked up and none is known to be vulnerable, 1 some are, 3 the database could not be reached or does not
know all of them. pip-audit itself ends with 0 when an index has no such data: an audit of nothing would look like a clean one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CLEAN, VULNERABLE, UNREACHED = 0, 1, 3
COMMAND = ("-m", "pip_audit", "--requirement", str(ROOT / "requirements.lock"), "--disable-pip", "--require-hashes",
           "--format", "json", "--progress-spinner", "off")  # fmt: skip


def verdict(answer: str, complaint: str) -> tuple[int, str]:
    """Return the exit code and what to say, from what pip-audit wrote to its two streams."""
    try:
        listed: list[dict[str, Any]] = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (complaint.strip().splitlines() or ["no answer"])[-1]
        return UNREACHED, f"NOT AUDITED: pip-audit could not reach its database ({last[:200]}). Run it where there is a network."
    missed = [d for d in listed if "skip_reason" in d]
    found = [(d, v) for d in listed for v in d.get("vulns", [])]
    lines = [
        f"{d['name']} {d['version']}: {v['id']}; mended in {', '.join(v.get('fix_versions', [])) or 'no release'}"
        for d, v in found
    ]
    lines.append(f"{len(listed) - len(missed)} of {len(listed)} packages looked up, {len(found)} known vulnerabilities")
    if missed:
        why = missed[0]["skip_reason"]
        lines.append(f"NOT AUDITED: {len(missed)} packages, the database does not know them or was not reached ({why}).")
    return VULNERABLE if found else UNREACHED if missed or not listed else CLEAN, "\n".join(lines)


if __name__ == "__main__":
    done = subprocess.run([sys.executable, *COMMAND], capture_output=True, text=True, check=False)
    code, said = verdict(done.stdout, done.stderr)
    print(said)
    sys.exit(code)
