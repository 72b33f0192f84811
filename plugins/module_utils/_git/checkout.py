# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The border to git: one checkout on this server, what is in it, and what nobody but this server has."""

from __future__ import annotations

import os
import re
import typing as t
from pathlib import Path

from ansible_collections.mycosoft.rack.plugins.module_utils._base.bounded import Run
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError

#: Commits that came from a remote. A branch that was force-pushed no longer holds what was checked out before.
PULLED = "refs/mycosoft.rack/pulled"
#: Work that was kept before it was overwritten.
KEPT = "refs/mycosoft.rack/kept"

SUBMODULE_MODE = "160000"

#: Files of .git that an unfinished operation leaves, and its name.
_UNDER_WAY = {
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "index.lock": "git command",
}

#: git prints in English, asks nothing, and does not wait for a server that went away.
_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_HTTP_LOW_SPEED_LIMIT": "100",
    "GIT_HTTP_LOW_SPEED_TIME": "60",
}


class GitRefused(RackError):
    """git ended with an error. The message is what it printed, without the credentials of an address."""


class Entry(t.NamedTuple):
    """A path in a tree or in the index."""

    mode: str
    blob: str

    @property
    def is_submodule(self) -> bool:
        return self.mode == SUBMODULE_MODE


class Git:
    """git in one directory. ``environment``: beside the one of the module."""

    def __init__(self, run: Run, path: str, environment: t.Optional[t.Mapping[str, str]] = None) -> None:
        self.run = run
        self.path = path
        self.environment = dict(environment or {})

    def ask(self, *arguments: str, data: t.Optional[str] = None, **more: str) -> t.Tuple[int, str, str]:
        """Exit code, output and errors. ``data``: its input; ``more``: variables of the environment."""
        environment = {**_ENVIRONMENT, **self.environment, **more}
        # the index is not even refreshed by a command that only reads it
        argv = ["git", "--no-optional-locks", "-C", self.path, *arguments]
        return self.run(argv, data=data, binary_data=True, environ_update=environment, expand_user_and_vars=False)

    def say(self, *arguments: str, data: t.Optional[str] = None, **more: str) -> str:
        """The output. Raises GitRefused."""
        code, output, errors = self.ask(*arguments, data=data, **more)
        if code:
            raise GitRefused(masked(" ".join((errors.strip() or output).split())) or "git ends with %d" % code)
        return output

    def elsewhere(self, path: str) -> Git:
        """The same git in another directory."""
        return Git(self.run, path, self.environment)

    def commit(self, name: str) -> t.Optional[str]:
        """The commit of that name, where it is here."""
        code, output, _errors = self.ask("rev-parse", "--verify", "--quiet", name + "^{commit}")
        return output.strip() if code == 0 else None

    def tree(self, commit: str) -> t.Dict[str, Entry]:
        """Every path of a commit, relative to the top."""
        entries = {}
        for line in _split(self.say("ls-tree", "-r", "-z", "--full-tree", commit)):
            about, _tab, path = line.partition("\t")
            mode, _kind, blob = about.split()
            entries[path] = Entry(mode, blob)
        return entries

    def staged(self, path: str) -> str:
        """Mode, object and path of each tracked file at and below a path relative to this directory, as git prints them. Raises GitRefused."""
        return self.say("ls-files", "--stage", "-z", "--", path, GIT_LITERAL_PATHSPECS="1")

    def reach(self, commits: t.Sequence[str], known: t.Iterable[str]) -> t.List[str]:
        """Of ``commits`` and what they come from, what no ``known`` one leads to: short id and subject, the newest first."""
        lines = "".join("%s\n" % line for line in [*commits, *("^" + name for name in known)])
        return self.say("log", "--no-show-signature", "--format=%h %s", "--stdin", data=lines).splitlines() if commits else []


