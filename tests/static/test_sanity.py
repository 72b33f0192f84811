# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test sanity over the collection's tarball, as Galaxy's certification runs it. What is not shipped, tests first of all, ruff and mypy check."""

from __future__ import annotations

import ast
import os
import re
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import ansible_test
import pytest

from tests.support.repository import CACHE, export, passes, run

#: ansible-test keeps its own environments below HOME: kept between runs, the second one takes a fraction.
HOME = CACHE / "ansible-test"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked tarball in a real directory: a symlinked one is refused, one below an ignored directory is seen as empty."""
    work = tmp_path_factory.mktemp("sanity")
    passes("ansible-galaxy", "collection", "build", "--output-path", work, export(work / "export"))
    (built,) = work.glob("*.tar.gz")
    with tarfile.open(built) as archive:
        archive.extractall(work / "ansible_collections/mycosoft/rack", filter="data")
    return work / "ansible_collections/mycosoft/rack"


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """A HOME of its own that follows this machine's pip, and a PATH without shims of interpreters that are not active (rc 127)."""
    pip = HOME / ".config/pip/pip.conf"
    pip.parent.mkdir(parents=True, exist_ok=True)
    pip.write_text("[global]\n" + "".join(f"{name} = {value}\n" for name, value in _pip_settings().items()), encoding="utf-8")
    cache = HOME / ".ansible/test/cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in _pip_versions():
        # in place of a download: every interpreter brings a pip of its own
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text("import ensurepip\nensurepip.bootstrap()\n", encoding="utf-8")
    path = [entry for entry in os.environ["PATH"].split(os.pathsep) if not entry.endswith("/shims")]
    # last, so that nothing else is taken from there: the interpreters of managed hosts, for the import and compile tests
    path += [str(directory) for directory in sorted(Path(os.environ.get("PYENV_ROOT", "/nonexistent")).glob("versions/3.*/bin"))]
    return {"HOME": str(HOME), "PATH": os.pathsep.join([str(Path(sys.executable).parent), *path])}


def _pip_settings() -> dict[str, str]:
    """What pip is configured to on this machine, from files and, before them, from the environment, which ansible-test does not hand on."""
    lines = passes(sys.executable, "-m", "pip", "config", "list").splitlines()
    pairs = (line.split("=", 1) for line in sorted(lines, key=lambda line: line.startswith(":env:")))
    return {key.rpartition(".")[2]: ast.literal_eval(value) for key, value in pairs}


def _pip_versions() -> set[str]:
    source = Path(ansible_test.__path__[0], "_internal/python_requirements.py").read_text(encoding="utf-8")
    return set(re.findall(r"\bpip='([\d.]+)'", source))


@pytest.mark.slow
def test_ansible_test_sanity_finds_nothing(tree: Path, environment: dict[str, str], record_property: Callable[[str, object], None]) -> None:
    done = run("ansible-test", "sanity", "--local", "--color", "no", "-v", cwd=tree, **environment)
    said = (done.stdout + done.stderr).splitlines()
    assert done.returncode == 0, "\n".join(line for line in said if re.match("ERROR|FATAL|WARNING", line))
    # a run that was led astray passes having looked at nothing: its own count has to be all of the Python there is
    looked_at = sum(int(found.group(1)) for line in said if (found := re.match(r"Checking (\d+) file\(s\) in context", line)))
    python = sum(1 for _ in tree.rglob("*.py"))
    record_property("said", f"ansible-test sanity looked at {looked_at} Python files")
    assert looked_at == python > 0
