# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One fault: a deploy that meets it, what the rack is like afterwards, and the plain deploy after that."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from pathlib import Path

from tests.studies.faults.cases import Fault
from tests.studies.faults.process import Process
from tests.studies.faults.rack import SERVERS, Rack, Seen
from tests.support.repository import ROOT

LOGS = ROOT / ".cache/faults"
BAD = "FAILS"
#: How the last plain deploy went: how many seconds it took, and when in it each task began.
COURSE = LOGS / "course.json"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The cells of a row; one that begins with FAILS is a promise that was not kept."""

    said: str
    answers: str
    data: str
    limits: str
    lock: str
    next: str

    @property
    def good(self) -> bool:
        return not any(cell.startswith(BAD) for cell in dataclasses.astuple(self))


def log(name: str) -> Path:
    return LOGS / f"{name}.log"


def attempt(fault: Fault, rack: Rack) -> Outcome:
    """The rack is well before and, where the promises are kept, afterwards."""
    with contextlib.ExitStack() as stack:
        fault.before(rack)
        stack.callback(fault.after, rack)
        with contextlib.ExitStack() as mending:
            mending.callback(fault.mend, rack)
            old, word = before(rack)
            rack.length, rack.tasks = json.loads(COURSE.read_text(encoding="utf-8"))
            new = rack.push(fault.edits)
            run = Process(rack.rig, "deploy", fault.extra())
            struck = fault.at is None or fault.at(rack, run)
            if struck:
                fault.strike(rack, run)
            code = run.ended()
            said = verdict(code, run) if struck else f"{BAD}: it ended with {code} before the fault could strike"
            run.keep(log(fault.name))
            seen, _seconds = rack.settled()
            data = rack.written()
        return judged(rack, fault.name, said, (old, new, word), seen, data)


def before(rack: Rack) -> tuple[Seen, str]:
    """The rack as it is, which has to be well, and what was written to its database."""
    seen, _seconds = rack.settled()
    if not seen.well:
        raise RuntimeError(f"Cannot try a fault on a rack that is not well: {seen.version} {seen.ailing} {seen.locks}")
    return seen, rack.write()


def judged(rack: Rack, name: str, said: str, known: tuple[Seen, str, str], seen: Seen, data: str) -> Outcome:
    """``known``: the rack before, the version that was to come, what was written."""
    old, new, word = known
    takes_over, after = next_deploy(rack, name, word)
    return Outcome(
        said=said,
        answers=answering(seen, old, new),
        data="kept" if data == word else f"{BAD}: lost",
        limits=f"{BAD}: {', '.join(seen.unlimited)}" if seen.unlimited else "held",
        lock=("taken over by the next run" if takes_over else "free when the next run came") if seen.locks else "free",
        next=after,
    )


def answering(seen: Seen, old: Seen, new: str) -> str:
    if not seen.well:
        return f"{BAD}: {', '.join(seen.ailing) or 'the website does not answer'}"
    if seen.version == old.version:
        return "the old version" + ("" if seen.images == old.images else ", from a rebuilt image")
    return "the new version, healthy" if seen.version == new else f"{BAD}: version {seen.version}"


def next_deploy(rack: Rack, name: str, word: str) -> tuple[bool, str]:
    """A plain deploy, with nothing in its way: whether it took a lock over, and what became of it."""
    version = rack.push({})
    recorded = {server: len(rack.history(server)) for server in SERVERS}
    run = plain(rack, f"{name}-next")
    code = run.ended()
    seen, _seconds = rack.settled()
    wrong = [] if code == 0 else [f"ended with {code}: {cause(run.output)}"]
    wrong += seen.ailing + seen.unlimited + [f"the lock of {server} is left" for server in seen.locks]
    wrong += [f"version {seen.version} answers"] if seen.version != version else []
    wrong += ["data lost"] if rack.written() != word else []
    taken = any(entry.get("event") == "lock taken over" for server in SERVERS for entry in rack.history(server)[recorded[server] :])
    return taken, f"{BAD}: {'; '.join(wrong)}" if wrong else "succeeds"


def plain(rack: Rack, name: str) -> Process:
    """A deploy that nothing disturbs, which has ended. Its course tells later ones where they are."""
    run = Process(rack.rig, "deploy")
    code, length = run.ended(), run.seconds
    run.keep(log(name))
    if code == 0:
        COURSE.write_text(json.dumps([length, [moment for moment, _task in run.tasks]]), encoding="utf-8")
    return run


def ready(rack: Rack) -> None:
    """Have a rack that is well, and know how a plain deploy goes on it: one is run where nobody knows."""
    if not (COURSE.exists() and rack.serving() and rack.settled()[0].well):
        rack.push({})
        if plain(rack, "first").ended():
            raise RuntimeError(f"Cannot begin: a plain deploy fails. Read {log('first')}")


def verdict(code: int, run: Process) -> str:
    if code < 0:
        return f"killed {run.seconds:.0f} s after its beginning, in {run.tasks[-1][1] if run.tasks else 'no task yet'}".replace("|", "/")
    return "succeeded" if code == 0 else cause(run.output)


def cause(output: str) -> str:
    """Why a run failed, in its own words: what it says of the server that the fault struck goes before what it says of the others."""
    errors = re.findall(r"^\[ERROR\]: (?:Task failed: |Action failed: |Module failed: )*(.*)|^fatal: (.*UNREACHABLE!.*)", output, re.MULTILINE)
    found = [
        " ".join("".join(error).split()).replace("|", "/").removesuffix(" =>") for error in errors if "another server of the rack failed" not in "".join(error)
    ]
    summaries = [text for text in found if text.startswith("Cannot deploy to")]
    return (summaries or found or ["said nothing"])[-1]
