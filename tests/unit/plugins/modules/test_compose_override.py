# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""compose_override, run for real: real files, the real Compose, and an engine on a real socket."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mycosoft.rack.plugins.modules import compose_override
from ansible_collections.mycosoft.rack.tests.fakes.docker_engine import DockerEngine

from tests.support.composed import Config, docker_without_engine, service

Result = dict[str, t.Any]
Run = t.Callable[..., Result]

FILES = {
    "shop": "services: {web: {image: nginx, mem_limit: 1g}}\n",
    "blog": "services: {app: {image: php, networks: [edge]}}\nnetworks: {edge: {external: true, name: the-edge}}\n",
}


@pytest.fixture
def engine(tmp_path: Path) -> t.Iterator[DockerEngine]:
    with DockerEngine(tmp_path) as running:
        yield running


@pytest.fixture
def stacks(tmp_path: Path) -> Config:
    """Two stacks of a plan, checked out."""
    found = {}
    for name, text in FILES.items():
        folder = tmp_path / "checkouts" / name
        folder.mkdir(parents=True)
        (folder / "compose.yml").write_text(text, encoding="utf-8")
        arguments = ["--project-name", name, "--project-directory", str(folder), "--file", str(folder / "compose.yml")]
        found[name] = {"project": name, "directory": str(folder), "files": ["compose.yml"], "arguments": arguments, "home": True, "elsewhere": {}}
    found["shop"].update(services={"web": service(4)}, networks=[])
    found["blog"].update(services={"app": service(2)}, networks=["the-edge"])
    return found


@pytest.fixture
def run(engine: DockerEngine, stacks: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("PATH", docker_without_engine(tmp_path / "bin"))

    def call(check: bool = False, **options: t.Any) -> Result:
        given = {"stacks": stacks, "state_directory": str(tmp_path), "docker_host": engine.address, "host": "sandbox", **options}
        with patch_module_args({**given, "_ansible_check_mode": check, "_ansible_diff": True}), pytest.raises(SystemExit):
            compose_override.main()
        assert engine.violations == []
        said = capsys.readouterr()
        result: Result = json.loads(said.out)
        # where the controller's code is loaded, too, warnings go to its display
        return {**result, "warned": " ".join([str(result.pop("warnings", "")), *said.err.split()])}

    return call


def written(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted((folder / "stacks").glob("*"))}


def test_each_stack_gets_a_file_that_says_what_the_plan_says(run: Run, tmp_path: Path) -> None:
    result = run()
    files = written(tmp_path)
    assert result["overrides"] == {name: str(tmp_path / "stacks" / f"{name}.yml") for name in FILES}
    assert sorted(files) == ["blog.yml", "shop.yml"]
    assert "# web: memory 4G, the Compose files say 1G\n" in files["shop.yml"]
    assert "mem_limit: 4G\n" in files["shop.yml"]
    assert (tmp_path / "stacks/shop.yml").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("more", "beside", "idle"),
    [
        pytest.param({"services": {"web": service(4)}}, "", [], id="one is here"),
        pytest.param({"services": {}, "elsewhere": {"web": "overflow1"}}, "", ["shop"], id="all are elsewhere"),
        pytest.param({"services": {}, "elsewhere": {"web": "overflow1"}}, ", db: {image: redis}", [], id="what nobody listed runs at home"),
        pytest.param({"services": {}, "elsewhere": {"web": "overflow1"}}, ", db: {image: redis, profiles: [debug]}", ["shop"], id="but for a profile"),
        pytest.param({"services": {}, "elsewhere": {"web": "overflow1"}, "home": False}, ", db: {image: redis}", ["shop"], id="not home"),
    ],
)
def test_a_stack_of_which_nothing_runs_here_is_told(run: Run, stacks: Config, more: Config, beside: str, idle: list[str]) -> None:
    stacks["shop"].update(more)
    compose = Path(stacks["shop"]["directory"]) / "compose.yml"
    compose.write_text(f"services: {{web: {{image: nginx}}{beside}}}\n", encoding="utf-8")
    assert run()["idle"] == idle


def test_check_mode_tells_what_was_never_deployed_and_a_deploy_leaves_nothing_so(run: Run) -> None:
    foreseen = run(check=True, host="overflow9")  # one process tells a warning once
    assert foreseen["unwritten"] == ["shop", "blog"]
    assert "shop was never deployed to overflow9: a deploy would build it and create its containers, replacing those that run." in foreseen["warned"]
    assert run()["unwritten"] == run(check=True)["unwritten"] == []


