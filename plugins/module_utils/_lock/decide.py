# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds the lock of a server, and what becomes of it. Pure: nothing here reads a file or a clock.

The wall clock decides nothing: it may be set, and differs from server to server. A lease is counted in seconds since the server's boot,
and a lock of another boot is dead.
"""

from __future__ import annotations

import dataclasses
import typing as t
from dataclasses import dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput

Json = t.Dict[str, t.Any]

#: Seconds after which a file that nobody can read as a lock counts for nothing.
DAMAGED_LEASE = 600


@dataclass(frozen=True)
class Controller:
    """The process that controls a run. ``boot_id`` and ``pid_namespace`` say where its ``pid`` means anything; ``started`` (clock ticks
    since the boot) tells it from a later one with the same number. None where the controller has no /proc.
    """

    host: str
    boot_id: t.Optional[str]
    pid_namespace: t.Optional[int]
    pid: int
    started: t.Optional[int]

    def beside(self, other: t.Optional[Controller]) -> bool:
        """Whether the one can look at the process of the other."""
        here = (self.host, self.boot_id, self.pid_namespace)
        return other is not None and None not in here and self.started is not None and here == (other.host, other.boot_id, other.pid_namespace)


@dataclass(frozen=True)
class Lock:
    """What lock.json holds. ``taken`` and ``renewed`` (ISO 8601, UTC) are for people; ``uptime`` is when it was renewed, in seconds since the boot."""

    run: str
    purpose: str
    by: str
    controller: t.Optional[Controller]
    job: t.Optional[str]
    taken: str
    renewed: str
    lease: int
    boot_id: str
    init_started: t.Optional[int]
    uptime: float


@dataclass(frozen=True)
class Damaged:
    """A file that is no lock: why not, and for how many seconds it has been so."""

    cause: str
    age: float


LockOnDisk = t.Union[Lock, Damaged, None]


@dataclass(frozen=True)
class Moment:
    """Now, on the server. A container that serves as a server boots without a new ``boot_id``: when its first process started tells, too.
    ``survivors``: processes on the server that the run which has the lock has started.
    """

    now: str
    uptime: float
    boot_id: str
    init_started: t.Optional[int]
    survivors: t.Tuple[int, ...] = ()


@dataclass(frozen=True)
class LockRequest:
    """Who asks. ``gone``: the run and its controlling process of which this controller has seen that it is gone."""

    run: str
    purpose: str
    by: str
    job: t.Optional[str]
    lease: int
    controller: t.Optional[Controller] = None
    gone: t.Optional[t.Tuple[str, Controller]] = None


@dataclass(frozen=True)
class Verdict:
    """``state``: free, mine, held or dead. ``why`` it is dead."""

    state: str
    why: str = ""


@dataclass(frozen=True)
class Transition:
    """What was found, the lock as it is to be, and whether that is what was asked for. ``why`` another run's lock had to go, where it had."""

    found: LockOnDisk
    after: LockOnDisk
    done: bool
    why: str = ""

    @property
    def writes(self) -> bool:
        return self.found != self.after

    @property
    def changes(self) -> bool:
        """A lock that is merely renewed is no change."""
        return (self.found is None) != (self.after is None) or bool(self.why)


def decide(found: LockOnDisk, request: LockRequest, moment: Moment) -> Verdict:
    """How a lock stands for the one who asks."""
    if found is None:
        return Verdict("free")
    if isinstance(found, Damaged):
        return Verdict("dead", "%s for %d s" % (found.cause, found.age)) if found.age >= DAMAGED_LEASE else Verdict("held")
    if found.run == request.run:
        return Verdict("mine")
    why = _cause_of_death(found, request, moment)
    # Its controller is gone, and what it had begun here goes on without it: not yet.
    return Verdict("dead", why) if why and not moment.survivors else Verdict("held")


def _cause_of_death(lock: Lock, request: LockRequest, moment: Moment) -> str:
    if rebooted(lock, moment):
        return "the server has booted since"
    if lock.controller is not None and lock.controller.beside(request.controller):
        # A process that can be looked at is either there or not: a step longer than the lease is no death.
        if request.gone == (lock.run, lock.controller):
            return "its process %d on %s is gone" % (lock.controller.pid, lock.controller.host)
        return ""
    over = age(lock, moment) - lock.lease
    return "its lease of %d s ran out %d s ago" % (lock.lease, over) if over >= 0 else ""


def rebooted(lock: Lock, moment: Moment) -> bool:
    """Whether the server has booted since the lock was renewed."""
    known = lock.init_started is not None and moment.init_started is not None
    return lock.boot_id != moment.boot_id or (known and lock.init_started != moment.init_started)


