# SPDX-License-Identifier: Apache-2.0
"""signet lot: the report of a run, and OpenSSL's own word on its signature."""

import csv
import json
import re
import shutil
import subprocess

import pytest
from harness import Home, run
from modem_port import at


@pytest.fixture
def lot(home, folder):
    """A lot of three: one board enrolled, one refused, one port where nothing is."""
    good, bad = home.modem(), home.modem()
    at(bad.port, 'AT%CMNG=0,35724861,4,"somebody"')
    home.good, home.bad = good, bad
    home.signet("enroll", "--lot", "A-1", "--port", good.port, "--port", bad.port, "--port", folder / "none")
    return home


def openssl_says(folder, name, root):
    return subprocess.run(["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", f"{name}.p7s", "-content",
                           f"{name}.json", "-CAfile", root, "-purpose", "any", "-out", "/dev/null"], cwd=folder,
                          capture_output=True, text=True)


def test_a_run_ends_with_its_report(lot):
    lots = lot.path / "lots"
    assert sorted(p.name for p in lots.iterdir()) == [f"A-1{x}" for x in ("-labels.html", ".csv", ".html", ".json", ".p7s")]
    report = json.loads((lots / "A-1.json").read_text())
    assert report["count"] == {"boards": 2, "enrolled": 1, "verified": 0, "failed": 1, "attempts": 3}
    board = next(b for b in report["boards"] if b["result"] == "enrolled")
    assert (board["endpoint"], board["modem"]["imei"]) == (lot.good.endpoint, lot.good.imei)
    assert board["modem"]["firmware"].startswith("mfw_nrf91x1") and board["attempt"]["operator"]
    shown = json.loads(lot.signet("show", lot.good.endpoint, "--json", check=0).stdout)
    assert board["certificate"]["fingerprint"] == shown["identity"]["fingerprint"].replace(":", "")
    reasons = [f["reason"] for f in report["failures"]]
    assert any("is used already" in r for r in reasons) and any("there is no port" in r for r in reasons)
    rows = list(csv.DictReader((lots / "A-1.csv").open(newline="")))
    assert {(r["imei"], r["result"]) for r in rows} == {(lot.good.imei, "enrolled"), (lot.bad.imei, "refused")}


def test_openssl_verifies_the_signature(lot):
    lots, root = lot.path / "lots", lot.path / "ca/device-root.pem"
    done = openssl_says(lots, "A-1", root)
    assert done.returncode == 0 and "Verification successful" in done.stderr, done.stderr
    assert openssl_says(lots, "A-1", lot.path / "ca/server-root.pem").returncode != 0
    text = (lots / "A-1.json").read_text()
    (lots / "A-1.json").write_text(text.replace(lot.good.imei, lot.bad.imei))
    assert openssl_says(lots, "A-1", root).returncode != 0
    assert "the signature does not fit" in lot.signet("lot", "verify", "A-1", check=1).stderr
    lot.signet("lot", "close", "A-1", check=0)
    assert (lots / "A-1.json").read_text() == text
    assert "is genuine" in lot.signet("lot", "verify", "A-1", check=0).stdout


def test_the_page_needs_nothing_else(lot):
    for name in ("A-1.html", "A-1-labels.html"):
        page = (lot.path / "lots" / name).read_text()
        assert not re.search(r"<script|<link|<img|src=|url\(|https?:", page), name
        assert page.count("<html") == 1 and page.endswith("</html>\n")
        assert lot.good.endpoint in page
    assert "is used already" in (lot.path / "lots/A-1.html").read_text()


def test_several_runs_are_one_lot(lot, folder):
    third = lot.modem()
    lot.signet("enroll", "--lot", "A-1", "--port", third.port, "--port", lot.good.port, check=0)
    shown = json.loads(lot.signet("lot", "show", "A-1", "--json", check=0).stdout)
    assert (shown["boards"], shown["enrolled"], shown["verified"], shown["failed"]) == (3, 2, 0, 1)
    assert len(shown["list"]) == 5
    assert lot.signet("lot", "verify", "A-1", check=0)
    lot.signet("enroll", "--lot", "A-2", "--port", lot.good.port, check=0)
    lots = json.loads(lot.signet("lot", "--json", check=0).stdout)["lots"]
    assert [(x["name"], x["enrolled"], x["verified"]) for x in lots] == [("A-1", 2, 0), ("A-2", 0, 1)]
    assert "lot-closed" in lot.audit() and lot.signet("audit", "verify").returncode == 0


def test_closed_again_nothing_changes(lot):
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in (lot.path / "lots").iterdir()}
    audit = lot.audit()
    lot.signet("lot", "close", "A-1", check=0)
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in (lot.path / "lots").iterdir()} == before
    assert lot.audit() == audit


def test_the_report_of_another_home_is_not_taken(lot, folder, start):
    other = Home(folder / "other/home", start) if (folder / "other").mkdir() is None else None
    m = other.modem()
    other.signet("enroll", "--lot", "A-1", "--port", m.port, check=0)
    for suffix in (".json", ".p7s"):
        shutil.copy(other.path / f"lots/A-1{suffix}", lot.path / f"lots/A-1{suffix}")
    assert "no issuing CA of this home" in lot.signet("lot", "verify", "A-1", check=1).stderr


def test_what_cannot_be_written_is_said_and_written_the_next_time(lot):
    lots = lot.path / "lots"
    shutil.rmtree(lots)
    lots.write_text("in the way")
    assert str(lots) in lot.signet("lot", "close", "A-1", check=1).stderr
    assert lots.read_text() == "in the way"
    lots.unlink()
    lot.signet("lot", "close", "A-1", check=0)
    lot.signet("lot", "verify", "A-1", check=0)


@pytest.mark.parametrize("args, code, says", [
    (["show"], 2, "the lot's name is missing"),
    (["close"], 2, "the lot's name is missing"),
    (["shwo", "A-1"], 2, "There are list, show, close and verify"),
    (["list", "A-1"], 2, "signet lot show A-1"),
    (["show", "A-1", "A-2"], 2, "one word too many: A-2"),
    (["show", "none"], 4, "there is no lot \"none\""),
    (["close", "none"], 4, "there is no lot \"none\""),
    (["verify", "../token"], 4, "there is no lot"),
])
def test_bad_input(home, args, code, says):
    assert says in home.signet("lot", *args, check=code).stderr


def test_no_lots_yet(home):
    assert "no lots yet" in home.signet("lot", check=0).stdout
    assert json.loads(home.signet("lot", "list", "--json", check=0).stdout) == {"lots": []}


@pytest.mark.parametrize("name", ["../x", ".x", "a b", "x" * 64, "-x"])
def test_a_name_that_cannot_be(home, name):
    m = home.modem()
    assert "cannot be a lot's name" in home.signet("enroll", f"--lot={name}", "--port", m.port).stderr
    assert "enrolled" not in home.signet("devices", check=0).stdout


def test_the_passphrase_is_asked_for_in_the_ways_of_enroll(folder):
    home, secret = folder / "home", folder / "secret"
    secret.write_text("a passphrase of the tests\n")
    secret.chmod(0o600)
    run("signet", "init", "--home", home, "--server", "x.example", "--passphrase-file", secret, check=0)
    done = run("signet", "lot", "close", "none", "--home", home, "--passphrase-file", secret, check=4)
    assert "there is no lot" in done.stderr
