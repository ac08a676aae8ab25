# SPDX-License-Identifier: Apache-2.0
"""A modem with exactly one fault, and `signet probe modem`: each run finds its own fault, and only that."""

import json

import pytest
from harness import run

FINDS = {
    "reads-secrets": "modem.read-key",
    "writes-online": "modem.write.online",
    "takes-unsigned": "modem.write.unsigned",
    "takes-any-signer": "modem.write.wrong-signer",
    "same-key": "modem.keygen",
    "test-tag=2147483650": "modem.tags",
}


@pytest.fixture
def probed(start, folder):
    """The runs that failed with a locked modem that was started so."""
    def probe(*args):
        modem = start("nrf91sim", "--profile", "nrf91x1-2.0.4", *args)
        port = modem.expect(r"^(/dev/\S+)$").group(1)
        common = ("--home", folder / "no-home", "--port", port, "--key", folder / "lock.key", "--yes")
        run("signet", "modem", "lock", *common, check=0)
        done = run("signet", "probe", "modem", *common, "--evidence", folder / "evidence", "--json", timeout=120)
        results = json.loads(done.stdout)["results"]
        assert not [r["run"] for r in results if r["verdict"] == "skipped"]
        return [r["run"] for r in results if r["verdict"] == "fail"]
    return probe


def test_a_good_modem_passes(probed):
    assert probed("--set", "replayed=refused") == []


@pytest.mark.parametrize("fault", FINDS)
def test_each_fault_is_found_and_nothing_else(probed, fault):
    assert probed("--set", "replayed=refused", "--fault", fault) == [FINDS[fault]]


def test_a_command_that_can_be_repeated_is_found(probed):
    """What a modem does is not known: as it comes, the simulated one takes it."""
    assert probed() == ["modem.replay-at"]