def age(lock: Lock, moment: Moment) -> float:
    """Seconds since the lock was renewed, within one boot."""
    return moment.uptime - lock.uptime


def take(found: LockOnDisk, request: LockRequest, moment: Moment) -> Transition:
    verdict = decide(found, request, moment)
    if verdict.state == "held":
        return Transition(found, found, done=False)
    return Transition(found, _signed(found if verdict.state == "mine" else None, request, moment), True, verdict.why)


def renew(found: LockOnDisk, request: LockRequest, moment: Moment) -> Transition:
    """Only what is there can be renewed: one that is gone may have been another run's meanwhile."""
    if decide(found, request, moment).state != "mine":
        return Transition(found, found, done=False)
    return Transition(found, _signed(found, request, moment), done=True)


def release(found: LockOnDisk, request: LockRequest, moment: Moment) -> Transition:
    """A lock is kept as long as a command of this run that could not be stopped still works on the server."""
    mine = decide(found, request, moment).state == "mine"
    works = mine and bool(moment.survivors)
    return Transition(found, None if mine and not works else found, done=not works)


def break_lock(found: LockOnDisk, request: LockRequest, moment: Moment) -> Transition:
    if decide(found, request, moment).state in ("free", "mine"):
        return Transition(found, found, done=True)
    return Transition(found, None, True, "%s said so" % request.by)


#: State of the module -> what it does.
TRANSITIONS: t.Mapping[str, t.Callable[[LockOnDisk, LockRequest, Moment], Transition]] = {
    "taken": take,
    "renewed": renew,
    "released": release,
    "broken": break_lock,
}


def _signed(mine: LockOnDisk, request: LockRequest, moment: Moment) -> Lock:
    """The lock of the one who asks. A run may go on in another process (a workflow of several jobs): the last one to renew it stands in it."""
    return Lock(
        run=request.run,
        purpose=request.purpose,
        by=request.by,
        controller=request.controller,
        job=request.job,
        taken=mine.taken if isinstance(mine, Lock) else moment.now,
        renewed=moment.now,
        lease=request.lease,
        boot_id=moment.boot_id,
        init_started=moment.init_started,
        uptime=moment.uptime,
    )


def to_json(found: LockOnDisk) -> t.Optional[Json]:
    return None if found is None else dataclasses.asdict(found)


_NONE = type(None)


def controller_of(content: t.Optional[t.Mapping[str, t.Any]]) -> t.Optional[Controller]:
    """The controller of a lock file or of an option; raises ValueError where it is none."""
    if content is None:
        return None
    return Controller(
        host=_field(content, "host", str),
        boot_id=_field(content, "boot_id", str, _NONE),
        pid_namespace=_field(content, "pid_namespace", int, _NONE),
        pid=_field(content, "pid", int),
        started=_field(content, "started", int, _NONE),
    )


def lock_of(content: t.Any) -> Lock:
    """The lock that a file holds; raises ValueError where it holds none. What another version has put in beside it is left out."""
    if not isinstance(content, dict):
        raise ValueError("it holds no object")
    return Lock(
        run=_field(content, "run", str),
        purpose=_field(content, "purpose", str),
        by=_field(content, "by", str),
        controller=controller_of(_field(content, "controller", dict, _NONE)),
        job=_field(content, "job", str, _NONE),
        taken=_field(content, "taken", str),
        renewed=_field(content, "renewed", str),
        lease=_field(content, "lease", int),
        boot_id=_field(content, "boot_id", str),
        init_started=_field(content, "init_started", int, _NONE),
        uptime=_field(content, "uptime", int, float),
    )


def _field(content: t.Mapping[str, t.Any], name: str, *kinds: type) -> t.Any:
    value = content.get(name)
    if not isinstance(value, kinds):
        raise ValueError("it says no %s that could be understood" % name)
    return value


def request_of(params: t.Mapping[str, t.Any]) -> LockRequest:
    """Who asks, from the options of the module. Raises InvalidInput."""
    if not params["run"] or params["lease"] < 1 or params["wait"] < 0:
        raise InvalidInput("Cannot use the lock: it needs a name of the run, a lease of at least 1 s and a wait of at least 0 s. Correct the options.")
    try:
        gone = lock_of(params["gone"]) if params["gone"] else None
        controller = controller_of(params["controller"])
    except ValueError as error:
        raise InvalidInput("Cannot use the lock: of controller or gone, %s. Leave both to the action plugin." % error) from error
    return LockRequest(
        run=params["run"],
        purpose=params["purpose"],
        by=params["by"] or "somebody",
        job=params["job"],
        lease=params["lease"],
        controller=controller,
        gone=(gone.run, gone.controller) if gone and gone.controller else None,
    )
