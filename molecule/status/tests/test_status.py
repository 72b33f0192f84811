"""Every server stands on one page that needs nothing else, and the look left nothing on any of them."""

import os
import re
from pathlib import Path

import pytest

testinfra_hosts = ["ansible://rack"]


@pytest.fixture
def page():
    return (Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "rack.html").read_text(encoding="utf-8")


def test_the_server_is_on_the_page(host, page):
    assert re.search(rf"<h2[^>]*>\s*{host.backend.get_hostname()}\b", page)


def test_the_page_loads_nothing(page):
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", page)


def test_no_page_lies_on_the_server(host):
    assert not host.check_output("find /var/lib/mycosoft-rack /tmp -name '*.html' 2>/dev/null || true")