class Checkout(Git):
    """A working tree."""

    @property
    def exists(self) -> bool:
        return (Path(self.path) / ".git").exists()

    def inside(self, path: str) -> Checkout:
        """A submodule, whether it is there or not."""
        # its address comes from .gitmodules: git then refuses ways that only a person may ask for, such as a command or a folder of this machine
        return Checkout(self.run, str(Path(self.path, path)), {**self.environment, "GIT_PROTOCOL_FROM_USER": "0"})

    @property
    def head(self) -> t.Optional[str]:
        return self.commit("HEAD")

    @property
    def branch(self) -> t.Optional[str]:
        """The branch that is checked out; None where HEAD is detached."""
        code, output, _errors = self.ask("symbolic-ref", "--quiet", "--short", "HEAD")
        return output.strip() if code == 0 else None

    def folders(self, *names: str) -> t.List[Path]:
        """The paths of things in .git, which may be elsewhere."""
        options = [option for name in names for option in ("--git-path", name)]
        return [Path(self.path, line) for line in self.say("rev-parse", *options).splitlines()]

    def configured(self, key: str) -> t.Optional[str]:
        code, output, _errors = self.ask("config", "--get", key)
        return output.rstrip("\n") if code == 0 else None

    def known(self, apart_from: t.Container[str] = ()) -> t.List[str]:
        """What remote branches, tags and earlier pulls point at: that is not lost when HEAD leads elsewhere."""
        told = self.say("for-each-ref", "--format=%(objectname) %(refname)", "refs/remotes", "refs/tags", PULLED)
        return [name for name, _space, ref in (line.partition(" ") for line in told.splitlines()) if ref not in apart_from]

    def under_way(self) -> t.Optional[str]:
        """A merge or the like that somebody began here and did not finish."""
        places = zip(self.folders(*_UNDER_WAY), _UNDER_WAY.values())
        return next((name for place, name in places if os.path.lexists(str(place))), None)

    def changed(self) -> t.List[str]:
        """Tracked files that differ from HEAD, in the index or in the working tree, those of submodules not counted."""
        status = self.say("-c", "status.renames=false", "status", "--porcelain", "-z", "--untracked-files=no", "--ignore-submodules=all")
        return [line[3:] for line in _split(status)]

    def index(self) -> t.Tuple[t.Dict[str, Entry], t.List[str]]:
        """Every tracked path, and which of them git was told not to look at (``git update-index --assume-unchanged`` or ``--skip-worktree``)."""
        tracked, unseen = {}, []
        for line in _split(self.say("ls-files", "--stage", "-v", "-z")):
            about, _tab, path = line.partition("\t")
            tag, mode, blob, _stage = about.split()
            tracked[path] = Entry(mode, blob)
            if tag == "S" or tag.islower():
                unseen.append(path)
        return tracked, unseen

    def differs(self, path: str, entry: Entry) -> bool:
        """Whether there is something else at a path than its entry in the index. What is not there does not differ."""
        full = Path(self.path, path)
        if full.is_symlink():
            blob = self.say("hash-object", "--stdin", "--no-filters", data=os.readlink(str(full)))  # noqa: PTH115 # the text itself
        elif full.is_file():
            blob = self.say("hash-object", "--", path)
        else:
            return full.exists() and not entry.is_submodule
        return blob.strip() != entry.blob

    def submodules(self, tracked: t.Mapping[str, Entry]) -> t.Dict[str, Checkout]:
        """Those that are checked out, by path. One that upstream took away may still lie there."""
        inside = {path: self.inside(path) for path, entry in tracked.items() if entry.is_submodule}
        return {path: checkout for path, checkout in inside.items() if checkout.exists}

    def replaced(self, tracked: t.Mapping[str, Entry], wanted: t.Mapping[str, Entry]) -> t.Dict[str, t.Optional[Checkout]]:
        """Submodules in whose place ``wanted`` has a file or a link; None where none is checked out. git removes their directory with all that is in it.

        Raises GitRefused where the directory holds a repository: git would remove that as well.
        """
        paths = [path for path, entry in tracked.items() if entry.is_submodule and path in wanted and not wanted[path].is_submodule]
        found: t.Dict[str, t.Optional[Checkout]] = {}
        for path in paths:
            inside = self.inside(path)
            found[path] = inside if inside.exists and _is_directory(Path(inside.path)) else None
            refuse_repository(found[path])
        return found

    def untracked(self) -> t.List[str]:
        """Every file that git does not track here, also what it ignores. What is in checked out submodules does not count."""
        tracked, _unseen = self.index()
        return sorted(name for name in _files_below(Path(self.path), "", {".git", *self.submodules(tracked)}) if name not in tracked)


def refuse_repository(submodule: t.Optional[Checkout]) -> None:
    """Raise GitRefused where a submodule, or one in it, has its commits in its own directory, and not in the checkout that it belongs to."""
    if submodule is None:
        return
    if _is_directory(Path(submodule.path, ".git")):
        raise GitRefused(
            "the wanted commit has a file in the place of a submodule whose directory holds the repository %s/.git. "
            "Move the directory away, or run git submodule absorbgitdirs in the checkout" % submodule.path
        )
    for inside in submodule.submodules(submodule.index()[0]).values():
        refuse_repository(inside)


def local_changes(checkout: Checkout) -> t.List[str]:
    """Tracked files that differ from what is committed, those of submodules with the path of the submodule before. Raises GitRefused."""
    tracked, _unseen = checkout.index()
    inside = ((path, local_changes(submodule)) for path, submodule in checkout.submodules(tracked).items())
    return checkout.changed() + ["%s/%s" % (path, name) for path, names in inside for name in names]


def uncommitted(checkout: Checkout) -> t.List[str]:
    """Changed and untracked files, also what git ignores, those of submodules with the path of the submodule before. Raises GitRefused."""
    tracked, _unseen = checkout.index()
    inside = ((path, uncommitted(submodule)) for path, submodule in checkout.submodules(tracked).items())
    return [*checkout.changed(), *checkout.untracked(), *("%s/%s" % (path, name) for path, names in inside for name in names)]


def in_the_way(root: str, paths: t.Iterable[str], tracked: t.Container[str]) -> t.List[str]:
    """What lies where ``paths`` are to be written and is not ``tracked``: files, links, and files in a directory that a file replaces.

    git itself overwrites what is ignored, and with ``reset --hard`` also what is only untracked.
    """
    found: t.Dict[str, None] = {}
    for path in paths:
        parts = path.split("/")
        parents = ("/".join(parts[:count]) for count in range(1, len(parts)))
        blocked = next((parent for parent in parents if not _is_directory(Path(root, parent))), None)
        at = path if blocked is None else blocked
        if os.path.lexists(str(Path(root, at))):
            found.update(dict.fromkeys(name for name in _files_below(Path(root), at) if name not in tracked))
    return sorted(found)


def _files_below(root: Path, path: str, apart_from: t.Container[str] = ()) -> t.Iterator[str]:
    """Everything at and below a path that is no directory, relative to ``root``. Raises OSError where a directory cannot be read."""
    if not _is_directory(root / path):
        yield path
        return
    for inside in sorted(str(inside.relative_to(root)) for inside in (root / path).iterdir()):
        if inside not in apart_from:
            yield from _files_below(root, inside, apart_from)


def masked(text: str) -> str:
    """A text without the user and password of the addresses in it."""
    return re.sub(r"(?<=://)[^/@\s]+@", "***@", text)


def _is_directory(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _split(output: str) -> t.List[str]:
    return [line for line in output.split("\0") if line]
