"""What is printed: text of other people's files must not drive the terminal that shows it."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from typing import IO, Any

#: Control characters but tab and line end (an escape sequence moves the cursor, renames the window, hides a line), direction
#: overrides (a line reads otherwise than it is) and lone surrogates (no terminal's encoding holds them).
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    r"""Return a text with `\u001b` in the place of what would drive a terminal; in JSON that is the same character."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class _Shown:
    """A text stream of which only what is written is made visible."""

    def __init__(self, stream: IO[str]) -> None:
        # An encoding that cannot hold Chinese, as of a pipe on an older system, must not end the command.
        if getattr(stream, "errors", "") in ("strict", "surrogateescape") and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
        self._stream = stream
        self._closed = False

    def write(self, text: str) -> int:
        # `decisionbook build … | head` closes the pipe early: what is left to say goes nowhere, and the work goes on.
        if not self._closed:
            try:
                self._stream.write(visible(text))
            except BrokenPipeError:
                self._close()
        return len(text)

    def flush(self) -> None:
        if not self._closed:
            try:
                self._stream.flush()
            except BrokenPipeError:
                self._close()

    def _close(self) -> None:
        self._closed = True
        # Else the interpreter tells at its end that it could not flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def safe_streams() -> Iterator[None]:
    """Make everything that a command prints visible, its errors too."""
    streams: list[Any] = [_Shown(sys.stdout), _Shown(sys.stderr)]
    with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
        try:
            yield
        finally:
            for stream in streams:
                stream.flush()
