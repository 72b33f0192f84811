# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a checkout would lose if another commit were checked out. Nothing here changes a file."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import posixpath
import typing as t
from pathlib import Path

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._git.checkout import Checkout, Entry, Git, in_the_way
from ansible_collections.mycosoft.rack.plugins.module_utils._git.remote import Borrowed, Wanted, fetch, fetch_branches, find

#: How many paths or commits a message names.
_NAMED = 10


@dataclasses.dataclass(frozen=True)
class Work:
    """Work in one checkout, or in one submodule of it (``at``: its path with a slash, empty for the checkout itself), that a switch would overwrite."""

    checkout: Checkout
    at: str
    #: Tracked files with changes that nobody committed.
    changed: t.Tuple[str, ...]
    #: The same, in files that git was told not to look at.
    unseen: t.Tuple[str, ...]
    #: Untracked and ignored files where the new commit has files of its own; in a submodule that a file replaces all of them.
    in_the_way: t.Tuple[str, ...]
    #: Commits that are on no remote branch, each as id and subject.
    commits: t.Tuple[str, ...]
    #: The branches and tags, or HEAD, that lead to them.
    heads: t.Tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.changed or self.unseen or self.in_the_way or self.commits)


@dataclasses.dataclass(frozen=True)
class Source:
    """One checkout of a run, and what is to be in it."""

    checkout: Checkout
    repo: str
    version: str
    #: Whether the remote of the checkout has another address.
    moved: bool
    before: t.Optional[str]
    wanted: Wanted
    commit: str
    work: t.Tuple[Work, ...]

    @property
    def dest(self) -> str:
        return self.checkout.path

    def losses(self) -> str:
        """What would be lost, for people."""
        parts = [
            ("there are changes", [piece.at + name for piece in self.work for name in (*piece.changed, *piece.unseen)]),
            ("these files are in the way of the new version", [piece.at + name for piece in self.work for name in piece.in_the_way]),
            ("these commits are on no remote branch", [piece.at + name for piece in self.work for name in piece.commits]),
        ]
        return "; ".join("%s: %s" % (what, _listed(names)) for what, names in parts if names)


def _listed(names: t.Sequence[str]) -> str:
    more = ["%d more" % (len(names) - _NAMED)] if len(names) > _NAMED else []
    return ", ".join([*names[:_NAMED], *more]).encode("utf-8", "replace").decode("utf-8")


def examine(checkout: Checkout, repo: str, version: str, submodules: bool, dry: bool) -> Source:
    """Find out what is wanted and what it would overwrite. Fetches it; ``dry``: without writing anything into the checkout.

    Raises RackError: the cause alone, and what to do.
    """
    if not checkout.exists:
        refuse_occupied(Path(checkout.path))
        wanted = find(checkout.elsewhere("/"), repo, version, None)
        return Source(checkout, repo, version, False, None, wanted, wanted.commit or version, ())
    refuse_unfinished(checkout, "")
    moved = checkout.configured("remote.origin.url") != repo
    address = repo if moved else "origin"
    heads = ["HEAD"]
    with contextlib.ExitStack() as stack:
        fetched = _Aside(stack) if dry else _Inside()
        known = checkout.known()  # before a fetch leads remote branches elsewhere
        wanted = find(checkout, address, version, checkout.branch)
        if wanted.ref and checkout.commit(wanted.ref):
            heads.append(wanted.ref)
            known = checkout.known(apart_from=[wanted.ref])
        reader, commit = fetched.get(checkout, address, version, wanted)
        work = _Look(fetched, submodules).at(checkout, reader, address, commit, heads, known, "")
        return Source(checkout, repo, version, moved, checkout.head, wanted, commit, tuple(work))


