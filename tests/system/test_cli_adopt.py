# SPDX-License-Identifier: Apache-2.0
"""signet adopt: what a factory's home has enrolled, the server's home lets in."""

import json

import pytest

from harness import Home, Modem, run


class Factory:
    """A home without roots, its issuing CA signed by `home`."""

    def __init__(self, home, folder):
        self.path, self.home, self.folder = folder / "factory", home, folder
        self.start_process = home.start_process
        run("signet", "init", "--home", self.path, "--factory", "--device-root", home.path / "ca/device-root.pem",
            "--server-root", home.path / "ca/server-root.pem", "--plain-keys", check=0)
        run("signet", "ca", "request", "--home", self.path, "--name", "lot 7", "--plain-keys", "--out", folder / "7.csr", check=0)
        home.signet("ca", "sign", folder / "7.csr", "--devices", "10", "--out", folder / "7.pem", check=0)
        run("signet", "ca", "import", "--home", self.path, folder / "7.pem", check=0)

    def signet(self, *args, **options):
        return run("signet", args[0], "--home", self.path, *args[1:], **options)

    def modem(self, policy=""):
        m = Modem(self, None)
        (self.folder / "line.yaml").write_text(policy)
        self.signet("enroll", "--port", m.port, *(["--policy", self.folder / "line.yaml"] if policy else []), check=0)
        return m

    def list(self):
        self.signet("export", "list", "--format", "json", "--out", self.folder / "devices.json", check=0)
        return self.folder / "devices.json"


@pytest.fixture
def factory(home, folder):
    return Factory(home, folder)


def endpoints(home):
    return {d["endpoint"] for d in json.loads(home.signet("devices", "--json", check=0).stdout)["devices"]}


def test_a_device_of_the_factory_is_let_in_by_a_running_server(home, factory):
    home.start()
    m = factory.modem()
    device = home.device(m)
    home.daemon.expect(f"event=refused .*{m.endpoint}", 20)
    assert home.signet("adopt", factory.list(), check=0).stdout.startswith("Adopted 1 device; 0 known before")
    home.daemon.expect(f"event=registered .*{m.endpoint}", 40)
    device.stop()
    assert "enrolled by another home" in home.audit()


def test_again_takes_only_what_is_new(home, factory):
    first = factory.modem()
    home.signet("adopt", factory.list(), check=0)
    second = factory.modem()
    done = json.loads(home.signet("adopt", factory.list(), "--json", check=0).stdout)
    assert (done["added"], done["known"]) == (1, 1)
    assert endpoints(home) == {first.endpoint, second.endpoint}


def test_both_identities_of_a_device(home, factory):
    m = factory.modem("bootstrap_tag: 35724862\n")
    for added, known in ((1, 0), (0, 1)):
        done = json.loads(home.signet("adopt", factory.list(), "--json", check=0).stdout)
        assert (done["added"], done["known"]) == (added, known)
    shown = json.loads(home.signet("show", m.endpoint, "--json", check=0).stdout)
    assert shown["identity"]["tag"] == 35724861
    assert {c["tag"]: c["state"] for c in shown["certificates"]} == {35724861: "active", 35724862: "active"}


def test_a_revoked_one_does_not_come_back(home, factory):
    m = factory.modem()
    home.signet("adopt", factory.list(), check=0)
    home.signet("revoke", m.endpoint, "--reason", "key-compromise", "--yes", check=0)
    assert "is revoked here" in home.signet("adopt", factory.list(), check=3).stderr


def altered(factory, change):
    path = factory.list()
    content = json.loads(path.read_text())
    change(content["devices"])
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("change, code, says", [
    (lambda d: d[1].update(endpoint="urn:imei:1"), 3, "its certificate says"),
    (lambda d: d[1]["certificates"][0].update(der="AAAA"), 1, "urn:imei"),
    (lambda d: d[1]["certificates"][0].update(der=d[0]["certificates"][0]["der"]), 3, "its certificate says"),
    (lambda d: d[1].pop("endpoint"), 1, "no endpoint name"),
    (lambda d: d[1]["certificates"][0].pop("der"), 1, "no certificate in the list"),
])
def test_a_list_with_one_bad_entry_is_refused_whole(home, factory, change, code, says):
    factory.modem(), factory.modem()
    done = home.signet("adopt", altered(factory, change), check=code)
    assert says in done.stderr and "Nothing was taken" in done.stderr
    assert endpoints(home) == set()


def test_a_ca_that_is_not_ours_is_not_trusted(home, factory, folder, start):
    other = Home(folder / "other", start)
    factory.modem()
    assert "not among the CAs trusted here" in other.signet("adopt", factory.list(), check=3).stderr


def test_what_is_no_list_says_what_is(home, folder):
    (folder / "x.json").write_text("[]")
    for name in ("x.json", "absent.json"):
        assert name in home.signet("adopt", folder / name, check=1).stderr
