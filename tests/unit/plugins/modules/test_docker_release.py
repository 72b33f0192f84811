# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_release, run for real against an engine on a real socket, real files and a real git checkout."""

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mycosoft.rack.plugins.modules import docker_release
from ansible_collections.mycosoft.rack.tests.fakes.docker_engine import DockerEngine

Result = dict[str, t.Any]
Run = t.Callable[..., Result]
PINS = "rollback.mycosoft.rack/shop"
FIRST, SECOND, THIRD, FOURTH = (f"20261123T0{hour}0000Z-000{hour}" for hour in (5, 6, 7, 8))


@pytest.fixture
def engine(tmp_path: Path) -> t.Iterator[DockerEngine]:
    with DockerEngine(tmp_path) as running:
        yield running


class Shop:
    """A stack of one service, and the checkout that it is built from."""

    def __init__(self, engine: DockerEngine, folder: Path) -> None:
        self._engine = engine
        self.checkout = folder / "checkout"
        self.override = folder / "state/stacks/shop.yml"
        self.checkout.mkdir()
        self.override.parent.mkdir(parents=True)
        self.git("init", "--quiet")

    def git(self, *argv: str) -> str:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        return subprocess.run(["git", "-C", str(self.checkout), *who, *argv], check=True, capture_output=True, text=True).stdout.strip()

    @property
    def commit(self) -> str:
        return self.git("rev-parse", "HEAD")

    def deploy(self, version: str) -> None:
        """As a deploy leaves it: a commit, limits, an image that has the name, and a container of it."""
        self.git("commit", "--quiet", "--allow-empty", "--message", version)
        self.override.write_text(f"limits of {version}\n", encoding="utf-8")
        for image in self._engine.images.values():
            image.tags = [tag for tag in image.tags if tag != "shop-web:latest"]
        image = self._engine.add_image("shop " + version, ["shop-web:latest"])
        self._engine.containers.clear()
        labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": "web", "com.docker.compose.config-hash": version}
        self._engine.add_container("shop-web-" + version, image.id, "running", labels=labels, reference="shop-web:latest")

    def tags(self, version: str) -> list[str]:
        """Names of the image of a version; none where it is gone."""
        return sorted(tag for image in self._engine.images.values() if "shop " + version in image.layers for tag in image.tags)


@pytest.fixture
def shop(engine: DockerEngine, tmp_path: Path) -> Shop:
    made = Shop(engine, tmp_path)
    made.deploy("one")
    return made


