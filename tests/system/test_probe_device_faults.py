# SPDX-License-Identifier: Apache-2.0
"""Each fault of tests/peers/bad_device.c is found by its runs, and by no others: the matrix of fault and run.

The devices and their probes run beside each other: what takes time are pauses.
"""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import BIN, SERVER_NAME, free_port, run

ENDPOINT = "urn:imei:351516170000996"
# The fixture makes all runs against all devices, once: in one process, where several share the tests.
pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("device-faults")]

# fault: the runs that fail. Every other run must say that nothing spoke against the device, but for ALWAYS below.
FOUND_BY = {
    "none": [],
    "any-ca": ["dev.server.wrong-ca", "dev.server.same-name", "dev.server.broken-chain", "dev.mitm"],
    "ca-by-name": ["dev.server.same-name"],
    "no-signature": ["dev.server.wrong-key"],
    "no-time": ["dev.server.expired", "dev.server.future"],
    "no-name": ["dev.server.wrong-name", "dev.server.other-server"],
    "no-usage": ["dev.server.usage", "dev.server.ca-leaf"],
    "no-constraints": ["dev.server.not-a-ca"],
    "no-strength": ["dev.server.sha1", "dev.server.small-curve", "dev.server.small-rsa"],
    "weak-suites": ["dev.suite.offer", "dev.server.anon", "dev.suite.weak"],
    "old-version": ["dev.suite.offer", "dev.suite.weak", "dev.suite.old-version"],
    "no-tag": ["dev.record.tamper"],
    "no-replay-window": ["dev.record.replay"],
    "no-deduplication": ["dev.coap.repeat"],
    "ends-on-bad-record": ["dev.record.tamper", "dev.record.truncate", "dev.record.replay", "dev.flood"],
    "repeats-nonces": ["dev.record.nonce"],
    "reads-security": ["dev.rights"],
    "serial-in-clear": ["dev.capture"],
    "answers-plain": ["dev.plain"],
    "falls-back": ["dev.plain"],
    "storms": ["dev.silence"],
    "ends-on-alert": ["dev.flood"],
    "crashes-on-coap": ["dev.fuzz.coap"],
    "crashes-on-cbor": ["dev.fuzz.lwm2m"],
    "asks-status": [],  # it can learn of a revocation
    "ignores-status": ["dev.server.revoked"],
}

# What is said of every device here: its certificate is in clear, and it does not ask whether the server's is revoked.
ALWAYS = {"dev.capture": "remark", "dev.server.revoked": "not-applicable"}


def openssl(folder, *args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, cwd=folder)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Of each fault: run -> result."""
    folder = tmp_path_factory.mktemp("faults")
    home = folder / "home"
    run("signet", "init", "--home", home, "--server", SERVER_NAME, "--plain-keys", check=0)
    openssl(folder, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            "device.key", "-subj", f"/CN={ENDPOINT}", "-out", "device.csr")
    openssl(folder, "x509", "-req", "-in", "device.csr", "-CA", home / "ca/issuing.pem", "-CAkey",
            home / "ca/issuing.key", "-days", 30, "-out", "device.pem")

    def probe(fault):
        port = free_port()
        log = open(folder / f"{fault}.log", "w")
        device = subprocess.Popen([BIN / "bad_device", str(port), home / "ca/server-root.pem", folder / "device.pem",
                                   folder / "device.key", SERVER_NAME, ENDPOINT, fault], stdout=log, stderr=log)
        try:
            done = run("signet", "probe", "device", "--home", home, "--listen", f"127.0.0.1:{port}", "--evidence",
                       folder / fault, "--patience", 120, "--silence", 30, "--messages", 200, "--rate", 200, "--skip", "dev.scan", "--json", timeout=900)
            return {r["run"]: r for r in json.loads(done.stdout)["results"]}, done.stderr
        finally:
            device.kill()
            device.wait()
            log.close()

    with ThreadPoolExecutor(len(FOUND_BY)) as pool:
        return dict(zip(FOUND_BY, pool.map(probe, FOUND_BY)))


@pytest.mark.parametrize("fault", FOUND_BY)
def test_a_fault_is_found_by_its_runs_and_only_by_those(results, fault):
    seen, stderr = results[fault]
    assert len(seen) >= 34, stderr
    assert [name for name, r in seen.items() if r["verdict"] == "fail"] == FOUND_BY[fault], seen
    others = {name: (r["verdict"], r["observed"], r["reason"]) for name, r in seen.items()
              if r["verdict"] not in ("fail", "nothing-against", ALWAYS.get(name))}
    assert others == {}


def test_the_catalogue_is_made_whole(results):
    listed = json.loads(run("signet", "probe", "runs", "--json", check=0).stdout)["runs"]
    made = list(results["none"][0])
    assert [r["run"] for r in listed if r["kind"] == "device" and r["run"] != "dev.scan"] == made
