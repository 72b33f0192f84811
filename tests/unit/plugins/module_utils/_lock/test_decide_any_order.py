# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that take, renew, release and break a lock in any order, while time passes, processes die and the server reboots: one has it at most."""

from __future__ import annotations

from ansible_collections.mycosoft.rack.plugins.module_utils._lock.decide import TRANSITIONS, Controller, Lock, LockOnDisk, LockRequest, Moment
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

#: Where runs come from: two at a time from one controller, one from another.
PLACES = ("one", "one", "two")
SLOTS = st.integers(0, len(PLACES) - 1)
LEASES = st.integers(1, 60)


class Server(RuleBasedStateMachine):
    """The lock of one server; beside it what each run believes. Where a run is killed, the next one starts."""

    def __init__(self) -> None:
        super().__init__()
        self.lock: LockOnDisk = None
        self.now = 0
        self.boot = 0
        self.killed = 0
        self.runs = [Controller(place, "boot of %s" % place, 1, pid, 1) for pid, place in enumerate(PLACES)]
        self.believes: dict[Controller, int] = {}  #: run -> until when it may believe that it has the lock
        self.working: set[Controller] = set()

    def ask(self, state: str, run: Controller, lease: int = 60) -> bool:
        """As the action plugin asks: of a lock of its own controller it looks whether the process is there."""
        held = self.holder()
        gone = (str(held.pid), held) if held and held not in self.runs and held.host == run.host else None
        survivors = (1,) if held in self.working else ()
        step = TRANSITIONS[state](
            self.lock,
            LockRequest(str(run.pid), "test", "somebody", None, lease, run, gone),
            Moment("now", self.now, "boot %d" % self.boot, None, survivors),
        )
        self.lock = step.after
        return step.done

    def holder(self) -> Controller | None:
        return self.lock.controller if isinstance(self.lock, Lock) else None

    def having(self) -> set[Controller]:
        """Who may do something on the server now."""
        return {run for run, until in self.believes.items() if until > self.now}

    @rule(slot=SLOTS, lease=LEASES)
    def take(self, slot: int, lease: int) -> None:
        run = self.runs[slot]
        if self.ask("taken", run, lease):
            self.believes[run] = self.now + lease

    @precondition(lambda self: self.believes)
    @rule(slot=SLOTS, lease=LEASES)
    def renew(self, slot: int, lease: int) -> None:
        run = self.runs[slot]
        if run in self.believes:
            del self.believes[run]
            if self.ask("renewed", run, lease):
                self.believes[run] = self.now + lease

    @precondition(lambda self: self.believes)
    @rule(slot=SLOTS)
    def release(self, slot: int) -> None:
        """Also where its lease is long over, and the lock another's."""
        run = self.runs[slot]
        if run in self.believes:
            self.working.discard(run)
            assert self.ask("released", run)
            del self.believes[run]

    @precondition(lambda self: self.believes)
    @rule(slot=SLOTS)
    def kill(self, slot: int) -> None:
        """Its process goes; what it began on the server goes on."""
        self.believes.pop(self.runs[slot], None)
        self.killed += 1
        self.runs[slot] = Controller(PLACES[slot], "boot of %s" % PLACES[slot], 1, len(PLACES) + self.killed, 1)

    @precondition(lambda self: self.having())
    @rule()
    def begin(self) -> None:
        """A step that leaves a process on the server begins."""
        self.working |= self.having()

    @precondition(lambda self: self.working)
    @rule()
    def end(self) -> None:
        self.working.clear()

    @precondition(lambda self: self.lock)
    @rule(seconds=st.integers(1, 70))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @precondition(lambda self: self.lock)
    @rule()
    def reboot(self) -> None:
        """Nothing runs there any more; a run that lives has to renew before it does anything."""
        self.boot += 1
        self.now = 0
        self.working.clear()
        self.believes.clear()

    @invariant()
    def one_has_it_at_most(self) -> None:
        assert len(self.having() | self.working) <= 1

    @invariant()
    def who_has_it_stands_in_the_file(self) -> None:
        assert self.having() <= {self.holder()}

    @invariant()
    def a_dead_run_does_not_keep_it_for_ever(self) -> None:
        """Whoever is alive gets it, at the latest when every lease is over and nothing works there."""
        held = self.holder()
        if held is None or held in self.runs or held in self.working:
            return
        before = self.lock, self.now
        self.now += 60
        assert self.ask("taken", self.runs[0])
        self.lock, self.now = before


Server.TestCase.settings = settings(max_examples=50, stateful_step_count=40)
test_any_order = Server.TestCase