def test_check_mode_tells_what_comes_home_because_compose_cannot_foresee_a_start_of_nothing(run: Run, stacks: Config) -> None:
    """All services were placed elsewhere: with the override that is there Compose says "no service selected"."""
    here = stacks["shop"]["services"]
    stacks["shop"].update(services={}, elsewhere={"web": "overflow1"})
    assert run()["idle"] == ["shop"]
    assert run(check=True)["unwritten"] == [], "it is not started at all"
    stacks["shop"].update(services=here, elsewhere={})
    foreseen = run(check=True, host="overflow8")
    assert (foreseen["unwritten"], foreseen["changed"]) == (["shop"], True)
    assert "Nothing of shop runs on overflow8 yet: a deploy would start what comes there." in foreseen["warned"]
    assert run()["unwritten"] == run(check=True)["unwritten"] == []


def test_the_line_for_people_starts_the_same_stack(run: Run, tmp_path: Path, stacks: Config) -> None:
    run()
    by_hand = next(line for line in written(tmp_path)["shop.yml"].splitlines() if "By hand" in line)
    assert by_hand == f"# By hand: docker compose {' '.join(stacks['shop']['arguments'])} --file {tmp_path}/stacks/shop.yml up -d"


def test_a_second_run_changes_nothing_and_a_new_limit_is_shown_as_a_difference(run: Run, stacks: Config) -> None:
    assert run()["changed"] is True
    again = run()
    assert (again["changed"], again["diff"]) == (False, [])
    stacks["shop"]["services"]["web"] = service(8)
    changed = run()
    assert [(one["before"].count("mem_limit: 4G"), one["after"].count("mem_limit: 8G")) for one in changed["diff"]] == [(1, 1)]


def test_the_environment_is_written_and_never_shown(run: Run, stacks: Config, tmp_path: Path) -> None:
    first, second = "1." + secrets.token_hex(12), "2." + secrets.token_hex(12)
    stacks["shop"]["services"]["web"] = {**service(4), "addresses": {"API_URL": "http://api:8000", "DB": "http://db"}}
    for value, old in ((first, None), (second, first)):
        result = run(environment=json.dumps({"shop": {"web": {"TOKEN": value, "DB": f"http://{value}", "n o": value}}, "blog": {}}))
        text = written(tmp_path)["shop.yml"]
        assert f'      TOKEN: "{value}"\n' in text
        assert '      API_URL: "http://api:8000"\n' in text
        assert f'      DB: "http://{value}"\n' in text
        assert value not in json.dumps(result)
        if old:
            assert old not in json.dumps(result)
            assert '      API_URL: "http://api:8000"\n      DB: ********\n      TOKEN: ********\n      "n o": ********' in result["diff"][0]["before"]
            assert "      DB: ******** # another value\n      TOKEN: ******** # another value\n" in result["diff"][0]["after"]


def test_what_compose_says_of_the_environment_does_not_hold_it(run: Run, stacks: Config) -> None:
    value = secrets.token_hex(12) + "1a"
    Path(stacks["shop"]["directory"], "compose.yml").write_text("services: {web: {image: nginx, environment: 5}}\n", encoding="utf-8")
    message = run(environment=json.dumps({"shop": {"web": {"TOKEN": value}}}))["msg"]
    assert "Compose refuses compose.yml" in message
    assert value not in message
    assert "environment.shop: is not a mapping." in run(environment=json.dumps({"shop": value}))["msg"]
    wrong = run(environment="{" + value)["msg"]
    assert "it is not JSON" in wrong
    assert value not in wrong


def test_check_mode_tells_the_same_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    foreseen = run(check=True)
    assert written(tmp_path) == {}
    done = run()
    ours: Result = {"invocation": None, "unwritten": [], "warned": ""}  # warnings of one process add up
    assert {**foreseen, **ours} == {**done, **ours}


def test_where_one_stack_is_refused_nothing_is_written(run: Run, tmp_path: Path, stacks: Config) -> None:
    Path(stacks["blog"]["directory"], "compose.yml").write_text("services: [\n", encoding="utf-8")
    message = run()["msg"]
    assert message.startswith("Cannot deploy blog to sandbox: Compose refuses compose.yml in "), message
    assert message.endswith("No container was touched. Correct it and run again.")
    assert written(tmp_path) == {}


