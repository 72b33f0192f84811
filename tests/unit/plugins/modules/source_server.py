# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of source_checkout share: upstream and a server, folders of this machine with the real git between them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tarfile
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mycosoft.rack.plugins.modules import source_checkout

Result = dict[str, t.Any]

#: git as it is without the settings of whoever runs the tests; submodules may come from a folder.
ENVIRONMENT = {
    **{f"GIT_{who}_{what}": "t@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "protocol.file.allow",
    "GIT_CONFIG_VALUE_0": "always",
    "GIT_CONFIG_KEY_1": "init.defaultBranch",
    "GIT_CONFIG_VALUE_1": "main",
}


class Repository:
    """A repository in a folder, where somebody works."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(self.path), *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, message: str, files: t.Mapping[str, str | None] | None = None) -> str:
        """Commit files, by their content; None removes one. The id of the commit."""
        for name, content in (files or {}).items():
            if content is None:
                self.git("rm", "--quiet", "--cached", name)
                (self.path / name).unlink()
            else:
                self.write(name, content)
                self.git("add", "--force", name)
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.head

    def write(self, name: str, content: str) -> None:
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(content, encoding="utf-8")

    def read(self, name: str) -> str:
        return (self.path / name).read_text(encoding="utf-8")

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")


class Server:
    """Upstream, and a server that pulls from it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in ENVIRONMENT.items():
            monkeypatch.setenv(name, value)
        self.folder, self._capsys = folder, capsys
        self.upstream = self.repository("upstream", {"VERSION": "one\n", "app/main.py": "print()\n", ".gitignore": "*.log\n"})
        self.checkout = Repository(folder / "srv" / "shop")

    def repository(self, name: str, files: dict[str, str]) -> Repository:
        path = self.folder / name
        path.mkdir()
        made = Repository(path)
        made.git("init", "--quiet")
        made.commit("one", files)
        return made

    @property
    def url(self) -> str:
        return f"file://{self.upstream.path}"

    def run(self, version: str = "main", check: bool = False, checkouts: list[dict[str, str]] | None = None, **options: t.Any) -> Result:
        given = {
            "checkouts": checkouts or [{"repo": self.url, "dest": str(self.checkout.path), "version": version}],
            "state_directory": str(self.folder / "state"),
            "host": "sandbox",
            "run": "20260102T030405Z-1a2b",
            **options,
        }
        with patch_module_args({**given, "_ansible_check_mode": check}), pytest.raises(SystemExit):
            source_checkout.main()
        result: Result = json.loads(self._capsys.readouterr().out)
        return result

    def pulled(self, version: str = "main", again: bool = False, **options: t.Any) -> Result:
        """Run it, first in check mode, which has to say the same and write nothing; and ``again``, which has to change nothing."""
        before = self.files()
        foretold = self.run(version, check=True, **options)
        assert self.files() == before
        result = self.run(version, **options)
        assert not result.get("failed"), result["msg"]
        said = [(entry["from"], entry["to"]) for entry in result["commits"]]
        assert [(entry["from"], entry["to"]) for entry in foretold["commits"]] == said, foretold
        assert (foretold["changed"], foretold["kept"]) == (result["changed"], result["kept"])
        if again:
            repeated = self.run(version, **options)
            assert (repeated.get("failed"), repeated["changed"]) == (None, False), repeated
        return result

    def refused(self, version: str = "main", **options: t.Any) -> str:
        """Run it, first in check mode; the refusal, in which both agree. Neither files nor branches change."""
        before = self.files(".git")
        messages = [self.run(version, check=True, **options)["msg"], self.run(version, **options)["msg"]]
        assert messages[0] == messages[1], messages
        assert self.files(".git") == before
        return str(messages[0])

    def files(self, *but: str) -> dict[str, str]:
        """What is in the checkout and the state directory, without the folders ``but``."""
        found = {}
        for root, folders, names in os.walk(self.folder):
            folders[:] = [name for name in folders if name not in (*but, "upstream", "library")]
            for path in (Path(root, name) for name in names):
                found[str(path)] = str(path.readlink()) if path.is_symlink() else hashlib.sha256(path.read_bytes()).hexdigest()
        return found


def held(kept: Path) -> dict[str, str]:
    """The files of an archive."""
    with tarfile.open(kept / "files.tar") as tar:
        return {member.name: t.cast(t.IO[bytes], tar.extractfile(member)).read().decode() for member in tar.getmembers()}


def rescue(server: Server, kept: Path) -> Repository:
    """A new clone with everything of a bundle."""
    rescued = Repository(server.folder / "rescued")
    server.upstream.git("clone", "--quiet", server.url, str(rescued.path))
    rescued.git("fetch", "--quiet", str(kept / "commits.bundle"), "refs/*:refs/*")
    return rescued
