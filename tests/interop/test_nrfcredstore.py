# SPDX-License-Identifier: Apache-2.0
"""Nordic's nrfcredstore, as published, against nrf91sim.

It takes only ports that pyserial lists, and a pseudo-terminal is none of them: a sitecustomize module in the tool's
Python path adds the one that is meant. Nothing of the tool itself is changed."""

import hashlib
import os
import re
import subprocess
import sys

import pytest

TAG = "123"


@pytest.fixture
def credstore(start, folder):
    modem = start("nrf91sim", "--imei", "352656100367872", "--host", "at_host", "--firmware", "mfw_nrf91x1_2.0.2")
    port = modem.expect(r"^(/dev/\S+)$").group(1)
    (folder / "sitecustomize.py").write_text(
        "import serial.tools.list_ports as lp\n"
        "from serial.tools.list_ports_linux import SysFS\n"
        "lp.comports = lambda include_links=False: [SysFS(%r)]\n" % os.path.realpath(port))
    tool = os.path.join(os.path.dirname(sys.executable), "nrfcredstore")

    def call(*args, check=0):
        done = subprocess.run([tool, port, *map(str, args)], capture_output=True, text=True, timeout=60, cwd=folder,
                              env={**os.environ, "PYTHONPATH": str(folder)})
        assert done.returncode == check, done.stdout + done.stderr
        return done.stdout + done.stderr

    return call


def certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    "ca.key", "-out", "ca.pem", "-subj", "/CN=a CA", "-days", "9"], cwd=folder, check=True, capture_output=True)
    return folder / "ca.pem"


def test_imei(credstore):
    assert "352656100367872" in credstore("imei")


def test_write_list_delete(credstore, folder):
    pem = certificate(folder)
    credstore("write", TAG, "ROOT_CA_CERT", pem)
    listed = credstore("list", "--tag", TAG)
    # The tool strips the last newline before it writes: the modem's digest is of the bytes that it was sent.
    assert hashlib.sha256(pem.read_text().rstrip().encode()).hexdigest().upper() in listed
    credstore("delete", TAG, "ROOT_CA_CERT")
    assert not re.search(rf"^\s*{TAG}\b", credstore("list"), re.M)
    credstore("delete", TAG, "ROOT_CA_CERT", check=1)  # there is none any more


def test_generate(credstore, folder):
    credstore("generate", TAG, "device.csr", "--attributes", "CN=urn:imei:352656100367872")
    done = subprocess.run(["openssl", "req", "-inform", "DER", "-in", "device.csr", "-noout", "-verify", "-subject"],
                          cwd=folder, capture_output=True, text=True, check=True)
    assert "CN = urn:imei:352656100367872" in done.stdout
    assert "CLIENT_KEY" in credstore("list", "--tag", TAG)


def test_deleteall_leaves_the_factory_entries(credstore, folder):
    credstore("write", TAG, "ROOT_CA_CERT", certificate(folder))
    credstore("deleteall")
    tags = re.findall(r"^\s*(\d+)\b", credstore("list"), re.M)
    assert TAG not in tags
    assert {"4294967292", "4294967293", "4294967294"} <= set(tags)


def test_attestation_token(credstore):
    assert re.search(r"[\w-]{76}\.[\w-]{103}", credstore("attoken"))
