# SPDX-License-Identifier: Apache-2.0
"""signet identities: the maker's list, and what enroll and show say about where a modem's key is known from."""

import json
import sqlite3

import pytest
from harness import Home

UUID = "50363154-3931-44f0-8022-121b6401627d"
POINT = ("047b76ffcb0339a59c091651afe019a5f9ae5d0dc442994207bbb248f74cd80848"
         "61b98a7b0e8dea68ecfb04cb0985d1ee18686ee7b3f0af4bd1de51439c1f97bd")


@pytest.fixture
def other(folder, start):
    return Home(folder / "other", start)


def device(home, endpoint):
    return json.loads(home.signet("show", endpoint, "--json", check=0).stdout)


def pinned(home, endpoint):
    db = sqlite3.connect(home.path / "inventory.db")
    uuid, point = db.execute("SELECT uuid, identity FROM device WHERE endpoint = ?", (endpoint,)).fetchone()
    db.close()
    return uuid, point.hex()


def test_first_sight_pins_and_a_list_confirms(home, folder):
    modem = home.modem()
    done = home.signet("enroll", "--port", modem.port, check=0)
    assert "signed by this modem's identity key (now pinned)" in done.stdout
    assert device(home, modem.endpoint)["modem_identity"]["source"] == "first-sight"
    assert "known from first sight (pinned)" in home.signet("show", modem.endpoint).stdout
    done = home.signet("enroll", "--port", modem.port, check=0)
    assert "its identity key answers" in done.stdout
    done = home.signet("enroll", "--port", modem.port, "--renew", "--yes", check=0)
    assert "signed by this modem's identity key (pinned)" in done.stdout

    uuid, point = pinned(home, modem.endpoint)
    (folder / "list.csv").write_text(f"uuid,key\n{uuid},{point}\n{UUID},{POINT}\n")
    assert "Imported 2 identity keys, 0 known before" in home.signet("identities", "import", folder / "list.csv", check=0).stdout
    assert device(home, modem.endpoint)["modem_identity"]["source"] == "maker"
    assert "in the maker's list" in home.signet("show", modem.endpoint).stdout
    again = json.loads(home.signet("identities", "import", folder / "list.csv", "--json", check=0).stdout)
    assert again == {"added": 0, "known": 2}
    assert home.audit().count("identities-imported") == 1


def test_a_modem_of_the_list_proves_it(home, other, folder):
    modem = home.modem()
    home.signet("enroll", "--port", modem.port, check=0)
    uuid, point = pinned(home, modem.endpoint)
    (folder / "list.csv").write_text(f"{uuid},{point}\n")
    other.signet("identities", "import", folder / "list.csv", check=0)
    done = other.signet("enroll", "--port", modem.port, "--renew", "--yes", "--json", check=0)
    assert json.loads(done.stdout.splitlines()[-1])["enrolled"][0]["identity_key"] == "maker"


def test_a_modem_with_another_key_than_listed_is_left_alone(home, other, folder):
    modem = home.modem()
    home.signet("enroll", "--port", modem.port, check=0)
    uuid, _ = pinned(home, modem.endpoint)
    (folder / "list.csv").write_text(f"{uuid},{POINT}\n")
    done = home.signet("identities", "import", folder / "list.csv", check=3)
    assert f"line 1: the modem with UUID {uuid}, enrolled as {modem.endpoint}" in done.stderr
    assert "Nothing was imported" in done.stderr
    other.signet("identities", "import", folder / "list.csv", check=0)
    done = other.signet("enroll", "--port", modem.port, check=3)
    assert "its token is signed by another identity key" in done.stderr
    assert json.loads(other.signet("devices", "--json", check=0).stdout)["devices"] == []


def test_bad_lists(home, folder):
    done = home.signet("identities", "import", folder / "none", check=1)
    assert "cannot read" in done.stderr
    (folder / "bad.csv").write_text(f"{UUID},{POINT}\n{UUID},abc\n")
    done = home.signet("identities", "import", folder / "bad.csv", check=1)
    assert "bad.csv: line 2: the second field is no public key of P-256" in done.stderr
    home.signet("identities", check=2)
    home.signet("identities", "import", check=2)
    home.signet("identities", "list", "x", check=2)
    (folder / "good.csv").write_text(f"{UUID},{POINT}\n")
    assert "Imported 1 identity key, 0" in home.signet("identities", "import", folder / "good.csv", check=0).stdout
