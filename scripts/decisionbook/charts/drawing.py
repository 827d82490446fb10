"""Drawing with vl-convert: in this process, or in the one process that draws for all runs.

The first picture of a process takes half a second, in which a JavaScript engine starts and loads Vega; a later one a
twentieth. A kernel of a run therefore asks the drawing process that the variable DECISIONBOOK_DRAWING names, a Unix
socket that only this user can reach, and draws itself when nobody answers. The picture is the same either way, and the
same as the one that was drawn from this specification before, where that was kept. A run whose pictures nobody will see
(of a sweep that keeps no notebooks) has UNSEEN in that variable and draws nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import struct
from collections.abc import Mapping
from functools import cache
from typing import Any

from ..data.context import DRAWING as VARIABLE
from ..data.context import UNSEEN
from . import drawn

VL_VERSION = "6.4"
_SIZE = struct.Struct("!Q")
# A picture that takes longer has stopped the drawing process: then everybody draws for himself.
_PATIENCE = 60.0


def wanted() -> bool:
    """Return whether anybody will see what this process draws."""
    return os.environ.get(VARIABLE) != UNSEEN


def svg(spec: Mapping[str, Any]) -> str:
    """Return the SVG of a Vega-Lite specification as Vega draws it; raises ValueError."""
    return _draw("svg", spec)


def scenegraph(spec: Mapping[str, Any]) -> Any:
    """Return the scene graph of a Vega specification; raises ValueError."""
    return _draw("scenegraph", spec)


def _draw(kind: str, spec: Mapping[str, Any]) -> Any:
    # What is told beside the picture (caption, table, sliders) does not shape it.
    spec = {name: value for name, value in spec.items() if name != "usermeta"}
    key = drawn.key_of(kind, VL_VERSION, spec)
    picture = drawn.find(key)
    if picture is None:
        answer = _ask(os.environ.get(VARIABLE, ""), {"kind": kind, "spec": spec})
        if answer is not None and "error" in answer:
            raise ValueError(answer["error"])
        picture = _draw_here(kind, spec) if answer is None else answer["drawn"]
        drawn.keep(key, picture)
    return picture


def _draw_here(kind: str, spec: Mapping[str, Any]) -> Any:
    import vl_convert

    register_fonts()
    if kind == "svg":
        return vl_convert.vegalite_to_svg(dict(spec), VL_VERSION, allowed_base_urls=[])
    return vl_convert.vega_to_scenegraph(dict(spec), allowed_base_urls=[])


@cache
def register_fonts() -> None:
    """Let vl-convert draw with the packaged fonts."""
    import vl_convert
    from pylopdf_fonts_zh_cn import sans_path

    vl_convert.register_font_directory(str(sans_path().parent))


def _ask(path: str, question: Mapping[str, Any]) -> Any:
    """Return the answer of the drawing process, None when there is none."""
    if not path:
        return None
    body = json.dumps(question).encode("ascii")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_PATIENCE)
        try:
            connection.connect(path)
            connection.sendall(_SIZE.pack(len(body)) + body)
            return _receive(connection)
        except (OSError, EOFError, ValueError):
            return None


def _receive(connection: socket.socket) -> Any:
    return json.loads(_exactly(connection, _SIZE.unpack(_exactly(connection, _SIZE.size))[0]))


def _exactly(connection: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(min(size - len(parts), 1 << 20))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def serve(listener: socket.socket) -> None:
    """Draw for whoever asks, one after the other, until the parent goes."""
    parent = os.getppid()
    # The first picture is nobody's: it starts the engine.
    field = {"field": "a", "type": "quantitative"}
    with contextlib.suppress(ValueError):
        _draw_here("svg", {"data": {"values": [{"a": 1}]}, "mark": "bar", "encoding": {"x": field}})
    while os.getppid() == parent:
        if not select.select([listener], [], [], 1.0)[0]:
            continue
        connection = listener.accept()[0]
        # Who asks may die while asking, or ask nonsense.
        with connection, contextlib.suppress(OSError, EOFError, ValueError, TypeError, KeyError):
            connection.settimeout(_PATIENCE)
            question = _receive(connection)
            try:
                answer: dict[str, Any] = {"drawn": _draw_here(question["kind"], question["spec"])}
            except ValueError as error:
                answer = {"error": str(error)}
            body = json.dumps(answer).encode("ascii")
            connection.sendall(_SIZE.pack(len(body)) + body)
