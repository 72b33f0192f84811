# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Compose refuses is told in its own words, but for the values that it quotes: of the real Compose, which needs no engine for that."""

from __future__ import annotations

import secrets
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.compose import Compose, ComposeRefused

from tests.support.composed import docker_without_engine

VALUE = secrets.token_hex(12) + "1a"
PLAIN = "services: {web: {image: nginx, ports: ['80']}}"


@pytest.mark.parametrize(
    ("compose", "env", "said"),
    [
        pytest.param(PLAIN, f'X="{VALUE} more\nY={VALUE}\n', "{env}: line 3: unterminated quoted value ********", id="an unterminated quote"),
        pytest.param(PLAIN, f"A B={VALUE}\n", "{env}: line 1: key cannot contain a space", id="a name of two words"),
        pytest.param(PLAIN, "X=${A!%s}\n" % VALUE, "{env}: Invalid template: ********", id="a wrong template in the env file"),
        pytest.param(PLAIN.replace("'80'", "'x${X}'"), f"X={VALUE}\n", "invalid containerPort: x********", id="a value in a wrong place"),
        pytest.param(
            "services: {web: {image: nginx, environment: {A: '%s${b'}}}" % VALUE,
            "",
            "invalid interpolation format for services.web.environment.A. You may need to escape any $ with another $. ********",
            id="a dollar sign in a Compose file",
        ),
        pytest.param(
            "services: {web: {image: nginx, env_file: [other.env]}}",
            "",
            "other.env: line 2: unterminated quoted value ********",
            id="the env file of a service",
        ),
    ],
)
@pytest.mark.parametrize("named", [True, False], ids=["a named env file", "the env file beside the Compose file"])
def test_a_refusal_names_the_cause_and_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compose: str, env: str, said: str, named: bool) -> None:
    monkeypatch.setenv("PATH", docker_without_engine(tmp_path / "bin"))
    files = {"compose.yml": compose, ("named.env" if named else ".env"): env, "other.env": f"X='{VALUE}\n"}
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    chosen = ["--env-file", str(tmp_path / "named.env")] if named else []
    stack = {"arguments": ["--project-directory", str(tmp_path), *chosen, "--file", str(tmp_path / "compose.yml")], "files": ["compose.yml"], "directory": "x"}
    with pytest.raises(ComposeRefused) as refused:
        Compose(_run, stack).images()
    assert said.format(env=tmp_path / ("named.env" if named else ".env")) in refused.value.message
    assert VALUE not in refused.value.message


def _run(argv: t.Sequence[str], **_options: t.Any) -> tuple[int, str, str]:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr
