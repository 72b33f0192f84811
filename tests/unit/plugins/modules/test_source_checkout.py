# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""source_checkout: what is checked out, and what upstream may do without stopping it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.plugins.modules.source_server import Repository, Server, held

#: Each starts git many times: together they take longer than all other tests of modules.
pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(tmp_path, capsys, monkeypatch)


@pytest.fixture
def cloned(server: Server) -> Server:
    server.run()
    return server


def test_what_is_not_there_is_cloned_and_what_is_new_is_pulled(server: Server) -> None:
    first = server.upstream.head
    assert server.pulled(again=True)["commits"] == [{"dest": str(server.checkout.path), "from": None, "to": first, "log": []}]
    second = server.upstream.commit("two", {"VERSION": "two\n", "new/file": "new\n", "app/main.py": None})
    assert server.pulled(again=True)["commits"] == [{"dest": str(server.checkout.path), "from": first, "to": second, "log": [f"{second[:7]} two"]}]
    assert (server.checkout.read("VERSION"), server.checkout.git("status", "--porcelain", "--branch")) == ("two\n", "## main...origin/main")
    assert [path.name for path in server.checkout.path.parent.iterdir()] == ["shop"]


@pytest.mark.parametrize("version", ["v1", "annotated", "side", "HEAD", "the commit", "a short id"])
def test_a_version_may_be_a_branch_a_tag_or_a_commit(server: Server, version: str) -> None:
    server.upstream.git("checkout", "--quiet", "-b", "side")
    wanted = server.upstream.commit("aside")
    server.upstream.git("tag", "v1")
    server.upstream.git("tag", "--annotate", "--message", "x", "annotated")
    if version != "HEAD":
        server.upstream.git("checkout", "--quiet", "main")
        server.upstream.commit("later")
    version = {"the commit": wanted, "a short id": wanted[:10]}.get(version, version)
    assert server.run(version)["commits"][0]["to"] == wanted
    server.checkout.git("checkout", "--quiet", "-B", "main", server.upstream.git("rev-parse", "main"))
    if version != "HEAD":
        assert server.pulled(version)["commits"][0]["to"] == wanted


def test_head_is_the_branch_that_is_checked_out(cloned: Server) -> None:
    cloned.upstream.git("checkout", "--quiet", "-b", "side")
    cloned.upstream.commit("aside")
    cloned.run("main")
    cloned.upstream.git("checkout", "--quiet", "main")
    later = cloned.upstream.commit("later")
    cloned.upstream.git("checkout", "--quiet", "side")
    assert cloned.pulled("HEAD")["commits"][0]["to"] == later
    cloned.checkout.git("checkout", "--quiet", "-b", "gone")
    assert "its branch gone is not in" in cloned.refused("HEAD")


def test_what_is_nowhere_upstream_is_refused_for_all_checkouts_at_once(cloned: Server) -> None:
    other = str(cloned.folder / "srv" / "other")
    message = cloned.refused(
        checkouts=[{"repo": cloned.url, "dest": str(cloned.checkout.path), "version": "nowhere"}, {"repo": "file:///nowhere", "dest": other}]
    )
    assert message.startswith(f"Cannot pull the code of sandbox: in {cloned.checkout.path}: origin has no branch, tag or commit nowhere."), message
    assert f"in {other}: fatal: '/nowhere' does not appear to be a git repository" in message
    assert message.endswith("Nothing was pulled.")


@pytest.mark.parametrize("of_the_clone", [(), ("remote.origin.tagOpt", "--tags")], ids=["as cloned", "with all tags"])
def test_a_tag_that_moved_upstream_stops_nothing(cloned: Server, of_the_clone: tuple[str, ...]) -> None:
    cloned.upstream.git("tag", "v1")
    cloned.run("v1")
    if of_the_clone:
        cloned.checkout.git("config", *of_the_clone)
    wanted = cloned.upstream.commit("two")
    cloned.upstream.git("tag", "--force", "v1")
    assert cloned.pulled("main")["commits"][0]["to"] == wanted
    wanted = cloned.upstream.commit("three")
    cloned.upstream.git("tag", "--force", "--annotate", "--message", "x", "v1")
    assert cloned.pulled("v1")["commits"][0]["to"] == wanted
    assert cloned.checkout.git("rev-parse", "v1^{commit}") == wanted


def test_a_tag_of_this_server_alone_is_work(cloned: Server) -> None:
    cloned.checkout.git("checkout", "--quiet", "--detach")
    mine = cloned.checkout.commit("mine")
    cloned.checkout.git("tag", "v2")
    cloned.checkout.git("checkout", "--quiet", "main")
    cloned.upstream.git("tag", "v2")
    assert f"these commits are on no remote branch: {mine[:7]} mine." in cloned.refused("v2")


