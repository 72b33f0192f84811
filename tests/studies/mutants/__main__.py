# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make mutants``: would the unit tests notice if docker_prune decided otherwise?

mutmut makes small changes to the plan, one at a time, and runs the unit tests that reach the changed function, until one fails. A change that no test
notices is printed. mutmut changes what is inside of functions only: constants of a module and decorated functions (properties) stay as they are.
"""

from __future__ import annotations

import concurrent.futures
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.studies.mutants.score import by_module, mutants, percent, table
from tests.support.repository import COLLECTION, ROOT

#: The modules of plugins/module_utils that decide what goes. The tests of <package>.<module> are tests/unit/plugins/module_utils/<package>/test_<module>.py.
MODULES = (
    "_base.durations",
    "_host.disk",
    "_prune.build_cache",
    "_prune.guards",
    "_prune.irreplaceable",
    "_prune.keep",
    "_prune.plan",
    "_prune.request",
    "_prune.unused_record",
)
#: Percent that have to be killed, of all together.
ENOUGH = 90

PACKAGE = Path("ansible_collections", *COLLECTION.split("."))
UTILITIES = PACKAGE / "plugins/module_utils"
TESTS = Path("tests/unit/plugins/module_utils")

# An endless loop is given up after five times (the time of its tests and a second).
SETTINGS = """
[tool.mutmut]
source_paths = ["{utilities}"]
only_mutate = {files}
pytest_add_cli_args = ["-p", "no:cacheprovider"]
pytest_add_cli_args_test_selection = {tests}
timeout_multiplier = 5.0
[tool.pytest.ini_options]
pythonpath = ["."]
addopts = ["--import-mode=importlib"]
"""


def lay_out(folder: Path) -> None:
    """A tree as mutmut wants it: the sources under the path by which tests import them (a link would lead back here), ``tests`` at the top."""
    package = folder / PACKAGE
    package.mkdir(parents=True)
    subprocess.run([ROOT / "tools/export.sh", package], check=True)
    (package / "tests").rename(folder / "tests")
    places = [module.split(".") for module in MODULES]
    files = [f"{UTILITIES}/{package}/{module}.py" for package, module in places]
    tests = [f"{TESTS}/{package}/test_{module}.py" for package, module in places]
    (folder / "pyproject.toml").write_text(SETTINGS.format(utilities=UTILITIES, files=files, tests=tests), encoding="utf-8")


def mutmut(folder: Path, *arguments: str) -> str:
    """What mutmut prints, without its spinner."""
    # Bytecode belongs beside the copies, the tests of a mutant run in the same order every time.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPYCACHEPREFIX"} | {"PYTHONHASHSEED": "0"}
    command = [str(Path(sys.executable).with_name("mutmut")), *arguments]
    # Bytes: as text, the carriage returns between the frames of the spinner would become lines.
    done = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    said = "\n".join(line.rpartition("\r")[2] for line in done.stdout.decode().split("\n"))
    if done.returncode:
        sys.exit(f"{said}\nmutmut {' '.join(arguments)} ended with {done.returncode}.")
    return said


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        folder = Path(name)
        lay_out(folder)
        mutmut(folder, "run")
        found = mutants(mutmut(folder, "results", "--all", "true"))
        survivors = [mutant.name for mutant in found if not mutant.killed]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for difference in pool.map(lambda survivor: mutmut(folder, "show", survivor), survivors):
                print(difference)
    print(table(by_module(found, MODULES)))
    return int(percent(found) < ENOUGH)


if __name__ == "__main__":
    sys.exit(main())
