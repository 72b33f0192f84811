# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make faults``: every fault on a rack of its own, with the results in docs/guides/faults.md."""

from __future__ import annotations

import argparse
import subprocess
import sys
import typing as t

from tests.rig.errors import RigError
from tests.rig.rig import Rig
from tests.studies.faults import pages
from tests.studies.faults.back import go_back
from tests.studies.faults.cases import FAULTS, Fault
from tests.studies.faults.rack import SERVERS, Rack
from tests.studies.faults.together import at_once
from tests.studies.faults.trial import BAD, attempt, ready
from tests.support.repository import ROOT
from tests.support.rounds import load, progress

PAGE = ROOT / "docs/guides/faults.md"
Trial = t.Callable[[Rack], t.Sequence[str]]


def trials() -> dict[str, tuple[str, Trial]]:
    """Name on the command line -> what the page calls it, and what makes the cells of its row."""

    def of(fault: Fault) -> Trial:
        return lambda rack: pages.cells(attempt(fault, rack))

    faults = {fault.name: (fault.sentence, of(fault)) for fault in FAULTS}
    return {**faults, "together": (pages.TOGETHER, lambda rack: [at_once(rack)]), "rollback": (pages.ROLLBACK, lambda rack: [go_back(rack, load())])}


def tried(rack: Rack, trial: Trial) -> t.Sequence[str]:
    """The cells of a row; a trial that cannot be made is a failure, and not the end of the campaign."""
    try:
        ready(rack)
        return trial(rack)
    except (RigError, RuntimeError, OSError, subprocess.SubprocessError) as error:
        return [f"{BAD}: {' '.join(str(error).split())}".replace("|", "/")]


def write(what: str, cells: t.Sequence[str]) -> None:
    """Put one row into the page; the others stay."""
    outcomes, beside = pages.read(PAGE.read_text(encoding="utf-8") if PAGE.exists() else "")
    (beside if what in pages.BESIDE else outcomes)[what] = list(cells)
    PAGE.write_text(pages.page(outcomes, beside), encoding="utf-8")


def main() -> int:
    everything = trials()
    parser = argparse.ArgumentParser(prog="python -m tests.studies.faults", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=everything, help="make these rows of the page anew, and leave the others as they are")
    parser.add_argument("--keep", action="store_true", help="leave the rack up")
    arguments = parser.parse_args()
    rig = Rig("faults", servers=SERVERS, progress=progress)
    rig.up()
    rack = Rack(rig)
    bad = 0
    try:
        for name in arguments.only or everything:
            what, trial = everything[name]
            cells = tried(rack, trial)
            bad += any(cell.startswith(BAD) for cell in cells)
            progress(f"{what}: {' | '.join(cells)} (load {load()})")
            write(what, cells)
    finally:
        if not arguments.keep:
            rig.down()
    print(f"{PAGE.relative_to(ROOT)}: {bad} of {len(arguments.only or everything)} fail")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
