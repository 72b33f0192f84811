# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three runs that want the same servers at once: who had the lock when, and what the engines did while nobody had it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import typing as t

from tests.studies.faults.process import Process
from tests.studies.faults.rack import SERVERS, Rack
from tests.studies.faults.trial import BAD, before, cause, log

#: Another controller: a host name and processes of its own.
ELSEWHERE = ("unshare", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", 'hostname elsewhere && exec "$@"', "sh")
RECORD = "holders.jsonl"  # in the home directory on the servers
_WATCH = """
import json, pathlib, time
seen = ""
while True:
    try:
        now = json.loads(pathlib.Path("/var/lib/mycosoft-rack/lock.json").read_text())["run"]
    except (OSError, ValueError):
        now = ""
    if now != seen:
        print(json.dumps([time.time(), now]), flush=True)
        seen = now
    time.sleep(0.02)
"""
#: What a deploy or a cleanup does to an engine; health checks and what an engine does by itself are not among it.
_KINDS = {"type": ("container", "image", "network", "volume"), "event": ("create", "destroy", "tag", "untag", "delete")}
_EVENTS = " ".join(["docker events --format '{{json .}}'", *(f"--filter {key}={value}" for key, values in _KINDS.items() for value in values)])


@dataclasses.dataclass(frozen=True)
class Span:
    """From when until when a run had the lock of a server, in the server's seconds."""

    server: str
    run: str
    begin: float
    end: float


def spans(server: str, changes: t.Sequence[tuple[float, str]]) -> list[Span]:
    """From the moments at which the holder of the lock became another one; "" is nobody."""
    pairs = zip(changes, changes[1:], strict=False)
    return [Span(server, run, begin, end) for (begin, run), (end, _next) in pairs if run]


def interleaved(found: t.Sequence[Span]) -> list[str]:
    """Pairs of runs that could work at one time: a run works from when it has every server's lock until it gives the first one back."""
    runs = sorted({span.run for span in found})
    work = {run: (max(span.begin for span in found if span.run == run), min(span.end for span in found if span.run == run)) for run in runs}
    pairs = ((one, other) for number, one in enumerate(runs) for other in runs[number + 1 :])
    return [f"{one} and {other}" for one, other in pairs if work[one][0] < work[other][1] and work[other][0] < work[one][1]]


def outside(found: t.Sequence[Span], moments: t.Iterable[float]) -> list[float]:
    """Of the moments at which a server's engine did something, those at which nobody had the lock."""
    return [moment for moment in moments if not any(span.begin <= moment <= span.end for span in found)]


@contextlib.contextmanager
def _watched(rack: Rack) -> t.Iterator[None]:
    """Have every server write down who has its lock, and what its engine makes and removes."""
    commands = {RECORD: f"exec python3 -c '{_WATCH}'", f"events-{RECORD}": f"exec {_EVENTS}"}
    pids = {}
    for server in SERVERS:
        starts = "; ".join(f"({command}) >{file} 2>&1 </dev/null & echo $!" for file, command in commands.items())
        pids[server] = rack.run(server, "sh", "-c", starts).split()
    try:
        yield
    finally:
        for server in SERVERS:
            rack.run(server, "kill", *pids[server], check=False)


def _lines(rack: Rack, server: str, file: str) -> list[t.Any]:
    return [json.loads(line) for line in rack.run(server, "cat", file).splitlines()]


def at_once(rack: Rack) -> str:
    """What came of two deploys and a cleanup that were started at one moment."""
    _old, word = before(rack)
    version = rack.push({})
    with _watched(rack):
        runs = {"a deploy": Process(rack.rig, "deploy"), "a deploy elsewhere": Process(rack.rig, "deploy", before=ELSEWHERE)}
        runs["a cleanup"] = Process(rack.rig, "cleanup")
        codes = {name: run.ended() for name, run in runs.items()}
    for name, run in runs.items():
        run.keep(log(f"together-{name.replace(' ', '-')}"))
    held = {server: spans(server, _lines(rack, server, RECORD)) for server in SERVERS}
    did = {server: [event["timeNano"] / 1e9 for event in _lines(rack, server, f"events-{RECORD}")] for server in SERVERS}
    seen, _seconds = rack.settled()
    wrong = [f"{name} ended with {code}: {cause(runs[name].output)}" for name, code in codes.items() if code]
    wrong += [f"{pair} worked at one time" for pair in interleaved([span for server in SERVERS for span in held[server]])]
    wrong += [f"{len(late)} changes on {server} while nobody had its lock" for server in SERVERS if (late := outside(held[server], did[server]))]
    wrong += [*seen.ailing, *seen.unlimited, *(f"the lock of {server} is left" for server in seen.locks)]
    wrong += ["the new version does not answer"] if seen.version != version or rack.written() != word else []
    order = {server: list(dict.fromkeys(span.run for span in held[server])) for server in SERVERS}
    wrong += [f"{order} had the locks in different orders"] if len({tuple(sorted(order[server])) for server in SERVERS}) != 1 else []
    count = sum(len(moments) for moments in did.values())
    wrong += [] if count else ["no engine told of any change"]
    good = f"All three succeeded, one after the other; each of the {count} changes on the engines was made by the run that held the lock."
    return f"{BAD}: {'; '.join(wrong)}" if wrong else good
