"""`python -m decisionbook`: the command line where no `decisionbook` is on the path."""

import sys

from .cli import main

sys.exit(main())
