"""Reconciliation: what follows for each printed figure, what may have gone wrong, and how well the check sees it."""

from .verdicts import (
    VERDICTS,
    Answer,
    Reconciled,
    as_json,
    count_verdicts,
    link_findings,
    reconcile,
    verdict_of,
    write_reconciliation,
)

__all__ = [
    "VERDICTS",
    "Answer",
    "Reconciled",
    "as_json",
    "count_verdicts",
    "link_findings",
    "reconcile",
    "verdict_of",
    "write_reconciliation",
]
