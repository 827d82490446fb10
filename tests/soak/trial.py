"""Trials, their count and their losses: what every kind of fault has in common."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from decisionbook.runs.sweep import duration

Say = Callable[[str], None]
# A trial yields what was lost in it, in words; nothing is what is wanted.
Trials = Callable[["Setting"], Iterator[list[str]]]
_SAY_EVERY = 5.0


@dataclass
class Setting:
    """Where and how many trials of one fault are made, from which seed; `facts` are what they measured."""

    folder: Path
    count: int
    random: Random
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass
class Result:
    """What came of the trials of one fault."""

    fault: str
    title: str
    rule: str
    trials: int = 0
    losses: list[str] = field(default_factory=list)
    skipped: str = ""
    seconds: float = 0.0
    facts: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Stopped(KeyboardInterrupt):
    """Somebody stopped the trials; `result` holds those that were made by then."""

    def __init__(self, result: Result) -> None:
        super().__init__(f"stopped after {result.trials} trials")
        self.result = result


class Skip(Exception):
    """This machine cannot make these trials; the text says why."""


@dataclass(frozen=True)
class Fault:
    """A kind of fault: how it is called, what must hold after it, how many of a full run's trials it gets, and the trials."""

    name: str
    title: str
    rule: str
    share: int
    trials: Trials


def make(fault: Fault, folder: Path, count: int, seed: int, say: Say) -> Result:
    """Make the trials of one fault and return what came of them; what a trial raises is a loss too.

    An interrupt raises Stopped: trials take hours, and those that were made count.
    """
    result = Result(fault.name, fault.title, fault.rule)
    setting = Setting(folder / fault.name, count, Random(f"{seed} {fault.name}"))
    setting.folder.mkdir(parents=True)
    started = told = time.monotonic()
    stopped = False
    try:
        for losses in fault.trials(setting):
            result.trials += 1
            named = [f"trial {result.trials}: {loss}" for loss in losses]
            for loss in named:
                say(f"  LOST in {loss}")
            result.losses += named
            now = time.monotonic()
            if now - told > _SAY_EVERY:
                told = now
                left = duration((now - started) / result.trials * (count - result.trials))
                say(f"  [{result.trials}/{count}] {fault.name}: {len(result.losses)} losses, {left} left")
    except KeyboardInterrupt:
        stopped = True
    except Skip as reason:
        result.skipped = str(reason)
    except Exception as error:
        result.losses.append(f"trial {result.trials + 1}: the harness stopped: {type(error).__name__}: {error}")
    result.seconds = round(time.monotonic() - started, 1)
    result.facts = setting.facts
    if stopped:
        raise Stopped(result)
    return result
