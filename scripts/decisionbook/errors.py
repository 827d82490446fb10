"""What can go wrong, said so that the reader can mend it: file, row, column, found, expected, remedy."""

from __future__ import annotations

import difflib
import errno
import os
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass

EXIT_OK, EXIT_CHECK_FAILED, EXIT_WRONG_INPUT = 0, 1, 2


# What a user can mend on this machine, by the system's number for it.
_ROOM = "Make room on the disk of the project and of the temporary files."
_PERMISSION = "Have it made readable and writable, or name another folder with -o or --site."
_FILES = "Close other programs, or raise the limit of open files."
_SYSTEM_FAULTS = {
    errno.ENOSPC: _ROOM,
    errno.EFBIG: _ROOM,
    getattr(errno, "EDQUOT", errno.ENOSPC): _ROOM,
    errno.EACCES: _PERMISSION,
    errno.EPERM: _PERMISSION,
    errno.EROFS: _PERMISSION,
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.EIO: "The disk cannot be read or written; have it checked.",
}


@dataclass(frozen=True)
class Problem:
    """One fault in the input, complete enough to be mended without reading code."""

    file: str
    found: str
    expected: str
    remedy: str = ""
    row: int | None = None
    column: str = ""
    # What `column` names: a column of a table, or a parameter where there is no table.
    kind: str = "column"

    def __str__(self) -> str:
        place = self.file
        if self.row is not None:
            place += f", row {self.row}"
        if self.column:
            place += f", {self.kind} {self.column}"
        text = f"{place}: found {self.found}; expected {self.expected}"
        return f"{text}. {self.remedy}" if self.remedy else f"{text}."

    def as_row(self) -> dict[str, object]:
        """Return the problem as one row of a table of failures."""
        return asdict(self)


class DecisionBookError(Exception):
    """Base of every error that a user should read without a traceback."""

    exit_code = EXIT_WRONG_INPUT


class InputError(DecisionBookError):
    """Wrong input: data, parameters, editions or command line."""

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems = [problems] if isinstance(problems, Problem) else list(problems)
        super().__init__("\n".join(str(p) for p in self.problems))


class CheckFailed(DecisionBookError):
    """The input is well formed, but a check of its content failed."""

    exit_code = EXIT_CHECK_FAILED


class RunFailed(DecisionBookError):
    """A notebook cell failed while a chapter ran."""

    exit_code = EXIT_CHECK_FAILED


def system_fault(error: OSError) -> str | None:
    """Return in words what keeps this machine from writing: no room, no permission, too many files; None for another fault."""
    number, where = error.errno or 0, error.filename
    if isinstance(error, shutil.Error) and error.args and error.args[0]:
        # A folder that could not be copied whole: a list of files, each with its reason as text.
        _, where, reason = error.args[0][0]
        number = next((known for known in _SYSTEM_FAULTS if os.strerror(known) in str(reason)), 0)
    remedy = _SYSTEM_FAULTS.get(number)
    if remedy is None:
        return None
    place = f" ({where})" if where else ""
    return f"{os.strerror(number)}{place}. What was there before is untouched. {remedy} Then start the command again."


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """Return `Did you mean "x"?` for the closest candidate, or an empty string when none is near."""
    close = difflib.get_close_matches(word, [c for c in candidates if c], n=1, cutoff=0.5)
    return f'Did you mean "{close[0]}"?' if close else ""


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: "1 chapter", "2 chapters"; `plural` where the noun takes more than an s."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def one_of(values: Iterable[str], most: int = 12) -> str:
    """Return a readable list of allowed values, cut after `most` of them."""
    ordered = list(values)
    text = ", ".join(ordered[:most])
    return f"{text}, … ({len(ordered)} in all)" if len(ordered) > most else text
