"""LaTeX mathematics, as far as the book uses it, to Typst mathematics.

A closed list of commands: whatever is not on it is printed as text and reported, never passed on as code.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .escape import string

_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|[0-9]+(?:\.[0-9]+)?|\s+|.", re.DOTALL)

#: Commands that Typst calls by the same name.
_SAME = """
    alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega
    Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega ln log exp min max lim sup inf arg det sin cos tan Pr
    sum product integral times div approx equiv in union sect quad forall exists partial nabla
"""
_NAMES = {name: name for name in _SAME.split()}
_NAMES |= {
    "varepsilon": "epsilon.alt", "prod": "product", "int": "integral", "cdot": "dot.op", "cdots": "dots.c",
    "ldots": "dots.h", "dots": "dots.h", "pm": "plus.minus", "mp": "minus.plus", "le": "lt.eq", "leq": "lt.eq",
    "ge": "gt.eq", "geq": "gt.eq", "ne": "eq.not", "neq": "eq.not", "infty": "infinity", "to": "arrow.r",
    "rightarrow": "arrow.r", "Rightarrow": "arrow.r.double", "cup": "union", "cap": "sect", "subset": "subset",
    "sim": "tilde.op", "propto": "prop", "mid": "divides", "ll": "lt.double", "gg": "gt.double", "ast": "ast",
    "lceil": "ceil.l", "rceil": "ceil.r", "lfloor": "floor.l", "rfloor": "floor.r", "colon": "colon",
    "qquad": "wide", "langle": "angle.l", "rangle": "angle.r", "notin": "in.not", "ell": "ell", "prime": "prime",
}  # fmt: skip
_SPACING = {"\\,": "thin", "\\:": "med", "\\;": "thick", "\\!": "", "\\ ": "space", "~": "space"}
_ACCENTS = {
    "bar": "overline",
    "overline": "overline",
    "hat": "hat",
    "tilde": "tilde",
    "vec": "arrow",
    "sqrt": "sqrt",
}
_TEXTS = {"text", "mathrm", "operatorname", "mathit", "mathbf", "textbf", "textrm"}
_IGNORED = {"displaystyle", "textstyle", "big", "Big", "bigl", "bigr", "Bigl", "Bigr", "limits", "nonumber"}


def _joined(parts: list[str]) -> str:
    """Join converted tokens; a script without a base (`{}^{2}`) gets an empty one, which Typst requires."""
    kept = [part for part in parts if part]
    if kept and kept[0][0] in "_^":
        kept.insert(0, '""')
    return " ".join(kept)


class _Reader:
    """A cursor over LaTeX tokens; `unknown` receives each command that is not on the list."""

    def __init__(self, source: str, unknown: Callable[[str], None]) -> None:
        self.tokens = _TOKEN.findall(source)
        self.at = 0
        self.unknown = unknown

    def peek(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self) -> str | None:
        token = self.peek()
        self.at += 1
        return token

    def skip_spaces(self) -> None:
        while (token := self.peek()) is not None and token.isspace():
            self.at += 1

    def until(self, ends: tuple[str, ...]) -> str:
        """Convert up to (and over) one of `ends`, or to the end of the source."""
        parts: list[str] = []
        while (token := self.peek()) is not None:
            if token in ends:
                self.at += 1
                break
            parts.append(self.one())
        return _joined(parts)

    def group(self) -> str:
        """Convert the next group or single token."""
        self.skip_spaces()
        if self.peek() == "{":
            self.at += 1
            return self.until(("}",))
        return self.one() if self.peek() is not None else ""

    def words(self) -> str:
        """Return the source of the next group as it stands."""
        self.skip_spaces()
        if self.peek() != "{":
            return self.take() or ""
        self.at += 1
        depth, taken = 1, ""
        while (token := self.take()) is not None:
            depth += {"{": 1, "}": -1}.get(token, 0)
            if not depth:
                break
            taken += token
        return taken

    def one(self) -> str:
        """Convert one token with its arguments."""
        token = self.take() or ""
        if token.isspace():
            return ""
        if token == "{":
            return self.until(("}",)) or '""'
        if token in ("_", "^"):
            return f"{token}({self.group()})"
        if token in _SPACING:
            return _SPACING[token]
        if token == "\\\\":
            return "\\\n"
        if token.startswith("\\") and len(token) > 1:
            return self.command(token[1:])
        if token == "&":
            return "&"
        if token == "'":
            return "prime"
        if not token.isascii():
            return string(token)
        if token[0].isalnum():
            return token
        return "\\" + token

    def command(self, name: str) -> str:
        """Convert the command `name` (without its backslash)."""
        if name in ("frac", "dfrac", "tfrac"):
            return f"frac({self.group()}, {self.group()})"
        if name == "sqrt" and self.peek() == "[":
            self.at += 1
            index = self.until(("]",))
            return f"root({index}, {self.group()})"
        if name in _ACCENTS:
            return f"{_ACCENTS[name]}({self.group()})"
        if name in _TEXTS:
            return f"upright({string(self.words())})"
        if name == "left":
            opening = self.fence()
            body = self.until(("\\right",))
            return f"lr({opening} {body} {self.fence()})"
        if name == "right":
            return self.fence()
        if name in ("begin", "end"):
            self.words()
            return ""
        if name in _NAMES:
            return _NAMES[name]
        if name in _IGNORED:
            return ""
        if not name[0].isalpha():
            return "bar.v.double" if name == "|" else "\\" + name
        self.unknown(name)
        return string(name)

    def fence(self) -> str:
        self.skip_spaces()
        token = self.take() or "."
        if token == ".":
            return ""
        return _NAMES.get(token[1:], token) if token[1:].isalpha() else "\\" + token[-1]


def typst_math(source: str, unknown: Callable[[str], None] = lambda name: None) -> str:
    """Return the body of a Typst equation for LaTeX `source`; `unknown` is told each unsupported command."""
    reader = _Reader(source, unknown)
    parts: list[str] = []
    while reader.peek() is not None:
        if reader.peek() == "}":
            reader.take()
            continue
        parts.append(reader.one())
    return _joined(parts) or '""'
