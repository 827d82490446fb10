"""The process that draws for all runs: the same pictures, and nobody depends on it."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from decisionbook.charts import drawing, drawn
from decisionbook.charts.bundle import draw
from decisionbook.runs import cache, warm

from .helpers import alive, children, running, say, server_of, within

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]


def spec(number: int) -> dict[str, object]:
    field = {"field": "a", "type": "quantitative", "scale": {"domain": [0, number + 5]}}
    return {
        "data": {"values": [{"a": number, "名": "南宁市"}, {"a": number + 3, "名": "柳州市"}]},
        # Clipped marks have ids that Vega counts up for as long as its process lives.
        "mark": {"type": "bar", "clip": True},
        "encoding": {"x": field, "y": {"field": "名", "type": "nominal"}},
        "config": {"font": "Noto Sans SC"},
    }


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The socket of the drawing process, named to this process as it is to kernels."""
    with running() as client:
        path = say(client, f"import os\nprint(os.environ.get({drawing.VARIABLE!r}))")
        monkeypatch.setenv(drawing.VARIABLE, path)
        yield path


def test_pictures_are_those_of_a_process_that_draws_alone(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = [draw(spec(n)) for n in (1, 2, 3, 1)]
    monkeypatch.delenv(drawing.VARIABLE)
    assert shared == [draw(spec(n)) for n in (1, 2, 3, 1)]
    assert shared[0] == shared[3]
    assert "南宁市" in shared[0]


def test_an_error_is_the_error_of_vega(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = {"data": {"values": []}, "mark": "no such mark"}
    with pytest.raises(ValueError, match=r".") as shared:
        drawing.svg(broken)
    monkeypatch.delenv(drawing.VARIABLE)
    with pytest.raises(ValueError, match=r".") as alone:
        drawing.svg(broken)
    assert str(shared.value).splitlines()[0] == str(alone.value).splitlines()[0]


def test_who_dies_while_asking_stops_nobody(address: str) -> None:
    for sent in (b"", b"\0\0", b"\0\0\0\0\0\0\0\xff{", b"\0\0\0\0\0\0\0\x02[]", b"\0\0\0\0\0\0\0\x01x"):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(address)
            connection.sendall(sent)
    assert drawing._ask(address, {"kind": "svg", "spec": spec(1)})["drawn"].startswith("<svg")


def test_when_it_is_gone_everybody_draws_for_himself(monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as client:
        shown = f"len(drawing.svg({spec(1)!r})) > 100, os.environ[drawing.VARIABLE]"
        look = f"import os\nfrom decisionbook.charts import drawing\nprint({shown})"
        path = say(client, look).split()[1]
        asked = [p for p in children(server_of(client.km.provisioner.pid).pid) if p != client.km.provisioner.pid]
        assert len(asked) == 1
        os.kill(asked[0], signal.SIGKILL)
        assert within(20, lambda: not alive(asked[0]))
        assert drawing._ask(path, {"kind": "svg", "spec": spec(1)}) is None
        assert say(client, look).split()[0] == "True"
    warm.stop()
    assert not Path(path).exists()


def test_it_goes_with_its_server() -> None:
    with running() as client:
        server = server_of(client.km.provisioner.pid)
        pids = children(server.pid)
        assert client.km.provisioner.pid in pids
        assert len(pids) == 2
        os.kill(server.pid, signal.SIGKILL)
        assert within(20, lambda: not any(map(alive, pids)))


def test_many_pictures_do_not_fill_the_memory(address: str) -> None:
    def resident() -> int:
        pid = max(children(warm._servers[-1].process.pid), key=lambda p: len(os.listdir(f"/proc/{p}/task")))
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))

    for n in range(30):
        drawing.svg(spec(n))
    before = resident()
    for n in range(200):
        drawing.svg(spec(n))
    assert resident() - before < 60_000, "kilobytes"


# ---- What was drawn before --------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of drawn pictures, named to this process as a run names it to its kernel; one picture is in it."""
    monkeypatch.delenv(drawing.VARIABLE, raising=False)
    monkeypatch.setenv(drawn.VARIABLE, str(tmp_path / "drawings"))
    draw(spec(1))
    return tmp_path / "drawings"


def no_engine(kind: str, spec: object) -> object:
    raise AssertionError(f"a {kind} is drawn")


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_picture_is_drawn_once(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    anew = draw(spec(2))
    assert len(files(kept)) == 2
    monkeypatch.setattr(drawing, "_draw_here", no_engine)
    assert draw(spec(2)) == anew
    # The table behind it and its caption are told beside the picture.
    assert draw({**spec(2), "usermeta": {"decisionbook": {"caption": "另一标题"}}}) == anew
    with pytest.raises(AssertionError, match="a svg is drawn"):
        draw(spec(3))


def test_another_engine_draws_anew(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn, "engine", lambda: ("vl-convert-python 0.0.1",))
    monkeypatch.setattr(drawing, "_draw_here", no_engine)
    with pytest.raises(AssertionError, match="a svg is drawn"):
        draw(spec(1))


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "replaced"])
def test_a_damaged_picture_is_drawn_anew(kept: Path, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    [path] = files(kept)
    picture, content = draw(spec(1)), path.read_bytes()
    other = content.replace("南宁市".encode(), "北海市".encode())
    assert other != content
    path.write_bytes({"truncated": content[:-40], "flipped": other, "empty": b"", "replaced": b"<svg/>"}[damage])
    assert draw(spec(1)) == picture
    assert files(kept) == [path]
    monkeypatch.setattr(drawing, "_draw_here", no_engine)
    assert draw(spec(1)) == picture


def test_a_folder_that_takes_nothing_is_no_fault(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = draw(spec(1)), draw(spec(2))
    blocked = kept / "file"
    blocked.write_text("in the way", encoding="utf-8")
    monkeypatch.setenv(drawn.VARIABLE, str(blocked))
    assert (draw(spec(1)), draw(spec(2))) == pictures


def test_pictures_make_room(kept: Path) -> None:
    for number in (2, 3):
        draw(spec(number))
    by_age = files(kept)
    for age, path in enumerate(by_age):
        os.utime(path, (1_000_000 + age, 1_000_000 + age))
    cache.make_room(kept, 2, 1 << 20)
    assert files(kept) == by_age[1:]
    cache.make_room(kept, 2, by_age[2].stat().st_size)
    assert files(kept) == by_age[2:]