def test_all_refusals_come_at_once(run: Run, stacks: Config) -> None:
    stacks["blog"]["networks"] = []
    stacks["shop"]["services"] = {"wep": service(1)}
    message = run()["msg"]
    assert "the inventory lists the service wep" in message
    assert "its Compose files need the external network the-edge, which does not exist. List it in rack_stacks.blog.networks" in message


def test_a_network_that_the_stack_lists_is_told_as_missing_until_it_is_there(run: Run, engine: DockerEngine, stacks: Config) -> None:
    assert run()["missing_networks"] == ["the-edge"]
    engine.add_network("the-edge")
    assert run()["missing_networks"] == []
    stacks["blog"]["networks"] = []
    assert "msg" not in run(), "somebody else made it"


def test_a_stack_that_is_not_checked_out_is_told_in_check_mode_and_refused_in_a_real_run(run: Run, stacks: Config, tmp_path: Path) -> None:
    stacks["shop"]["directory"] = "/nowhere"
    foreseen = run(check=True)
    assert (foreseen["absent"], list(foreseen["overrides"])) == (["shop"], ["blog"])
    assert "Cannot deploy shop to sandbox: its directory /nowhere does not exist. Check out its sources first." in run()["msg"]
    assert written(tmp_path) == {}


def test_an_override_that_compose_refuses_is_not_written(run: Run, stacks: Config, tmp_path: Path) -> None:
    stacks["shop"]["services"]["web"] = {**service(4), "oom_score_adj": "much"}
    assert "Cannot deploy shop to sandbox: Compose refuses compose.yml in " in run()["msg"]
    assert written(tmp_path) == {}


def test_a_directory_that_cannot_be_made_is_named(run: Run) -> None:
    message = run(state_directory="/proc/nowhere")["msg"]
    assert message.startswith("Cannot write the override /proc/nowhere/stacks: "), message


@pytest.mark.parametrize(
    ("wrong", "said"), [({"shop": []}, "stacks.shop: is not a mapping."), ({"shop": {"directory": "/x"}}, "stacks.shop.files: is missing.")]
)
def test_what_is_no_plan_is_refused(run: Run, wrong: t.Any, said: str) -> None:
    message = run(stacks=wrong)["msg"]
    assert said in message
    assert message.endswith("Hand over hosts[host].stacks of the plan.")


@pytest.mark.parametrize(("api", "told"), [("1.43", 0), ("1.44", 1)])
def test_only_an_engine_that_knows_it_is_told_to_check_each_second_at_first(run: Run, tmp_path: Path, stacks: Config, api: str, told: int) -> None:
    Path(stacks["shop"]["directory"], "compose.yml").write_text("services: {web: {image: nginx, healthcheck: {test: ['CMD', 'true']}}}\n", encoding="utf-8")
    folder = tmp_path / "other"
    folder.mkdir()
    with DockerEngine(folder, api) as other:
        run(docker_host=other.address)
    text = written(tmp_path)["shop.yml"]
    assert text.count('      start_interval: "1s"\n') == told
    assert text.count("from Docker 25 on it takes a second") == 1 - told


def push(folder: Path, *names: str) -> None:
    """Commit files of a checkout with a new content. As in a pull, they are replaced."""
    for path in (folder / name for name in names):
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(secrets.token_hex(8), encoding="utf-8")
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for command in (["init", "--quiet"], ["--literal-pathspecs", "add", *names], [*identity, "commit", "--quiet", "--message=x"]):
        subprocess.run(["git", "-C", str(folder), *command], check=True, capture_output=True)


MOUNTING = """
services:
  web: {image: nginx, mem_limit: 1g, labels: [own=kept], volumes: ["./app.conf:/app.conf:ro", "./data:/data", "named:/var/lib"]}
  folder: {image: nginx, volumes: ["./conf.d/:/etc/nginx/conf.d:ro"]}
  beside: {image: nginx, volumes_from: ["folder:ro"]}
  linked: {image: nginx, volumes: ["./current:/current"]}
  config: {image: nginx, configs: [one]}
  secret: {image: nginx, secrets: [{source: two, target: password}]}
  device: {image: nginx, volumes: ["bound:/bound"]}
  data: {image: nginx, volumes: ["./data:/data", "/etc/hosts:/hosts", "./missing:/missing"]}
  plain: {image: nginx}
configs: {one: {file: ./one}}
secrets: {two: {file: ./two}}
volumes: {named: {}, bound: {driver_opts: {type: none, o: bind, device: HERE/bound}}}
"""


