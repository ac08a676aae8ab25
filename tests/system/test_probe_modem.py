# SPDX-License-Identifier: Apache-2.0
"""`signet probe modem` leaves the modem as it was, compares it with the inventory, and records no secret. That each run
finds its own fault, and only that, is in test_bad_modem.py."""

import json
import os
import signal
import time

import pytest

from harness import run, wait_until

WRITES = ["modem.write.online", "modem.write.unsigned", "modem.write.wrong-signer", "modem.replay-at", "modem.keygen"]


def results_of(done):
    return {r["run"]: r for r in json.loads(done.stdout)["results"]}


def verdicts_of(done):
    return {name: r["verdict"] for name, r in results_of(done).items()}


def store_of(modem):
    listed = run("signet", "modem", "info", "--home", modem.nowhere, "--port", modem.port, "--json", check=0)
    facts = json.loads(listed.stdout)
    return facts["function"], facts["credentials"]


@pytest.fixture
def modem(home, folder):
    m = home.modem("--set", "replayed=refused")
    m.nowhere = folder / "nowhere"
    return m


@pytest.fixture
def probe(home, folder):
    def begin(modem, *args, where=None, check=None):
        return run("signet", "probe", "modem", "--home", where or home.path, "--port", modem.port, "--evidence",
                   folder / "evidence", "--json", "--yes", *args, check=check, timeout=120)
    return begin


def test_an_enrolled_and_locked_modem_has_nothing_against_it(home, modem, probe, folder):
    home.signet("enroll", "--port", modem.port, check=0)
    home.signet("modem", "lock", "--port", modem.port, "--yes", check=0)
    before = store_of(modem)
    done = probe(modem, "--keys", "4", check=0)
    assert set(verdicts_of(done).values()) == {"nothing-against"}
    assert len(verdicts_of(done)) == 8
    assert store_of(modem) == before
    assert all(r["setting"] == "design" for r in results_of(done).values())
    records = json.loads(run("signet", "probe", "records", folder / "evidence", "--json", check=0).stdout)
    assert records["whole"] and len(records["records"]) == 8
    by_run = {r["record"]["run"]: r["record"] for r in records["records"]}
    assert len(set(by_run["modem.keygen"]["facts"]["keys"])) == 4
    assert by_run["modem.keygen"]["facts"]["identity_key_known"]
    assert by_run["modem.tags"]["target"]["modem_firmware"] == "mfw_nrf91x1_2.0.2"
    assert modem.imei in by_run["modem.tags"]["target"]["identity"]
    assert by_run["modem.write.online"]["weight"] == "supporting"  # primary on the product alone
    assert all(c["ok"] for r in by_run.values() for c in r["controls"])
    assert all(by_run[name]["controls"] for name in ["modem.read-key", *WRITES[:-1]])


def test_without_a_lock_and_a_home_that_is_said(modem, probe):
    done = probe(modem, where=modem.nowhere, check=0)
    v = verdicts_of(done)
    assert v["modem.tags"] == "remark" and v["modem.digests"] == "not-applicable"
    for name in ("modem.write.unsigned", "modem.write.wrong-signer", "modem.replay-at"):
        assert v[name] == "not-applicable"
        assert "signet modem lock" in results_of(done)[name]["reason"]
    assert v["modem.read-key"] == v["modem.write.online"] == v["modem.keygen"] == "nothing-against"


def test_a_modem_on_the_network_goes_back_there(modem, probe):
    run("signet", "modem", "console", "--port", modem.port, input="AT+CFUN=1\n", check=0)
    before = store_of(modem)
    assert before[0] == 1
    probe(modem, where=modem.nowhere, check=0)
    assert store_of(modem) == before


@pytest.mark.parametrize("profile", ["nrf9160-1.3.x", "nrf9160-1.2.7", "nrf91x1-2.0.1", "nrf9151-ntn-1.x"])
def test_other_firmware_has_nothing_against_it_either(home, probe, profile):
    if profile == "nrf9160-1.2.7":
        profile = "nrf9160-1.2.x"  # makes no keys: that run is skipped
    modem = home.modem("--profile", profile)
    v = verdicts_of(probe(modem, where=home.path.parent / "nowhere"))
    assert "fail" not in v.values(), v
    if profile == "nrf9160-1.2.x":
        assert v["modem.keygen"] == "skipped"


def test_what_was_changed_after_production_is_found(home, modem, probe):
    home.signet("enroll", "--port", modem.port, check=0)
    tag = "35724861"
    common = ("--port", modem.port, "--tag", tag, "--yes")
    root = home.path / "ca/device-root.pem"
    home.signet("modem", "write", root, *common, "--type", "ca", "--replace", check=0)
    done = probe(modem, "--only", "modem.digests,modem.tags", check=6)
    assert verdicts_of(done) == {"modem.tags": "nothing-against", "modem.digests": "fail"}
    assert f"the root CA certificate at tag {tag} is another one" in results_of(done)["modem.digests"]["observed"]

    home.signet("modem", "delete", *common, "--type", "cert", check=0)
    done = probe(modem, "--only", "modem.digests", check=6)
    assert f"the client certificate is missing at tag {tag}" in results_of(done)["modem.digests"]["observed"]

    home.signet("modem", "write", root, "--port", modem.port, "--tag", "77", "--type", "ca", check=0)
    done = probe(modem, "--only", "modem.tags", check=5)
    assert "not in the inventory: root CA certificate at tag 77" in results_of(done)["modem.tags"]["observed"]


