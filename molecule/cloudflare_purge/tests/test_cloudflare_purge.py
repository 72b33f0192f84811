"""One purge reached the API's stand-in, sent from the controller."""

import json
from pathlib import Path

testinfra_hosts = ["ansible://sandbox"]

LOG = Path(__file__).parents[3] / ".cache/rig/molecule/logs/cloudflare/requests.jsonl"


def test_the_stand_in_received_one_accepted_purge_of_the_public_service(host):
    requests = [json.loads(line) for line in LOG.read_text().splitlines()]
    purges = [request for request in requests if request["path"].endswith("/purge_cache")]
    assert purges
    assert purges[-1]["token"] is True
    assert "rack.example" in json.dumps(purges[-1]["body"])
