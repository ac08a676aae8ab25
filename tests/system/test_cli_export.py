# SPDX-License-Identifier: Apache-2.0
"""signet export: what other servers take, judged by OpenSSL's own tools."""

import csv
import io
import json
import re
import subprocess

import pytest
from harness import free_port


def openssl(*args, check=0, input=None):
    done = subprocess.run(["openssl", *map(str, args)], capture_output=True, text=True, timeout=30, input=input)
    if check is not None:
        assert done.returncode == check, done.stdout + done.stderr
    return done.stdout + done.stderr


def make_device(home, folder, name):
    """A device with files of its own, issued by the home's CA."""
    key, csr, pem = (folder / f"{name}.{x}" for x in ("key", "csr", "pem"))
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-subj",
            f"/CN={name}", "-out", csr)
    home.signet("issue", csr, "--out", pem, check=0)
    return pem, key


@pytest.fixture
def two(home, folder):
    good, bad = make_device(home, folder, "good"), make_device(home, folder, "bad")
    home.signet("revoke", "bad", "--reason", "key-compromise", "--yes", check=0)
    return good, bad


# ------------------------------------------------------------------------------------------------------- openssl

def test_openssl_takes_the_good_one_and_refuses_the_revoked_one(home, folder, two):
    (good, _), (bad, _) = two
    out = folder / "out"
    home.signet("export", "openssl", out, check=0)
    by_file = ["-CAfile", out / "ca.pem", "-CRLfile", out / "crl.pem"]
    by_hash = ["-no-CAfile", "-no-CAstore", "-CApath", out / "certs"]
    for trust in (by_file, by_hash):
        common = ["verify", "-crl_check", "-purpose", "sslclient", *trust]
        assert "OK" in openssl(*common, good)
        assert "certificate revoked" in openssl(*common, bad, check=2)
    stranger = folder / "stranger.pem"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            folder / "s.key", "-subj", "/CN=good", "-out", stranger)
    assert "self-signed" in openssl("verify", "-crl_check", *by_file, stranger, check=2)


def test_the_names_are_those_of_rehash(home, folder, two):
    out = folder / "out"
    home.signet("export", "openssl", out, check=0)
    names = {p.name for p in (out / "certs").iterdir()}
    ca = openssl("x509", "-in", home.path / "ca/issuing.pem", "-noout", "-subject_hash").strip()
    root = openssl("x509", "-in", home.path / "ca/device-root.pem", "-noout", "-subject_hash").strip()
    assert names == {f"{ca}.0", f"{root}.0", f"{ca}.r0"}