@pytest.fixture
def run(engine: DockerEngine, shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(state: str, name: str, check: bool = False, **options: t.Any) -> Result:
        stacks = {"shop": {"project": "shop", "sources": [str(shop.checkout)]}}
        given = {"state": state, "run": name, "stacks": stacks, "state_directory": str(tmp_path / "state"), "docker_host": engine.address, **options}
        with patch_module_args({**given, "_ansible_check_mode": check}), pytest.raises(SystemExit):
            docker_release.main()
        assert engine.violations == []
        said = capsys.readouterr()
        result: Result = json.loads(said.out)
        # where the controller's code is loaded, too, warnings go to its display
        return {**result, "warned": " ".join([str(result.pop("warnings", "")), *said.err.split()])}

    return call


@pytest.fixture
def deployed(run: Run, shop: Shop) -> Run:
    """Two releases: what was found, and the second version, which went well."""
    assert "failed" not in run("pinned", FIRST)
    shop.deploy("two")
    assert "failed" not in run("finished", FIRST)
    return run


def test_what_is_found_becomes_a_release_and_its_image_gets_a_name(run: Run, shop: Shop, tmp_path: Path) -> None:
    result = run("pinned", FIRST)
    stack = result["stacks"]["shop"]
    assert (result["changed"], stack["found"], stack["release"]["result"]) == (True, True, "started")
    assert result["began"] == stack["release"]["began"]
    assert shop.tags("one") == [f"{PINS}/web:{FIRST}-found", "shop-web:latest"]
    assert (tmp_path / "state/releases/shop/current/override.yml").read_text() == "limits of one\n"
    assert run("pinned", FIRST)["changed"] is False


def test_who_started_it_is_known_from_the_lock(run: Run, tmp_path: Path) -> None:
    lock = {"run": FIRST, "purpose": "deploy", "by": "jane", "controller": None, "job": "17", "taken": "", "renewed": ""}
    (tmp_path / "state/lock.json").write_text(json.dumps({**lock, "lease": 600, "boot_id": "", "init_started": None, "uptime": 1.0}))
    release = run("pinned", FIRST)["stacks"]["shop"]["release"]
    assert (release["by"], release["job"]) == ("jane", "17")


def test_the_lock_of_another_run_says_nothing_about_this_one(run: Run, tmp_path: Path) -> None:
    lock = {"run": SECOND, "purpose": "deploy", "by": "jane", "controller": None, "job": "17", "taken": "", "renewed": ""}
    (tmp_path / "state/lock.json").write_text(json.dumps({**lock, "lease": 600, "boot_id": "", "init_started": None, "uptime": 1.0}))
    assert run("pinned", FIRST)["stacks"]["shop"]["release"]["by"] is None


def test_a_good_end_makes_what_runs_current_and_is_on_record(deployed: Run, shop: Shop, tmp_path: Path) -> None:
    assert shop.tags("two") == [f"{PINS}/web:{FIRST}", "shop-web:latest"]
    assert (tmp_path / "state/releases/shop/current").readlink() == Path(FIRST)
    last = json.loads((tmp_path / "state/history.jsonl").read_text().splitlines()[-1])
    assert all(last[f"{what}_available_{moment}"] > 0 for what in ("memory", "disk") for moment in ("before", "after"))
    assert (last["event"], last["stack"], last["result"], last["state"]["sources"]) == ("release", "shop", "ok", {str(shop.checkout): shop.commit})


def test_a_failed_run_goes_back_to_what_ran(deployed: Run, shop: Shop, engine: DockerEngine) -> None:
    before = shop.commit
    deployed("pinned", SECOND)
    shop.deploy("three")
    stranger = engine.add_container(
        "shop-new-1",
        state="running",
        created=1 << 31,
        labels={"com.docker.compose.project": "shop", "com.docker.compose.service": "new", "com.docker.compose.config-hash": "1"},
    )

    foreseen = deployed("restored", SECOND, check=True)
    assert (shop.override.read_text(), stranger.state, foreseen["changed"]) == ("limits of three\n", "running", True)
    result = deployed("restored", SECOND)

    assert (result["changed"], result["stacks"]["shop"]["release"]["id"], result["stacks"]["shop"]["stopped"]) == (True, FIRST, ["shop-new-1"])
    assert (shop.commit, shop.override.read_text()) == (before, "limits of two\n")
    assert shop.tags("two") == [f"{PINS}/web:{FIRST}", "shop-web:latest"]
    assert deployed("finished", SECOND, result="rolled_back")["stacks"]["shop"]["release"]["result"] == "rolled_back"


def test_one_goes_back_by_hand_and_further_back(deployed: Run, shop: Shop, tmp_path: Path) -> None:
    deployed("pinned", SECOND)
    assert deployed("restored", SECOND, to="previous")["stacks"]["shop"]["release"]["id"] == f"{FIRST}-found"
    deployed("finished", SECOND, result="rolled_back")
    assert (tmp_path / "state/releases/shop/current").readlink() == Path(f"{FIRST}-found")
    assert shop.override.read_text() == "limits of one\n"


def test_one_goes_further_back_although_compose_gave_what_it_started_again_another_hash(deployed: Run, shop: Shop, engine: DockerEngine) -> None:
    """Started without what it depends on, a service has another hash of its configuration than in the release."""
    deployed("pinned", SECOND)
    shop.deploy("three")
    deployed("finished", SECOND)
    for name, release in ((THIRD, FIRST), (FOURTH, f"{FIRST}-found")):
        pinned = deployed("pinned", name)["stacks"]["shop"]
        assert (pinned["found"], deployed("restored", name, to="previous")["stacks"]["shop"]["release"]["id"]) == (False, release)
        (container,) = engine.containers.values()
        container.image = next(image.id for image in engine.images.values() if "shop-web:latest" in image.tags)
        container.labels["com.docker.compose.config-hash"] = f"alone, by {name}"
        deployed("finished", name, result="rolled_back")


def test_to_go_back_by_hand_keeps_what_runs_first(deployed: Run, shop: Shop, tmp_path: Path) -> None:
    shop.deploy("by hand")
    foreseen = deployed("restored", SECOND, check=True, to="previous")
    assert foreseen["changed"] is True
    assert not (tmp_path / f"state/releases/shop/{SECOND}").exists()
    assert deployed("restored", SECOND, to="previous")["stacks"]["shop"]["release"]["id"] == FIRST, "the last one that was deployed"
    assert f"{PINS}/web:{SECOND}-found" in shop.tags("by hand")


def test_where_an_image_is_gone_nothing_is_touched(deployed: Run, shop: Shop, engine: DockerEngine) -> None:
    deployed("pinned", SECOND)
    gone = next(identity for identity, image in engine.images.items() if "shop one" in image.layers)
    del engine.images[gone]
    result = deployed("restored", SECOND, to="previous")
    assert result["failed"] is True
    assert f"Cannot roll back shop to release {FIRST}-found: the image {gone} of web is not there any more. Nothing of shop was changed." in result["msg"]
    assert shop.override.read_text() == "limits of two\n"


def test_one_stack_that_cannot_go_back_does_not_keep_the_others_from_it(deployed: Run, shop: Shop, engine: DockerEngine, tmp_path: Path) -> None:
    stacks = {"blog": {"project": "blog"}, "shop": {"project": "shop", "sources": [str(shop.checkout)]}, "new": {"project": "new"}}
    labels = {"com.docker.compose.project": "blog", "com.docker.compose.service": "page", "com.docker.compose.config-hash": "1"}
    page = engine.add_container("blog-page-1", engine.add_image("blog:1").id, "running", labels=labels, reference="blog:1")
    deployed("pinned", SECOND, stacks=stacks)
    shop.deploy("three")
    del engine.images[page.image]

    result = deployed("restored", SECOND, stacks=stacks)

    assert result["msg"].startswith(f"Cannot roll back blog to release {SECOND}-found: the image {page.image} of page is not there any more.")
    assert "shop" not in result["msg"]
    assert {name: stack["problem"] is None for name, stack in result["stacks"].items()} == {"blog": False, "shop": True, "new": True}
    assert result["starts"] == [{"stack": "shop", "services": ["web"], "waits": [{"project": "shop", "service": "web"}]}]
    assert shop.override.read_text() == "limits of two\n"


def test_going_back_by_hand_leaves_a_stack_alone_that_has_nothing_to_go_back_to(deployed: Run, shop: Shop, engine: DockerEngine) -> None:
    stacks = {"shop": {"project": "shop", "sources": [str(shop.checkout)]}, "new": {"project": "new"}}
    result = deployed("restored", SECOND, to="previous", stacks=stacks)
    assert result["stacks"]["shop"]["release"]["id"] == f"{FIRST}-found"
    said = "Cannot roll back new: nothing of ours ran before. Deploy instead."
    assert result["stacks"]["new"]["stays"] == said
    assert f"{said} It stays as it is." in result["warned"]


def test_where_nothing_was_gone_back_to_the_record_does_not_say_so(run: Run, engine: DockerEngine) -> None:
    engine.containers.clear()
    run("pinned", FIRST)
    assert run("restored", FIRST)["stacks"]["shop"]["release"] is None
    assert run("finished", FIRST, result="rolled_back")["stacks"]["shop"]["release"]["result"] == "failed"


def test_what_was_not_well_is_kept_with_its_log_where_only_the_owner_reads_it(deployed: Run, shop: Shop, tmp_path: Path) -> None:
    """Going back removes the container, and its log with it."""
    deployed("pinned", SECOND)
    shop.deploy("boom")
    problem = {"project": "shop", "service": "web", "container": "shop-web-1", "what": "ended with exit code 3", "when": None}
    found: Result = {
        "problems": [problem, {**problem, "project": "blog", "container": "blog-page-1"}],
        "logs": {"shop-web-1": ["boom: cannot read settings"], "blog-page-1": ["page"], "shop-api-2": ["of a rollout"]},
    }
    assert deployed("restored", SECOND, check=True, **found)["stacks"]["shop"]["failures"] is None

    kept = Path(deployed("restored", SECOND, **found)["stacks"]["shop"]["failures"])
    assert (kept, kept.stat().st_mode & 0o777) == (tmp_path / f"state/releases/shop/{SECOND}/failures.json", 0o600)
    assert json.loads(kept.read_text()) == [
        {**problem, "log": ["boom: cannot read settings"]},
        {"project": "shop", "container": "shop-api-2", "log": ["of a rollout"]},
    ]


def test_what_runs_as_it_did_is_not_started_again(deployed: Run, shop: Shop, engine: DockerEngine) -> None:
    """A start that failed before it replaced anything leaves everything as it was."""
    deployed("pinned", SECOND)
    shop.git("commit", "--quiet", "--allow-empty", "--message", "three")
    result = deployed("restored", SECOND)
    assert (result["changed"], result["starts"]) == (True, [])


@pytest.mark.parametrize(("state", "refused"), [("exited", False), ("running", True)])
def test_an_image_that_is_gone_is_no_reason_not_to_deploy_unless_its_container_runs(
    run: Run, shop: Shop, engine: DockerEngine, tmp_path: Path, state: str, refused: bool
) -> None:
    labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": "old", "com.docker.compose.config-hash": "1"}
    engine.add_container("shop-old-1", "sha256:gone", state, labels=labels, reference="old:1", exit_code=1)
    result = run("pinned", FIRST)
    if refused:
        assert result["msg"].startswith("Cannot record what runs of shop: the image of old was removed while its container runs")
        assert (engine.writes, (tmp_path / "state/releases").exists()) == ([], False)
    else:
        assert "The image of shop/old, which does not run, is gone: a rollback cannot start it." in result["warned"]
        shop.deploy("two")
        assert [start["services"] for start in run("restored", FIRST)["starts"]] == [["web"]]


def test_what_was_left_beside_a_stopped_service_is_not_taken_for_it(run: Run, shop: Shop, engine: DockerEngine) -> None:
    (web,) = engine.containers.values()
    web.state = "exited"
    engine.add_container("%s_shop-web-1" % web.id[:12], "sha256:new", "created", labels=web.labels, reference="shop-web:latest", created=1 << 31)
    run("pinned", FIRST)
    assert shop.tags("one") == [f"{PINS}/web:{FIRST}-found", "shop-web:latest"]


def test_a_file_that_git_ignores_is_not_overwritten_by_going_back(run: Run, shop: Shop) -> None:
    (shop.checkout / ".env").write_text("committed by mistake\n", encoding="utf-8")
    shop.git("add", ".env")
    shop.deploy("one, with .env")
    run("pinned", FIRST)
    shop.git("rm", "--quiet", ".env")
    (shop.checkout / ".git/info/exclude").write_text(".env\n", encoding="utf-8")
    shop.deploy("two")
    (shop.checkout / ".env").write_text("of this server\n", encoding="utf-8")
    after = shop.commit
    message = run("restored", FIRST)["msg"]
    assert f"files that git does not track are in the way: .env in {shop.checkout}. Nothing of shop was changed." in message, message
    assert ((shop.checkout / ".env").read_text(encoding="utf-8"), shop.commit) == ("of this server\n", after)


def test_commits_that_were_never_pushed_keep_a_name_when_going_back(run: Run, shop: Shop) -> None:
    run("pinned", FIRST)
    shop.deploy("two")
    mine = shop.commit
    run("restored", FIRST)
    assert shop.git("for-each-ref", "--format=%(objectname)", "refs/mycosoft.rack/kept/rollback") == mine


def test_submodules_go_back_too(run: Run, shop: Shop, tmp_path: Path) -> None:
    shop.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(shop.checkout), "lib")
    shop.deploy("with a library")
    run("pinned", FIRST)
    before = shop.git("-C", "lib", "rev-parse", "HEAD")
    shop.git("-C", "lib", "commit", "--quiet", "--allow-empty", "--message", "newer")
    shop.git("add", "lib")
    shop.deploy("two")
    run("restored", FIRST)
    assert shop.git("-C", "lib", "rev-parse", "HEAD") == before
    assert shop.git("status", "--porcelain") == ""


