"""`python -m tests.soak`: long trials of faults and loads, with a report and the table in the docs."""

from __future__ import annotations

import sys

from .command import main

if __name__ == "__main__":
    sys.exit(main())