def serve(start, home, out, port):
    server = start("openssl", "s_server", "-dtls1_2", "-accept", f"127.0.0.1:{port}", "-cert", home.path / "server/server.pem",
                 "-key", home.path / "server/server.key", "-CAfile", out / "ca.pem", "-CRL", out / "crl.pem", "-crl_check",
                 "-Verify", "5", "-verify_return_error", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256", stdin=subprocess.PIPE)
    server.expect("^ACCEPT")
    return server


def connect(home, port, device):
    pem, key = device
    try:
        return subprocess.run(["openssl", "s_client", "-dtls1_2", "-connect", f"127.0.0.1:{port}", "-cert", pem, "-key", key,
                               "-CAfile", home.path / "ca/server-root.pem", "-verify_return_error"],
                              input="hello\n", capture_output=True, text=True, timeout=15)
    except subprocess.TimeoutExpired:
        pytest.fail("s_client did not end")


def test_s_server_with_the_exported_files(home, folder, two, start):
    out = folder / "out"
    home.signet("export", "openssl", out, check=0)
    port = free_port()
    server = serve(start, home, out, port)
    done = connect(home, port, two[0])
    assert "Cipher is ECDHE-ECDSA" in done.stdout and done.returncode == 0, done.stdout + done.stderr
    server.stop()
    port = free_port()
    server = serve(start, home, out, port)
    done = connect(home, port, two[1])
    assert "certificate revoked" in done.stderr, done.stdout + done.stderr
    server.stop()


def test_the_index_serves_an_ocsp_responder(home, folder, two):
    out, ca = folder / "out", home.path / "ca/issuing.pem"
    home.signet("export", "openssl", out, check=0)
    for (pem, _), answer in zip(two, ("good", "revoked")):
        request, reply = folder / "ocsp.req", folder / "ocsp.rsp"
        openssl("ocsp", "-issuer", ca, "-cert", pem, "-no_nonce", "-reqout", request)
        openssl("ocsp", "-index", out / "index.txt", "-CA", ca, "-rsigner", ca, "-rkey", home.path / "ca/issuing.key",
                "-reqin", request, "-respout", reply)
        text = openssl("ocsp", "-respin", reply, "-issuer", ca, "-cert", pem, "-CAfile", out / "ca.pem")
        assert f"{pem}: {answer}" in text
        assert ("Reason: keyCompromise" in text) == (answer == "revoked")


def test_made_again_it_forgets_what_is_not_trusted_any_more(home, folder, two):
    out = folder / "out"
    home.signet("export", "openssl", out, check=0)
    (out / "certs/0badf00d.0").write_text("a CA of an earlier export")
    (out / "certs/notes.txt").write_text("not ours")
    (out / "ca.pem").write_text("old")
    home.signet("export", "openssl", out, check=0)
    assert not (out / "certs/0badf00d.0").exists() and (out / "certs/notes.txt").exists()
    assert "BEGIN CERTIFICATE" in (out / "ca.pem").read_text()


# -------------------------------------------------------------------------------------------------------- leshan

def test_leshan_gets_anchors_and_clients(home, folder, two):
    out = folder / "out"
    home.signet("export", "leshan", out, check=0)
    anchors = list((out / "trust").iterdir())
    assert len(anchors) == 1
    der = openssl("x509", "-in", home.path / "ca/issuing.pem", "-noout", "-fingerprint", "-sha256")
    assert anchors[0].name == re.sub("[^0-9A-F]", "", der.split("=")[1]).lower()[:16] + ".der"
    assert (out / "trust.pem").read_text() == (home.path / "ca/issuing.pem").read_text()
    assert json.loads((out / "clients.json").read_text()) == [{"endpoint": "good", "tls": {"mode": "x509"}}]
    assert json.loads((out / "removed.json").read_text()) == ["bad"]
    (out / "trust/0123456789abcdef.der").write_text("a CA of an earlier export")
    home.signet("export", "leshan", out, check=0)
    assert list((out / "trust").iterdir()) == anchors


# ---------------------------------------------------------------------------------------------------------- list

def test_the_list(home, folder, two):
    rows = list(csv.DictReader(io.StringIO(home.signet("export", "list", check=0).stdout)))
    assert [(r["endpoint"], r["state"], r["certificate"], r["reason"]) for r in rows] == \
        [("bad", "revoked", "revoked", "key-compromise"), ("good", "enrolled", "active", "")]
    devices = json.loads(home.signet("export", "list", "--format", "json", check=0).stdout)["devices"]
    assert [d["endpoint"] for d in devices] == ["bad", "good"]
    assert devices[0]["certificates"][0]["fingerprint"] == rows[0]["fingerprint"]
    home.signet("export", "list", "--out", folder / "list.csv", check=0)
    assert list(csv.DictReader((folder / "list.csv").open())) == rows


# ------------------------------------------------------------------------------------------------------- bad input

@pytest.mark.parametrize("args, code, says", [
    ([], 2, "export what?"),
    (["leshn", "x"], 2, "There are leshan DIR"),
    (["leshan"], 2, "the folder is missing"),
    (["openssl", "a", "b"], 2, "one word too many: b"),
    (["list", "x"], 2, "A file is named with --out"),
    (["list", "--format", "xml"], 2, "csv or json"),
    (["leshan", "x", "--out", "y"], 2, "for the list"),
    (["leshan", "/proc/none/x"], 1, "making the folder"),
    (["list", "--out", "/proc/none"], 1, "/proc/none"),
])
def test_bad_input(home, args, code, says):
    assert says in home.signet("export", *args, check=code).stderr


def test_the_place_is_a_file(home, folder):
    (folder / "file").write_text("mine")
    done = home.signet("export", "openssl", folder / "file", check=1)
    assert "file" in done.stderr and (folder / "file").read_text() == "mine"
