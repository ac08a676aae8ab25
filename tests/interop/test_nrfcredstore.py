# SPDX-License-Identifier: Apache-2.0
"""Nordic's nrfcredstore, as published, against nrf91sim, through both hosts that it knows."""

import hashlib
import re
import subprocess

import pytest
from nordic_tools import modem_for

TAG = "123"


@pytest.fixture(params=["at_host", "shell"])
def credstore(start, folder, request):
    tools = modem_for(start, folder, "--host", request.param)
    call = lambda *args, check=0: tools.run("nrfcredstore", tools.port, *args, check=check)  # noqa: E731
    call.host = request.param
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
    # The tool strips the last newline before it writes: the modem's digest is of the bytes that it was sent. Through
    # the shell its line ends become CR LF.
    text = pem.read_text().rstrip()
    text = text.replace("\n", "\r\n") if credstore.host == "shell" else text
    assert hashlib.sha256(text.encode()).hexdigest().upper() in listed
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
