# SPDX-License-Identifier: Apache-2.0
"""A modem with exactly one fault, and `signet probe modem`: each run finds its own fault, and only that."""

import hashlib
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


def secrets_of(folder):
    """A private key and a pre-shared key, as files, and each text that would give one of them away."""
    key, psk = folder / "device.key", folder / "psk"
    run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key, check=0)
    psk.write_text("c0ffee5eca11ab1e0ddba11feedface5")
    psk.chmod(0o600)
    lines = [line for line in key.read_text().split("\n") if line and "-----" not in line]
    return key, psk, ["BEGIN PRIVATE KEY", psk.read_text(), *lines, *(line[-16:] for line in lines)]


def test_what_is_given_out_is_in_no_record(start, folder):
    """Of keys that a modem gives out, the probe says and keeps no more than digest and length."""
    key, psk, secrets = secrets_of(folder)
    modem = start("nrf91sim", "--profile", "nrf91x1-2.0.4", "--fault", "reads-secrets")
    port = modem.expect(r"^(/dev/\S+)$").group(1)
    for kind, file in ("key", key), ("psk", psk):
        run("signet", "modem", "write", file, "--home", folder / "no-home", "--port", port, "--tag", "77", "--type",
            kind, "--yes", check=0)
    said = [run("signet", "probe", "modem", "--home", folder / "no-home", "--port", port, "--yes", "--evidence",
                folder / "evidence", *json_too, timeout=120) for json_too in ([], ["--json"])]
    observed = next(r for r in json.loads(said[1].stdout)["results"] if r["run"] == "modem.read-key")["observed"]
    assert "private key at tag 77: given out" in observed and "PSK at tag 77: given out" in observed
    kept = [p for p in (folder / "evidence").rglob("*") if p.is_file() and p.name != "signer.key"]  # the folder's own
    assert {p.name for p in kept} >= {"record.json", "transcript.txt"}
    texts = [p.read_bytes().decode("latin-1") for p in kept] + [done.stdout + done.stderr for done in said]
    for secret in secrets:
        assert not [text for text in texts if secret.lower() in text.lower()], secret
    digest = hashlib.sha256(psk.read_bytes()).hexdigest().upper()
    assert any(f'%CMNG: 77,3,"{digest}",<32 bytes>' in text for text in texts)


def test_a_command_that_can_be_repeated_is_found(probed):
    """What a modem does is not known: as it comes, the simulated one takes it."""
    assert probed() == ["modem.replay-at"]