def test_a_label_says_what_git_tracks_where_a_service_mounts_so_that_compose_recreates_it_and_no_other(run: Run, stacks: Config, tmp_path: Path) -> None:
    folder = Path(stacks["shop"]["directory"])
    (folder / "compose.yml").write_text(MOUNTING.replace("HERE", str(folder)), encoding="utf-8")
    (folder / "current").symlink_to("version")
    (folder / "data").mkdir()

    def labels() -> dict[str, str]:
        assert "msg" not in run()
        services = re.split(r"\n  (?=\w)", written(tmp_path)["shop.yml"])[1:]
        found = {text.partition(":")[0]: re.findall(r'mycosoft.rack.mounted: "?([0-9a-f]{64})\b', text) for text in services}
        return {name: digests[0] for name, digests in found.items() if digests}

    assert labels() == {}, "it is no checkout"
    push(folder, "README")
    assert labels() == {}, "nothing of it is tracked"
    mounted = {"app.conf": ["web"], "conf.d/a[b]*": ["beside", "folder"], "version": ["linked"], "one": ["config"], "two": ["secret"], "bound/x": ["device"]}
    push(folder, *mounted)
    known = labels()
    assert sorted(known) == sorted(name for names in mounted.values() for name in names)
    push(folder, "README")
    (folder / "data/rows").write_text("new", encoding="utf-8")
    assert labels() == known, "nothing that is mounted was pushed"
    for path, names in mounted.items():
        push(folder, path)
        before, known = known, labels()
        assert [name for name in sorted(known) if known[name] != before[name]] == names, path


@pytest.mark.parametrize("broken", ["no-git", "no-repository"])
def test_where_git_does_not_say_what_it_tracks_a_deploy_goes_on_and_warns(
    run: Run, stacks: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    folder = Path(stacks["shop"]["directory"])
    (folder / "compose.yml").write_text("services: {web: {image: nginx, volumes: ['./app.conf:/app.conf']}}\n", encoding="utf-8")
    push(folder, "app.conf")
    if broken == "no-git":
        monkeypatch.setattr(shutil, "which", lambda _name: None)
    else:
        (folder / ".git/HEAD").unlink()
    result = run(host=broken)
    assert "msg" not in result
    assert "mycosoft.rack.mounted" not in written(tmp_path)["shop.yml"]
    assert f"Cannot read on {broken} which files git tracks in {folder}: " in result["warned"]


@pytest.mark.parametrize(
    ("shop", "blog", "said"),
    [
        pytest.param("image: 'app:latest', build: /a", "image: app, build: /b", "Cannot deploy blog and shop to sandbox: ", id="two contexts"),
        pytest.param("image: app, build: /a", "image: docker.io/library/app, build: /a/../a", "", id="one source"),
        pytest.param("image: app, build: /a", "image: app", "", id="one build"),
        pytest.param("image: 'app:1', build: /a", "image: 'app:2', build: /b", "", id="two names"),
        pytest.param("build: /a", "build: /b", "", id="no names"),
        pytest.param("image: app, build: /a", "image: app, build: {context: /a, dockerfile: Other}", "/a (Other)", id="two Dockerfiles"),
        pytest.param("image: app, build: /a", "image: app, build: {context: /a, target: y}", "/a (Dockerfile, target y)", id="two targets"),
        pytest.param("image: app, build: /a", "image: app, build: {context: /a, dockerfile_inline: FROM x}", "/a (an inline Dockerfile)", id="inline"),
        pytest.param("image: app, build: /a", "image: one, build: {context: /b, tags: [app]}", "app of blog from /b (Dockerfile)", id="a further tag"),
        pytest.param("image: app, build: /a", "image: app, build: /b, profiles: [never]", "", id="one is not built"),
        pytest.param("image: app, build: /a}, job: {image: app, build: /b", "image: php", "Cannot deploy shop to sandbox: ", id="one stack"),
    ],
)
def test_builds_that_give_different_images_one_name_are_refused(run: Run, stacks: Config, tmp_path: Path, shop: str, blog: str, said: str) -> None:
    for name, about in (("shop", f"web: {{{shop}}}"), ("blog", f"app: {{{blog}}}")):
        Path(stacks[name]["directory"], "compose.yml").write_text(f"services: {{{about}}}\n", encoding="utf-8")
        stacks[name].update(services={}, networks=[])
    message = run().get("msg", "")
    if said:
        assert said in message
        assert "different builds give their images one name, app" in message
        assert "web of shop from /a (Dockerfile)" in message
        assert written(tmp_path) == {}
    else:
        assert message == ""
