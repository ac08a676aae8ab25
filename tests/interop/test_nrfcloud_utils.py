# SPDX-License-Identifier: Apache-2.0
"""Nordic's nrfcloud-utils, as published, against nrf91sim: a device is given its credentials, its token is gathered."""

import csv
import hashlib
import re
import subprocess

import pytest
from modem_port import at
from nordic_tools import modem_for

TAG = 16842753
IMEI = "352656100367872"


def openssl(folder, *args):
    return subprocess.run(["openssl", *map(str, args)], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def ca(folder):
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key",
            "-out", "ca.pem", "-subj", "/CN=a maker", "-days", "9")
    return "--ca", "ca.pem", "--ca-key", "ca.key"


@pytest.mark.parametrize("host", ["at_host", "shell"])
@pytest.mark.parametrize("profile", ["nrf91x1-2.0.x", "nrf9160-1.3.x"])
def test_a_device_gets_its_credentials(start, folder, ca, host, profile):
    tools = modem_for(start, folder, "--host", host, "--profile", profile)
    said = tools.run("device_credentials_installer", "--port", tools.port, *ca, "-d", "--verify", "--coap", "-s", "-P",
                     "--id-imei", "--id-str", "nrf-", "--log-level", "debug")
    assert f"Device IMEI: {IMEI}" in said
    name = f"nrf-{IMEI}"
    assert openssl(folder, "verify", "-CAfile", "ca.pem", f"{name}_crt.pem") == f"{name}_crt.pem: OK\n"
    assert list(csv.reader(open(folder / "onboard.csv")))[0][0] == name
    if host == "at_host":  # what the tool calls verified is what it wrote: with CR LF
        text = (folder / f"{name}_crt.pem").read_text().replace("\n", "\r\n").encode()
        digest = hashlib.sha256(text).hexdigest().upper()
        assert at(tools.port, f"AT%CMNG=1,{TAG},1") == [f'%CMNG: {TAG},1,"{digest}"']
        assert at(tools.port, "AT+CFUN?") == ["+CFUN: 4"]  # trap 1: it leaves the modem offline


def test_the_uuid_is_the_name_by_default_and_a_second_run_needs_the_delete(start, folder, ca):
    tools = modem_for(start, folder, "--host", "at_host")
    uuid = at(tools.port, "AT%DEVICEUUID")[0].removeprefix("%DEVICEUUID: ")
    tools.run("device_credentials_installer", "--port", tools.port, *ca, "--verify", "-P")
    assert list(csv.reader(open(folder / "onboard.csv")))[0][0] == uuid
    first = at(tools.port, f"AT%CMNG=1,{TAG},2")
    (folder / "onboard.csv").unlink()
    tools.run("device_credentials_installer", "--port", tools.port, *ca, "-P", check=9)  # 519: there is a key
    assert at(tools.port, f"AT%CMNG=1,{TAG},2") == first
    tools.run("device_credentials_installer", "--port", tools.port, *ca, "-d", "--verify", "-P")
    assert at(tools.port, f"AT%CMNG=1,{TAG},2") != first


def test_old_firmware_is_refused_by_the_tool(start, folder, ca):
    tools = modem_for(start, folder, "--host", "at_host", "--profile", "nrf9160-1.2.x")
    assert "must be >= 1.3.0" in tools.run("device_credentials_installer", "--port", tools.port, *ca, "-P", check=8)


@pytest.mark.parametrize("host", ["at_host", "shell"])
def test_attestation_tokens_are_gathered(start, folder, host):
    tools = modem_for(start, folder, "--host", host)
    tools.run("gather_attestation_tokens", "--port", tools.port, "-P", "--csv", "tokens.csv")
    [[imei, uuid, token, _]] = csv.reader(open(folder / "tokens.csv"))
    assert imei == IMEI
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", uuid)
    assert re.fullmatch(r"[\w-]{76}\.[\w-]{103}", token)
    assert uuid in tools.run("modem_credentials_parser", "-a", token)


def test_an_nrf9160_has_no_token_for_the_cloud(start, folder):
    tools = modem_for(start, folder, "--host", "at_host", "--profile", "nrf9160-1.3.x")
    assert "not supported" in tools.run("gather_attestation_tokens", "--port", tools.port, "-P", check=1)


@pytest.mark.parametrize("profile", ["nrf91x1-2.0.x", "nrf9160-1.3.x"])
def test_the_reply_of_keygen_is_parsed(start, folder, profile):
    """With NULL parameters in the request's algorithm, and without."""
    tools = modem_for(start, folder, "--host", "at_host", "--profile", profile)
    [reply] = at(tools.port, "AT%KEYGEN=17,2,0")
    said = tools.run("modem_credentials_parser", "-k", reply.split('"')[1], "-s")
    assert "COSE digest matches payload" in said
    assert re.search(r"sec_tag:\s+17\b", said)
    assert "identity_key" in said
    [request] = folder.glob("*_17_csr.pem")
    subprocess.run(["openssl", "req", "-in", request, "-verify", "-noout"], check=True, capture_output=True)
