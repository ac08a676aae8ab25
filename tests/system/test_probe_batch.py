# SPDX-License-Identifier: Apache-2.0
"""`signet probe batch`: twins among the units of an inventory, a lot and files are found and named; others are not."""

import json

import pytest

from harness import run


@pytest.fixture
def batch(folder):
    def begin(*args, check=None):
        done = run("signet", "probe", "batch", *args, "--evidence", folder / "evidence", "--json", check=check)
        results = json.loads(done.stdout)["results"] if done.stdout else []
        return done, results[0] if results else None
    return begin


@pytest.fixture
def maker(folder):
    """Keys, certificates and requests as openssl makes them."""
    class Maker:
        def key(self, name):
            run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder / name, check=0)
            return folder / name

        def cert(self, name, key, cn, serial="1", issuer=None):
            args = ["openssl", "req", "-new", "-x509", "-key", key, "-subj", f"/CN={cn}", "-set_serial", serial, "-out",
                    folder / name, "-addext", "basicConstraints=critical,CA:FALSE"]
            run(*args, check=0)
            return folder / name

        def request(self, name, key):
            run("openssl", "req", "-new", "-key", key, "-subj", "/CN=x", "-out", folder / name, check=0)
            return folder / name

        def public(self, name, key):
            run("openssl", "pkey", "-in", key, "-pubout", "-out", folder / name, check=0)
            return folder / name
    return Maker()


@pytest.fixture
def three(maker):
    keys = [maker.key(f"k{i}.pem") for i in range(3)]
    return keys, [maker.cert(f"c{i}.pem", k, f"unit-{i}") for i, k in enumerate(keys)]


def test_units_that_differ_have_nothing_against_them(batch, three):
    _, result = batch(*three[1], check=0)
    assert result["verdict"] == "nothing-against"
    assert result["observed"] == "3 units, 3 public keys, 3 certificates, 3 serial numbers"


@pytest.mark.parametrize("form", ["request", "public"])
def test_a_shared_key_is_found_in_whatever_form(batch, three, maker, form):
    keys, certs = three
    twin = getattr(maker, form)("twin.pem", keys[1])
    _, result = batch(*certs, twin, check=6)
    assert result["verdict"] == "fail" and result["severity"] == "critical"
    assert "2 units share the public key" in result["observed"]
    assert str(certs[1]) in result["observed"] and str(twin) in result["observed"]
    assert str(certs[0]) not in result["observed"]


def test_one_certificate_in_two_units_is_found(batch, three, folder):
    copy = folder / "copy.pem"
    copy.write_bytes(three[1][0].read_bytes())
    _, result = batch(three[1][0], copy, check=6)
    assert "share the certificate" in result["observed"]
    bundle = folder / "bundle.pem"
    bundle.write_bytes(b"".join(c.read_bytes() for c in [*three[1], three[1][2]]))
    _, result = batch(bundle, check=6)
    assert "bundle.pem#3" in result["observed"] and "bundle.pem#4" in result["observed"]


def test_a_serial_number_twice_by_one_issuer_is_found(batch, maker):
    a, b = (maker.cert(f"{n}.pem", maker.key(f"{n}.key"), "same-issuer", serial="7") for n in "ab")
    _, result = batch(a, b, check=6)
    assert result["observed"].count("share") == 1 and "serial number 07 of same-issuer" in result["observed"]
    assert result["severity"] == "high"


def test_a_root_that_all_have_is_no_twin(batch, three, home, folder):
    root = (home.path / "ca/device-root.pem").read_bytes()
    chains = []
    for c in three[1]:
        chains.append(folder / f"chain-{c.name}")
        chains[-1].write_bytes(c.read_bytes() + root)
    batch(*chains, check=0)


def test_an_inventory_and_its_lots(batch, home, folder):
    for lot in ("first", "second"):
        for _ in range(2):
            modem = home.modem()
            home.signet("enroll", "--lot", lot, "--port", modem.port, check=0)
    _, result = batch("--home", home.path, check=0)
    assert result["observed"].startswith("4 units, 4 public keys, 4 certificates, 4 serial numbers, 4 key digests")
    _, result = batch("--home", home.path, "--lot", "first", check=0)
    assert result["observed"].startswith("2 units, 2 public keys")
    reports = [home.path / f"lots/{lot}.json" for lot in ("first", "second")]
    _, result = batch(*reports, check=0)
    assert result["observed"].startswith("4 units, 4 certificates")

    report = json.loads(reports[1].read_text())
    report["boards"][0]["certificate"] = json.loads(reports[0].read_text())["boards"][1]["certificate"]
    altered = folder / "altered.json"
    altered.write_text(json.dumps(report))
    _, result = batch(reports[0], altered, check=6)
    assert "share the certificate" in result["observed"] and "serial number" in result["observed"]
    assert batch("--home", home.path, "--lot", "third", check=4)[1] is None


def test_what_modems_list_is_compared(batch, home, folder):
    """The same server root in both is no twin; the same pre-shared key is."""
    lists = []
    for i, key in enumerate(["00" * 15 + "01", "00" * 15 + "02", "00" * 15 + "01"]):
        modem = home.modem()
        text = folder / "psk"
        text.write_text(key)
        text.chmod(0o600)
        common = ("--home", folder / "nowhere", "--port", modem.port, "--tag", "9")
        run("signet", "modem", "write", home.path / "ca/server-root.pem", *common, "--type", "ca", check=0)
        run("signet", "modem", "write", text, *common, "--type", "psk", check=0)
        lists.append(folder / f"modem-{i}.json")
        lists[-1].write_text(run("signet", "modem", "info", "--home", folder / "nowhere", "--port", modem.port, "--json",
                                 check=0).stdout)
    _, result = batch(*lists[:2], check=0)
    assert result["observed"] == "2 units, 2 key digests, 2 IMEIs, 2 device UUIDs"
    _, result = batch(*lists, check=6)
    assert result["observed"].count("share") == 1 and "share the key digest" in result["observed"]
    assert "modem-0.json" in result["observed"] and "modem-2.json" in result["observed"]


def test_units_without_keys_show_nothing(batch, folder, three):
    for i in range(2):
        (folder / f"empty-{i}.json").write_text(json.dumps({"imei": f"35151617000000{i}", "credentials": []}))
    _, result = batch(folder / "empty-0.json", folder / "empty-1.json", check=7)
    assert result["verdict"] == "skipped" and result["observed"] == "2 units, 2 IMEIs"
    assert batch(folder / "empty-0.json", three[1][0], check=7)[1]["verdict"] == "skipped"
    assert batch(folder / "empty-0.json", *three[1][:2], check=0)[1]["verdict"] == "nothing-against"


def test_one_unit_alone_shows_nothing(batch, three):
    _, result = batch(three[1][0], check=7)
    assert result["verdict"] == "skipped"


@pytest.mark.parametrize("content,why", [
    ("nothing", "neither PEM nor JSON"), ("{", "line 1"), ("{}", "no report of a lot"), ("", "neither PEM"),
    ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate"),
    ('{"credentials": [{"tag": 1, "type": 2, "sha256": "12"}]}', "64 digits"),
])
def test_other_files_are_refused_by_name(batch, folder, content, why):
    path = folder / "other"
    path.write_text(content)
    done, _ = batch(path, check=1)
    assert str(path) in done.stderr and why in done.stderr
    assert not (folder / "evidence").exists()
    assert batch(folder / "absent", check=4)[1] is None
