# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig's git host, used as developers use one: clone, edit, commit, push."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import typing as t
from pathlib import Path

from tests.rig.errors import RigError
from tests.rig.recipe import digest_of
from tests.rig.ssh import Identity

STACKS = Path(__file__).parent / "stacks"
#: Makes a file's new text from the old one.
Change = t.Callable[[str], str]
#: The whole new text of a file, or what makes it.
Edit = t.Union[str, Change]
_BRANCH = "main"
_DEVELOPER = {f"GIT_{role}_{field}": value for role in ("AUTHOR", "COMMITTER") for field, value in (("NAME", "Dana Developer"), ("EMAIL", "dana@rack.example"))}


def replaced(old: str, new: str) -> Change:
    """An edit that replaces every ``old``; refuses a file without it."""

    def edit(text: str) -> str:
        if old not in text:
            raise RigError(f"Cannot replace {old!r}: the file does not contain it. Look at the file in the repository.")
        return text.replace(old, new)

    return edit


def substitution(expression: str) -> Change:
    """An edit from the ``s/regex/replacement/`` of sed; any delimiter, refuses a file it does not match."""
    parts = expression[2:].split(expression[1]) if re.match(r"s[^\w\s]", expression) else []
    if len(parts) not in (2, 3) or any(parts[2:]):
        raise RigError(f"Cannot read the substitution {expression!r}: it is s/regex/replacement/ without flags.")

    def edit(text: str) -> str:
        changed, count = re.subn(parts[0], parts[1], text)
        if not count:
            raise RigError(f"Cannot apply {expression!r}: nothing in the file matches. Look at the file in the repository.")
        return changed

    return edit


def seed_digests() -> dict[str, str]:
    """Repository -> hash of the folder in the checkout it is filled from."""
    return {folder.name: digest_of(folders=[folder]) for folder in sorted(STACKS.iterdir()) if folder.is_dir()}


class Forge:
    """The git host at ``address``; ``identity`` is a developer's."""

    def __init__(self, address: str, identity: Identity) -> None:
        self._address = address
        self._identity = identity

    def fill(self, repository: str, folder: Path) -> str:
        """Make the repository's content that of ``folder``, in one commit if anything differs; the commit on main."""
        with self._clone(repository) as clone:
            for path in clone.iterdir():
                if path.name != ".git":
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            shutil.copytree(folder, clone, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
            return self._publish(clone, f"Take over {repository} from the checkout")

    def push(self, repository: str, edits: t.Mapping[str, Edit | None], message: str) -> str:
        """Edit files (path -> edit, None deletes), commit, push to main; the new commit."""
        with self._clone(repository) as clone:
            for name, edit in edits.items():
                _apply(clone / name, edit)
            return self._publish(clone, message)

    @contextlib.contextmanager
    def _clone(self, repository: str) -> t.Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="rack-push-") as folder:
            clone = Path(folder) / repository
            self._git(Path(folder), "clone", "--quiet", f"git@{self._address}:/srv/git/{repository}.git", str(clone))
            yield clone

    def _publish(self, clone: Path, message: str) -> str:
        self._git(clone, "add", "--all")
        if self._git(clone, "status", "--porcelain"):
            self._git(clone, "commit", "--quiet", "--message", message)
            self._git(clone, "push", "--quiet", "origin", f"HEAD:{_BRANCH}")
        return self._git(clone, "rev-parse", "HEAD")

    def _git(self, folder: Path, *arguments: str) -> str:
        # Only what the rig sets: no settings, hooks or signing keys of the person who runs it.
        kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        ssh = shlex.join(["ssh", *self._identity.options, "-o", "BatchMode=yes", "-i", str(self._identity.key)])
        environment = {**kept, **_DEVELOPER, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_SSH_COMMAND": ssh}
        done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            raise RigError(f"Cannot git {arguments[0]} at the forge: {done.stderr.strip()}. Is the rig up?")
        return done.stdout.strip()


def _apply(path: Path, edit: Edit | None) -> None:
    if edit is None:
        path.unlink()
        return
    content = edit if isinstance(edit, str) else edit(path.read_text(encoding="utf-8"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
