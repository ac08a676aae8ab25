# SPDX-License-Identifier: Apache-2.0
"""Servers with exactly one fault each: the runs that are made for it find it, and no other run says anything."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import Process
from probe_server import BadServer, Pki, found

FAIL, REMARK = "fail", "remark"
# fault of tests/peers/bad_server.c: what is found, and the exit code (7: srv.revocation-speed needs a home)
FAULTS = {
    "none": ({}, 7),
    "any-client-ca": ({"srv.wrong-ca": FAIL, "srv.self-signed": FAIL}, 6),
    "no-client-cert": ({"srv.no-cert": FAIL}, 6),
    "ignores-time": ({"srv.expired": FAIL, "srv.future": FAIL}, 6),
    "ignores-usage": ({"srv.usage": FAIL}, 5),
    "ignores-inventory": ({"srv.unknown": FAIL}, 6),
    "ignores-revocation": ({"srv.revoked": FAIL}, 6),
    "ignores-name": ({"srv.name": FAIL}, 6),
    "generic-alerts": ({f"srv.{run}": REMARK for run in ("wrong-ca", "self-signed", "expired", "future", "usage",
                                                         "unknown", "revoked")}, 7),
    "dtls10": ({"srv.version": FAIL}, 6),
    "null-suite": ({"srv.weak": FAIL}, 6),
    "anonymous-suite": ({"srv.weak": FAIL}, 6),
    "static-rsa": ({"srv.static": FAIL}, 5),
    "plain-psk": ({"srv.static": FAIL}, 5),
    "cbc-sha1": ({"srv.cbc-sha1": FAIL}, 5),
    "client-order": ({"srv.suites": REMARK}, 7),
    "weak-curve": ({"srv.curves": FAIL}, 5),
    "sha1-signature": ({"srv.signatures": FAIL}, 5),
    "no-cookie": ({"srv.cookie": FAIL}, 5),
    "no-extended-secret": ({"srv.extended-secret": FAIL}, 5),
    "legacy-renegotiation": ({"srv.renegotiation": FAIL}, 5),
    "compression": ({"srv.compression": FAIL}, 5),
    "large-records": ({"srv.fragment": FAIL}, 5),
    "draft-cid": ({"srv.cid": REMARK}, 7),
    "plain-port": ({"srv.plain": FAIL}, 6),
    "plain-on-dtls-port": ({"srv.plain": FAIL}, 6),
    "crashes": ({"srv.garbage": FAIL}, 6),
    "accepts-replays": ({"srv.replay": FAIL}, 6),
    "accepts-altered": ({"srv.tamper": FAIL}, 6),
    "repeats-nonce": ({"srv.nonce": FAIL}, 6),
    "fills-up": ({"srv.flood": FAIL}, 6),
}
# The server's own certificate, made by Pki.leaf; what is found.
CERTIFICATES = {
    "expired": ({"srv.cert.time": FAIL}, 6),
    "expires-soon": ({"srv.cert.time": REMARK}, 7),
    "other-name": ({"srv.cert.name": FAIL}, 6),
    "name-in-cn-only": ({"srv.cert.name": REMARK}, 7),
    "other-root": ({"srv.cert.chain": FAIL}, 6),
    "out-of-order": ({"srv.cert.chain": FAIL}, 6),
    "small-key": ({"srv.cert.strength": FAIL}, 6),
    "sha1": ({"srv.cert.strength": FAIL}, 6),
    "for-clients": ({"srv.cert.usage": FAIL}, 5),
    "for-anything": ({"srv.cert.usage": REMARK}, 7),
    "a-ca": ({"srv.cert.usage": FAIL}, 5),
}
SERVES = "extendedKeyUsage=serverAuth\n"
NAMED = "subjectAltName=DNS:localhost"


def make_certificates(pki):
    pki.root("stranger")
    pki.leaf("expired", "localhost", "server-root", SERVES + NAMED, "-days", "-1")
    pki.leaf("expires-soon", "localhost", "server-root", SERVES + NAMED, "-days", "9")
    pki.leaf("other-name", "other", "server-root", SERVES + "subjectAltName=DNS:other.example")
    pki.leaf("name-in-cn-only", "localhost", "server-root", SERVES)
    pki.leaf("other-root", "localhost", "stranger", SERVES + NAMED)
    pki.leaf("out-of-order", "localhost", "server-root", SERVES + NAMED)
    pki.leaf("small-key", "localhost", "server-root", SERVES + NAMED, kind=("RSA", "rsa_keygen_bits:1024"))
    pki.leaf("sha1", "localhost", "server-root", SERVES + NAMED, "-days", "1000", "-sha1")
    pki.leaf("for-clients", "localhost", "server-root", "extendedKeyUsage=clientAuth\n" + NAMED)
    pki.leaf("for-anything", "localhost", "server-root", NAMED)
    pki.leaf("a-ca", "localhost", "server-root", SERVES + NAMED + "\nbasicConstraints=critical,CA:TRUE",
             usage="digitalSignature,keyCertSign")
    pki.leaf("intermediate", "lot", "server-root", "basicConstraints=critical,CA:TRUE", usage="keyCertSign")
    pki.leaf("long", "localhost", "intermediate", SERVES + NAMED)
    pki.leaf("rsa", "localhost", "server-root", SERVES + NAMED, usage="digitalSignature,keyEncipherment",
             kind=("RSA", "rsa_keygen_bits:2048"))


class Matrix:
    """Probes the servers, some at a time: a probe mostly waits."""

    def __init__(self, folder):
        self.pki = Pki(folder)
        make_certificates(self.pki)
        self.pool = ThreadPoolExecutor(4)
        self.asked = {}

    def begin(self, name):
        if name not in self.asked:
            self.asked[name] = self.pool.submit(self.probe, name)
        return self.asked[name]

    def probe(self, name):
        running = []

        def start(*command):
            running.append(Process(*command))
            return running[-1]

        options, cert = ["--fault", name if name in FAULTS else "none"], "server"
        if name == "static-rsa":
            options += ["--rsa", self.pki["rsa.pem"], self.pki["rsa.key"]]
        if name == "large-records":  # the leaf and its issuer are more than 512 bytes
            cert = "long"
            options += ["--chain", self.pki["intermediate.pem"]]
        if name == "out-of-order":
            options += ["--chain", self.pki["stranger.pem"]]
        if name in CERTIFICATES:
            cert = name
        try:
            server = BadServer(start, self.pki, *options, cert=cert)
            runs = ["--only", "srv.flood,srv.no-cert"] if name == "fills-up" else ["--skip", "srv.flood"]
            return server.probe("--wait", 800, "--evidence", self.pki[f"evidence-{name}"], *runs)
        finally:
            for process in running:
                process.popen.kill()
                process.popen.wait()


@pytest.fixture(scope="module")
def matrix(tmp_path_factory):
    m = Matrix(tmp_path_factory.mktemp("matrix"))
    yield m
    m.pool.shutdown(cancel_futures=True)


ALL = {**FAULTS, **CERTIFICATES}


@pytest.mark.parametrize("name", list(ALL))
def test_each_fault_is_found_and_only_that(matrix, name):
    for ahead in list(ALL)[list(ALL).index(name):][:4]:
        matrix.begin(ahead)
    results, code = matrix.begin(name).result(timeout=600)
    expected, expected_code = ALL[name]
    assert found(results) == expected, {k: (r["observed"], r["reason"]) for k, r in results.items() if k in found(results)}
    assert code == expected_code
    for result in results.values():
        if result["verdict"] == "fail":
            assert result["severity"] and result["cure"] and result["observed"]
    skipped = {k for k, r in results.items() if r["verdict"] == "skipped"}
    if name == "crashes":  # nobody is left for the runs after it
        assert skipped >= {"srv.wrong-ca", "srv.replay"}
    elif name != "fills-up":
        assert skipped == {"srv.revocation-speed"}