def refuse_occupied(path: Path) -> None:
    """Raise RackError where there cannot be a new clone."""
    try:
        occupied = os.path.lexists(str(path)) and bool(not path.is_dir() or any(path.iterdir()))
    except OSError as error:
        raise RackError("%s. Look at its permissions" % error) from error
    if occupied:
        raise RackError("there are files, and no git checkout. Move them away, or correct dest in rack_stacks")
    parent = next(parent for parent in (path, *path.parents) if parent.exists())
    if not os.access(str(parent), os.W_OK | os.X_OK):
        raise RackError("%s is not writable for this user. Create %s, and give it to this user" % (parent, path))


def refuse_unfinished(checkout: Checkout, at: str) -> None:
    """Raise RackError where somebody is in the middle of something: it could not be kept."""
    operation = checkout.under_way()
    if operation:
        where = "in its submodule " + at.rstrip("/") if at else "there"
        remedy = "Remove .git/index.lock if no git runs there" if operation == "git command" else "Finish or abort it"
        raise RackError("a %s is not finished %s. %s" % (operation, where, remedy))


class _Inside:
    """Fetches into the checkout itself, but for its branches and files."""

    def get(self, checkout: Checkout, address: str, version: str, wanted: Wanted) -> t.Tuple[Git, str]:
        """Where the wanted commit can be read, and its id."""
        return checkout, fetch(checkout, address, version, wanted)

    def branches(self, checkout: Checkout, address: str) -> t.Tuple[Git, t.List[str]]:
        """Where all branches of the remote can be read, and the commits they are at."""
        fetch_branches(checkout, address)
        return checkout, _branches(checkout)