def test_files_in_a_submodule_that_was_a_file_are_not_lost_by_going_back(run: Run, shop: Shop) -> None:
    lib = shop.checkout / "lib"
    lib.write_text("a file\n", encoding="utf-8")
    shop.git("add", "lib")
    shop.deploy("with a file")
    run("pinned", FIRST)
    shop.git("rm", "--quiet", "lib")
    shop.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(shop.checkout), "lib")
    (shop.checkout / ".git/modules/lib/info/exclude").write_text("*.env\n", encoding="utf-8")
    shop.git("-C", "lib", "commit", "--quiet", "--allow-empty", "--message", "newer")
    mine = shop.git("-C", "lib", "rev-parse", "HEAD")
    shop.git("add", "lib")
    shop.deploy("two")
    after = shop.commit
    (lib / "secret.env").write_text("of this server\n", encoding="utf-8")
    (lib / "lib").write_text("changed\n", encoding="utf-8")
    message = run("restored", FIRST)["msg"]
    assert f"in the way: lib/lib, lib/secret.env in {shop.checkout}. Nothing of shop was changed." in message, message
    assert ((lib / "secret.env").read_text(encoding="utf-8"), shop.commit) == ("of this server\n", after)
    (lib / "secret.env").unlink()
    shop.git("-C", "lib", "checkout", "--quiet", "lib")
    run("restored", FIRST)
    assert lib.read_text(encoding="utf-8") == "a file\n"
    assert mine in (shop.checkout / ".git/modules/lib/refs/mycosoft.rack/kept/rollback" / mine).read_text(encoding="ascii")