def test_pre_shared_keys_are_compared_too(home, modem, probe):
    home.signet("enroll", "--psk", "--port", modem.port, "--yes", check=0)
    done = probe(modem, "--only", "modem.digests,modem.read-key", check=0)
    assert set(verdicts_of(done).values()) == {"nothing-against"}
    (home.path / "psk.key").unlink()
    done = probe(modem, "--only", "modem.digests", check=0)
    assert verdicts_of(done) == {"modem.digests": "remark"}


def test_a_key_that_is_given_out_is_in_no_record(home, folder, probe):
    modem = home.modem("--fault", "reads-secrets")
    done = probe(modem, where=folder / "nowhere", check=6)
    failed = results_of(done)["modem.read-key"]
    assert failed["verdict"] == "fail" and failed["severity"] == "critical" and "given out" in failed["observed"]
    for path in (folder / "evidence").glob("*/*"):
        assert b"PRIVATE KEY" not in path.read_bytes() and b"000102030405" not in path.read_bytes(), path
    assert "PRIVATE KEY" not in done.stdout + done.stderr


def test_a_failed_control_skips_the_run(home, modem, probe, folder):
    """Locked with a key that is not at hand, a refusal shows nothing."""
    run("signet", "modem", "lock", "--home", modem.nowhere, "--port", modem.port, "--key", folder / "k", "--yes", check=0)
    done = probe(modem, where=modem.nowhere, check=7)
    v = verdicts_of(done)
    assert {n for n, verdict in v.items() if verdict == "skipped"} == set(WRITES)
    assert v["modem.read-key"] == "not-applicable"  # the store holds none, and one cannot be made
    assert "not at hand" in results_of(done)["modem.write.unsigned"]["reason"]
    other = folder / "other"
    run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", other, check=0)
    other.chmod(0o600)
    done = probe(modem, "--key", other, "--only", "modem.write.unsigned", where=modem.nowhere, check=7)
    assert "error 520" in results_of(done)["modem.write.unsigned"]["reason"]


def test_nothing_is_written_unasked(modem, folder):
    before = store_of(modem)
    done = run("signet", "probe", "modem", "--home", modem.nowhere, "--port", modem.port, "--evidence", folder / "e",
               "--json", check=7)
    v = verdicts_of(done)
    assert {n for n, verdict in v.items() if verdict == "skipped"} >= set(WRITES)
    assert v["modem.tags"] == "remark"
    assert "confirm with --yes" in done.stderr and store_of(modem) == before
    text = "".join(p.read_text() for p in (folder / "e").glob("*/transcript.txt"))
    assert "AT%CMNG=0" not in text and "AT%KEYGEN" not in text and "AT+CFUN=" not in text


def test_the_product_itself_is_no_simulator(modem, probe, folder):
    done = probe(modem, "--equipment", "Meter", "--serial", "7", check=3)
    assert "pseudo-terminal" in done.stderr and not (folder / "evidence").exists()
    done = probe(modem, "--modem-firmware", "mfw_nrf91x1_2.0.4", check=3)
    assert "says mfw_nrf91x1_2.0.2" in done.stderr


def test_runs_are_chosen_by_name(modem, probe, folder):
    done = probe(modem, "--only", "modem.write.*", "--skip", "modem.write.unsigned", where=modem.nowhere, check=0)
    assert list(results_of(done)) == ["modem.write.online", "modem.write.wrong-signer"]
    assert "Did you mean modem.tags" in probe(modem, "--only", "modem.tag", check=2).stderr
    assert "no run to be made" in probe(modem, "--only", "modem.tags", "--skip", "modem.*", check=2).stderr
    assert "in use" in run_taken(modem, probe)


def run_taken(modem, probe):
    run("signet", "modem", "keygen", "--home", modem.nowhere, "--port", modem.port, "--tag", "5", check=0)
    return probe(modem, "--tag", "5", where=modem.nowhere, check=1).stderr


@pytest.mark.parametrize("after", [0.1, 0.3, 0.6, 0.9, 1.2])
def test_killed_it_leaves_whole_records_and_goes_on(home, start, folder, after):
    modem = home.modem("--fault", "busy=20@%CMNG*")
    modem.nowhere = folder / "nowhere"
    before = store_of(modem)[1]
    evidence = folder / "evidence"
    command = ("signet", "probe", "modem", "--home", folder / "nowhere", "--port", modem.port, "--evidence", evidence,
               "--yes")
    p = start(*command)
    time.sleep(after)
    os.kill(p.pid, signal.SIGKILL)
    p.wait()
    if (evidence / "signer.crt").exists():
        run("signet", "probe", "records", evidence, check=0)
    run(*command, check=0, timeout=120)
    run("signet", "probe", "records", evidence, check=0)
    assert store_of(modem)[1] == before  # what the killed one left is gone, too
    assert not (evidence / ".unfinished").exists()


def test_interrupted_it_puts_the_modem_back(home, start, folder):
    modem = home.modem("--fault", "busy=60@%CMNG*")
    modem.nowhere = folder / "nowhere"
    run("signet", "modem", "console", "--port", modem.port, input="AT+CFUN=1\n", check=0)
    before = store_of(modem)
    evidence = folder / "evidence"
    p = start("signet", "probe", "modem", "--home", modem.nowhere, "--port", modem.port, "--evidence", evidence, "--yes")
    wait_until(lambda: list(evidence.glob("0001-*")), 30, "the first record")
    os.kill(p.pid, signal.SIGINT)
    assert p.wait(60) == 1
    p.expect("stopped after [1-7] run")
    assert store_of(modem) == before
    run("signet", "probe", "records", evidence, check=0)
