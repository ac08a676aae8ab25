# SPDX-License-Identifier: Apache-2.0
"""`signet probe server` on Leshan's server: exactly what docs/reference/probe-server.md says is found."""

import json
import re
import sys

import pytest

from harness import ROOT, free_port
from peers import java

sys.path.append(str(ROOT / "tests/system"))
from probe_server import ENDPOINT, OTHER, Pki, found, probe_all  # noqa: E402


def documented(column):
    rows = re.findall(r"^\| `(srv\.[a-z.-]+)` \| (\S+) \| (\S+) \|[^|]+\|$",
                      (ROOT / "docs/reference/probe-server.md").read_text(), re.M)
    assert len(rows) > 5
    return {row[0]: row[column] for row in rows if row[column] != "–"}


@pytest.mark.parametrize("roots,column", [("none.pem", 1), ("device-root.pem", 2)], ids=["default", "with-root"])
def test_what_is_found_on_leshan(start, folder, roots, column):
    pki = Pki(folder)
    pki.leaf("server", "localhost", "server-root", "extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=DNS:localhost")
    pki["none.pem"].write_text("")
    pki["clients.json"].write_text(json.dumps([{"endpoint": name, "tls": {"mode": "x509"}}
                                               for name in (ENDPOINT, OTHER, "urn:dev:revoked")]))
    port = free_port()
    server = java(start, "LeshanServerPeer", port, pki["server.pem"], pki["server.key"], pki[roots],
                  pki["clients.json"], 6)
    server.expect("^ready$", 60)
    results, code = probe_all(pki, port, free_port(), "--skip", "srv.flood")
    assert found(results) == documented(column), {k: (r["observed"], r["reason"]) for k, r in results.items()}
    assert code == 6
    assert results["srv.cid"]["facts"]["rfc9146"] is True
    assert results["srv.name"]["verdict"] == "nothing-against"