def test_what_is_older_than_is_kept_is_forgotten(deployed: Run, shop: Shop) -> None:
    for name, version in ((SECOND, "three"), (THIRD, "four")):
        deployed("pinned", name)
        shop.deploy(version)
        forgotten = deployed("finished", name, keep=1)["stacks"]["shop"]["forgotten"]
        assert forgotten == ([f"{FIRST}-found"] if name == SECOND else [FIRST])
    assert (shop.tags("two"), shop.tags("four")) == ([], [f"{PINS}/web:{THIRD}", "shop-web:latest"])


def test_check_mode_says_and_writes_nothing(run: Run, shop: Shop, engine: DockerEngine, tmp_path: Path) -> None:
    assert run("pinned", FIRST, check=True)["changed"] is True
    assert run("finished", FIRST, check=True)["changed"] is True
    assert run("restored", FIRST, check=True)["stacks"]["shop"]["release"] is None
    assert (engine.writes, list((tmp_path / "state").iterdir())) == ([], [shop.override.parent])


@pytest.mark.parametrize(
    ("stacks", "said"),
    [
        pytest.param({"shop": {}}, "Cannot work on releases: stacks.shop.project", id="no project"),
        pytest.param({"shop": {"project": "shop", "sources": "y"}}, "stacks.shop.sources", id="sources that are no list"),
    ],
)
def test_bad_stacks_are_refused(run: Run, engine: DockerEngine, stacks: Result, said: str) -> None:
    result = run("pinned", FIRST, stacks=stacks)
    assert result["failed"] is True
    assert said in result["msg"]
    assert engine.writes == []


def test_an_end_without_a_beginning_is_refused(run: Run) -> None:
    assert "it never began" in run("finished", FIRST)["msg"]