class _Aside(_Inside):
    """Fetches into repositories of its own that end with ``stack``."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack

    def get(self, checkout: Checkout, address: str, version: str, wanted: Wanted) -> t.Tuple[Git, str]:
        borrowed = self._borrow(checkout)
        return borrowed, borrowed.fetch(_url(checkout, address), version, wanted)

    def branches(self, checkout: Checkout, address: str) -> t.Tuple[Git, t.List[str]]:
        borrowed = self._borrow(checkout)
        borrowed.fetch_branches(_url(checkout, address))
        return borrowed, _branches(borrowed)

    def _borrow(self, checkout: Checkout) -> Borrowed:
        return self._stack.enter_context(Borrowed(checkout))


def _branches(git: Git) -> t.List[str]:
    return git.say("for-each-ref", "--format=%(objectname)", "refs/remotes").split()


class _Look:
    """How checkouts are compared with commits that were fetched."""

    def __init__(self, fetched: _Inside, submodules: bool) -> None:
        self._fetched = fetched
        self._submodules = submodules

    def at(self, checkout: Checkout, reader: Git, address: str, commit: str, heads: t.Sequence[str], known: t.Sequence[str], at: str) -> t.List[Work]:
        """The work in a checkout and in its submodules, of which there is any. ``heads``: names that will lead to ``commit``; ``known``: as in ``reach``."""
        tracked, unseen = checkout.index()
        wanted = reader.tree(commit)
        changed = checkout.changed()
        replaced = checkout.replaced(tracked, wanted)
        missing = [path for path, submodule in replaced.items() if submodule is None]  # there may be files instead
        incoming = [path for path, entry in wanted.items() if path not in tracked and not (entry.is_submodule and checkout.inside(path).exists)]
        moving = {name: found for name, found in ((name, checkout.commit(name)) for name in heads) if found and found != commit}
        commits = {name: self._only_here(checkout, address, found, known) for name, found in moving.items()}
        own = Work(
            checkout,
            at,
            changed=tuple(changed),
            unseen=tuple(path for path in unseen if path not in changed and wanted.get(path) != tracked[path] and checkout.differs(path, tracked[path])),
            in_the_way=tuple(in_the_way(checkout.path, [*incoming, *changed, *missing], tracked.keys() - missing)),
            commits=tuple(dict.fromkeys(line for lines in commits.values() for line in lines)),
            heads=tuple(name for name, lines in commits.items() if lines),
        )
        going = [piece for path, submodule in replaced.items() if submodule for piece in self._replaced(submodule, "%s%s/" % (at, path), [tracked[path].blob])]
        inside = self._inside(checkout, reader, commit, tracked, wanted, at) if self._submodules else ()
        return [piece for piece in (own, *going, *inside) if piece]

    def _replaced(self, submodule: Checkout, at: str, named: t.Sequence[str]) -> t.Iterator[Work]:
        """All work in a submodule whose directory git removes, and in those in it. Its repository remains, but for commits that no branch leads to.

        ``named``: the commits that its checkout names.
        """
        refuse_unfinished(submodule, at)
        tracked, unseen = submodule.index()
        changed = submodule.changed()
        known = [*(name for name in named if submodule.commit(name)), *submodule.known()]
        head = submodule.head
        commits = self._only_here(submodule, "origin", head, known) if head else []
        yield Work(
            submodule,
            at,
            changed=tuple(changed),
            unseen=tuple(path for path in unseen if path not in changed and submodule.differs(path, tracked[path])),
            in_the_way=tuple(submodule.untracked()),
            commits=tuple(commits),
            heads=("HEAD",) if commits else (),
        )
        for path, inside in submodule.submodules(tracked).items():
            yield from self._replaced(inside, "%s%s/" % (at, path), [tracked[path].blob])

    def _only_here(self, checkout: Checkout, address: str, head: str, known: t.Sequence[str]) -> t.List[str]:
        """Commits that no remote has. Where it looks so, all branches are fetched: somebody may have pushed them from elsewhere."""
        if not checkout.reach([head], known):
            return []
        everywhere, branches = self._fetched.branches(checkout, address)
        return everywhere.reach([head], [*known, *branches])

    def _inside(self, checkout: Checkout, reader: Git, commit: str, tracked: t.Mapping[str, Entry], wanted: t.Mapping[str, Entry], at: str) -> t.Iterator[Work]:
        for path, submodule in checkout.submodules({**tracked, **wanted}).items():
            place = "%s%s/" % (at, path)
            refuse_unfinished(submodule, place)
            # what the commits of the checkout name is known, too: it may be on no branch
            named = [entries[path].blob for entries in (tracked, wanted) if path in entries and submodule.commit(entries[path].blob)]
            known = [*named, *submodule.known()]
            target = wanted[path].blob if path in wanted and wanted[path].is_submodule else submodule.head
            if target is None:
                continue
            address = submodule_address(checkout, reader, commit, path)
            deeper, found = self._fetched.get(submodule, address, target, Wanted(None, target, target))
            yield from self.at(submodule, deeper, address, found, ["HEAD"], known, place)


def submodule_address(checkout: Checkout, reader: Git, commit: str, path: str) -> str:
    """Where a submodule comes from by the .gitmodules of a commit; ``origin``, where it says nothing."""
    code, output, _errors = reader.ask("config", "--blob", commit + ":.gitmodules", "--get-regexp", r"^submodule\..*\.(path|url)$")
    settings = [line.partition(" ") for line in output.splitlines()] if code == 0 else []
    name = next((key[: -len(".path")] for key, _space, value in settings if key.endswith(".path") and value == path), None)
    url = next((value for key, _space, value in settings if key == "%s.url" % name), "origin")
    return _relative(_url(checkout, "origin"), url) if url.startswith(("./", "../")) else url


def _url(checkout: Checkout, address: str) -> str:
    return (checkout.configured("remote.origin.url") or address) if address == "origin" else address


def _relative(base: str, url: str) -> str:
    """An address relative to the one of the repository that names it: ``git@host:group/a.git`` and ``../b.git`` are ``git@host:group/b.git``."""
    before, slashes, rest = base.partition("://")
    if slashes:
        host, _slash, path = rest.partition("/")
        return "%s://%s%s" % (before, host, posixpath.normpath(posixpath.join("/" + path, url)))
    host, colon, path = base.partition(":")
    return "%s:%s" % (host, posixpath.normpath(posixpath.join(path, url))) if colon else posixpath.normpath(posixpath.join(base, url))
