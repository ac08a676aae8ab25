# SPDX-License-Identifier: Apache-2.0
"""signet issue: an identity for a key that is not in a modem, from a request made with openssl."""

import json
import os
import subprocess

import pytest

from harness import Home


@pytest.fixture
def home(folder, start):
    h = Home(folder / "home", start)
    subprocess.run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout a.key -out a.csr -subj /CN=urn:dev:a &&"
                   "openssl req -newkey rsa:2048 -nodes -keyout rsa.key -out rsa.csr -subj /CN=urn:dev:rsa &&"
                   "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout b.key -out b.csr -subj /CN=urn:dev:a",
                   shell=True, cwd=folder, check=True, capture_output=True)
    h.folder = folder
    return h


def issue(home, request, *args, **options):
    return home.signet("issue", home.folder / request, *args, **options)


def test_the_certificate_is_openssls_and_the_inventorys(home):
    out = issue(home, "a.csr", "--out", home.folder / "a.pem", check=0).stdout
    assert out.startswith("Issued urn:dev:a  certificate ")
    chain = home.folder / "chain.pem"
    chain.write_text((home.path / "ca/issuing.pem").read_text() + (home.path / "ca/device-root.pem").read_text())
    done = subprocess.run(["openssl", "verify", "-purpose", "sslclient", "-CAfile", chain, home.folder / "a.pem"], capture_output=True)
    assert done.returncode == 0, done.stderr
    devices = json.loads(home.signet("devices", "--json", check=0).stdout)["devices"]
    assert [d["endpoint"] for d in devices] == ["urn:dev:a"]
    assert "made elsewhere" in home.audit()


def test_again_gives_the_same(home):
    first = issue(home, "a.csr", check=0)
    again = issue(home, "a.csr", check=0)
    assert first.stdout == again.stdout and first.stdout.startswith("-----BEGIN CERTIFICATE-----")
    assert again.stderr.startswith("Issued before")


def test_one_name_has_one_identity(home):
    issue(home, "a.csr", check=0)
    assert "has another identity already" in issue(home, "b.csr", check=3).stderr
    assert 'already that of "urn:dev:a"' in issue(home, "a.csr", "--name", "urn:dev:b", check=3).stderr  # its key is urn:dev:a's


def test_a_revoked_name_stays_shut_out(home):
    issue(home, "a.csr", check=0)
    home.signet("revoke", "urn:dev:a", "--reason", "key-compromise", "--yes", check=0)
    assert "was revoked" in issue(home, "a.csr", check=3).stderr
    assert "was revoked" in issue(home, "b.csr", check=3).stderr


@pytest.mark.parametrize("content, says", [("rsa.csr", "P-256"), ("a.key", "request"), ("absent.csr", "absent.csr")])
def test_what_is_no_good_request_leaves_nothing(home, content, says):
    assert says in issue(home, content, check=1).stderr
    assert json.loads(home.signet("devices", "--json", check=0).stdout)["devices"] == []


def test_where_it_cannot_be_written_the_same_command_does_it_later(home):
    os.mkdir(home.folder / "taken")
    issue(home, "a.csr", "--out", home.folder / "taken", check=1)
    issue(home, "a.csr", "--out", home.folder / "a.pem", check=0)
    assert (home.folder / "a.pem").read_text().startswith("-----BEGIN CERTIFICATE-----")