@pytest.mark.parametrize("wanted", ["a branch", "a tag", "a commit"])
def test_a_shallow_clone_of_one_branch_can_change_its_branch_and_remains_shallow(server: Server, wanted: str) -> None:
    server.upstream.commit("two")
    server.upstream.git("clone", "--quiet", "--depth=1", server.url, str(server.checkout.path))
    server.upstream.git("checkout", "--quiet", "-b", "side")
    commit = server.upstream.commit("three", {"VERSION": "three\n"})
    server.upstream.git("tag", "v3")
    server.upstream.git("checkout", "--quiet", "main")
    version = {"a branch": "side", "a tag": "v3", "a commit": commit}[wanted]
    assert server.pulled(version)["commits"][0]["to"] == commit
    assert server.checkout.git("rev-parse", "--is-shallow-repository") == "true"
    back = server.upstream.commit("four")
    assert server.pulled("main")["commits"][0]["to"] == back
    assert server.checkout.git("rev-list", "--count", "HEAD") == "2"


def test_a_branch_below_the_name_of_one_that_was_stops_nothing(cloned: Server) -> None:
    cloned.upstream.git("branch", "release")
    cloned.run("release")
    cloned.upstream.git("branch", "--delete", "release")
    cloned.upstream.git("checkout", "--quiet", "-b", "release/1")
    wanted = cloned.upstream.commit("two")
    assert cloned.pulled("release/1")["commits"][0]["to"] == wanted


def test_a_repository_that_moved_is_followed(cloned: Server) -> None:
    cloned.upstream.path.rename(cloned.folder / "library")
    cloned.upstream.path = cloned.folder / "library"
    wanted = cloned.upstream.commit("two")
    assert cloned.pulled()["commits"][0]["to"] == wanted
    assert cloned.checkout.git("remote", "get-url", "origin") == cloned.url


# Submodules.


@pytest.fixture
def library(server: Server) -> Repository:
    made = server.repository("library", {"lib.py": "one\n", ".gitignore": "*.log\n"})
    server.upstream.git("submodule", "--quiet", "add", f"file://{made.path}", "lib")
    server.upstream.commit("with a library")
    assert server.pulled()["changed"]
    return made


def advance(server: Server, library: Repository, files: dict[str, str | None]) -> str:
    """A new commit of the library, and one upstream that names it; the one of the library."""
    commit = library.commit("two", files)
    server.upstream.git("submodule", "--quiet", "update", "--remote")
    server.upstream.commit("new library", None) if not server.upstream.git("add", "lib") else None
    return commit


def test_submodules_follow_their_checkout_also_after_a_rollback_that_left_them(server: Server, library: Repository) -> None:
    before = server.checkout.head
    wanted = advance(server, library, {"lib.py": "two\n"})
    server.pulled()
    inside = Repository(server.checkout.path / "lib")
    assert inside.head == wanted
    server.checkout.git("reset", "--quiet", "--keep", before)
    assert server.pulled(again=True)["changed"]
    assert (inside.head, inside.read("lib.py")) == (wanted, "two\n")


@pytest.mark.parametrize("work", ["a change", "in the way", "a commit"])
def test_work_in_a_submodule_is_refused_and_with_force_kept(server: Server, library: Repository, work: str) -> None:
    inside = Repository(server.checkout.path / "lib")
    name = "debug.log" if work == "in the way" else "lib.py"
    mine = ""
    if work == "a commit":
        mine = inside.commit("mine", {name: "mine\n"})
    inside.write(name, "mine\n")
    wanted = advance(server, library, {name: "theirs\n"})
    said = {"a change": "there are changes: lib/lib.py.", "in the way": "in the way of the new version: lib/debug.log."}
    assert said.get(work, f"on no remote branch: lib/{mine[:7]} mine.") in server.refused()

    kept = Path(server.pulled(force=True)["kept"][str(server.checkout.path)])

    assert (inside.head, inside.read(name)) == (wanted, "theirs\n")
    if work == "a commit":
        library.git("fetch", "--quiet", str(kept / "lib/commits.bundle"), "refs/*:refs/*")
        assert library.git("show", f"{mine}:{name}") == "mine"
    else:
        assert held(kept / "lib") == {name: "mine\n"}


def test_a_submodule_of_another_server_is_found_there(server: Server, library: Repository) -> None:
    """Its new commit is only where the new .gitmodules says."""
    library.git("clone", "--quiet", str(library.path), str(server.folder / "upstream-library"))
    other = Repository(server.folder / "upstream-library")
    wanted = other.commit("three", {"lib.py": "three\n"})
    server.upstream.git("config", "--file", ".gitmodules", "submodule.lib.url", "../upstream-library")
    server.upstream.git("add", ".gitmodules")
    server.upstream.git("submodule", "--quiet", "sync")
    Repository(server.upstream.path / "lib").git("fetch", "--quiet", str(other.path), "main")
    Repository(server.upstream.path / "lib").git("checkout", "--quiet", wanted)
    server.upstream.git("add", "lib")
    server.upstream.commit("moved")
    server.pulled()
    assert Repository(server.checkout.path / "lib").head == wanted


def test_a_submodule_that_comes_again_finds_its_old_checkout(server: Server, library: Repository) -> None:
    with_it = server.upstream.head
    server.upstream.git("rm", "--quiet", "lib")
    server.upstream.commit("without")
    server.pulled()
    server.upstream.git("revert", "--no-edit", "HEAD")
    assert server.upstream.git("rev-parse", f"{with_it}:lib")
    server.pulled()
    assert Repository(server.checkout.path / "lib").read("lib.py") == "one\n"
