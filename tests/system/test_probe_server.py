# SPDX-License-Identifier: Apache-2.0
"""signet probe server, against signetd, against nobody, and as a person sees it."""

import json
import os
import pty
import re
import socket
import time
from signal import SIGINT

from harness import BIN, ROOT, SERVER_NAME, free_port, run, wait_until
from probe_server import BadServer, Pki, found


def probe(url, folder, *options, check=None, **more):
    return run("signet", "probe", "server", url, "--evidence", folder / "evidence", "--plain-port", free_port(),
               *options, timeout=300, check=check, **more)


def by_run(done):
    return {r["run"]: r for r in json.loads(done.stdout)["results"]}


def test_nothing_speaks_against_signetd(home, folder):
    """All runs, with identities of a test home; none of them is left behind. A minute is the promise: it takes 18 s where
    nothing else runs."""
    home.start()
    began = time.monotonic()
    done = probe(f"coaps://127.0.0.1:{home.lwm2m_port}", folder, "--name", SERVER_NAME, "--home", home.path,
                 "--throw-away", "--yes", "--json")
    took = time.monotonic() - began
    results = by_run(done)
    assert done.returncode == 0, {k: (r["verdict"], r["observed"], r["reason"]) for k, r in results.items()
                                  if r["verdict"] != "nothing-against"}
    assert {r["verdict"] for r in results.values()} == {"nothing-against"}
    runs = json.loads(run("signet", "probe", "runs", "--json", check=0).stdout)["runs"]
    assert list(results) == [r["run"] for r in runs if r["kind"] == "server"]
    assert took < 120
    assert results["srv.suites"]["facts"]["suites"][0]["name"] == "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
    assert results["srv.suites"]["facts"]["order"] == "server"
    assert results["srv.cid"]["facts"] == {"rfc9146": True, "draft": False, "length": 6}
    assert results["srv.cookie"]["facts"]["factor"] < 1
    speed = results["srv.revocation-speed"]["facts"]
    assert speed["ended_ms"] < 5000 and speed["refused_ms"] < 10000 and speed["resumed"] is False
    left = json.loads(home.signet("devices", "--json", check=0).stdout)["devices"]
    assert left and all(d["state"] == "revoked" for d in left if d["endpoint"].startswith("urn:signet:probe"))
    assert run("signet", "probe", "records", folder / "evidence", "--json", check=0)


def test_without_an_identity(home, folder):
    """What can be seen from outside is seen; the rest is skipped, and says so."""
    home.start()
    done = probe(f"coaps://127.0.0.1:{home.lwm2m_port}", folder, "--name", SERVER_NAME, "--json",
                 "--home", folder / "nowhere", "--skip", "srv.flood")
    results = by_run(done)
    assert done.returncode == 7
    assert found(results) == {}
    assert results["srv.weak"]["verdict"] == "nothing-against"
    for name in ("srv.no-cert", "srv.wrong-ca", "srv.revoked", "srv.replay"):
        assert results[name]["verdict"] == "skipped" and "--cert" in results[name]["reason"]
    assert "--ca" in results["srv.cert.chain"]["reason"]
    assert not (folder / "nowhere").exists()


def test_without_an_identity_who_lets_anybody_in_is_found(start, folder):
    server = BadServer(start, Pki(folder), "--fault", "no-client-cert")
    done = probe(f"coaps://127.0.0.1:{server.port}", folder, "--name", "localhost", "--json", "--only", "srv.no-cert")
    assert by_run(done)["srv.no-cert"]["verdict"] == "fail"
    assert done.returncode == 6


def test_a_revocation_that_does_not_act_is_found(home, start, folder):
    """A server of the same CA that asks no inventory: who was revoked stays in, and comes back."""
    home.start()
    pki = Pki(folder)
    (folder / "device-root.pem").write_text((home.path / "ca/device-root.pem").read_text()
                                            + (home.path / "ca/issuing.pem").read_text())
    server = BadServer(start, pki, "--fault", "ignores-inventory")
    done = probe(f"coaps://127.0.0.1:{server.port}", folder, "--name", "localhost", "--home", home.path,
                 "--throw-away", "--yes", "--json", "--only", "srv.revoked,srv.revocation-speed")
    results = by_run(done)
    assert results["srv.revoked"]["verdict"] == "fail"
    assert results["srv.revocation-speed"]["verdict"] == "fail"
    assert results["srv.revocation-speed"]["facts"]["ended_ms"] is None
    assert done.returncode == 6


def test_a_control_that_fails_proves_nothing(start, folder):
    """With an identity that is not let in, no refusal counts."""
    pki = Pki(folder)
    pki["known"].write_text("")
    server = BadServer(start, pki)
    results, code = server.probe("--only", "srv.no-cert,srv.wrong-ca,srv.expired,srv.name,srv.replay")
    assert {r["verdict"] for r in results.values() if r["run"] != "srv.name"} == {"skipped"}
    assert results["srv.name"]["verdict"] in ("skipped", "not-applicable")
    assert code == 7


def test_each_record_has_its_capture_and_controls(start, folder):
    server = BadServer(start, Pki(folder))
    server.probe("--only", "srv.weak,srv.wrong-ca")
    records = json.loads(run("signet", "probe", "records", folder / "evidence", "--json", check=0).stdout)["records"]
    assert [r["record"]["run"] for r in records] == ["srv.weak", "srv.wrong-ca"]
    for r in records:
        assert len(r["record"]["controls"]) == 2 and all(c["ok"] for c in r["record"]["controls"])
        assert r["record"]["setting"] == "design" and r["record"]["weight"] == "supporting"
        capture = folder / "evidence" / r["folder"] / "capture.pcapng"
        assert capture.stat().st_size > 500
        assert b"CLIENT_RANDOM" not in capture.read_bytes()  # the genuine identity's session: no keys are kept


def test_the_rate_is_kept(start, folder):
    """No more datagrams a second than was asked for."""
    server = BadServer(start, Pki(folder))
    text = run("signet", "probe", "server", f"coaps://127.0.0.1:{server.port}", "--name", "localhost", "--rate", 20,
               "--evidence", folder / "evidence", "--only", "srv.version,srv.suites", timeout=300).stdout
    sent, seconds = re.search(r"(\d+) datagrams sent in ([\d.]+) s, 20 a second at most", text).groups()
    assert int(sent) > 20
    assert int(sent) / float(seconds) <= 21


def test_nobody_there(folder):
    done = probe(f"coaps://127.0.0.1:{free_port()}", folder)
    assert done.returncode == 1
    assert "nothing listens" in done.stderr
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        done = probe(f"coaps://127.0.0.1:{silent.getsockname()[1]}", folder, "--wait", 200)
    assert done.returncode == 1
    assert "no answer to a DTLS ClientHello" in done.stderr


def test_the_reference_has_each_run():
    rows = re.findall(r"^\| `(srv\.[a-z.0-9-]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \| (\w+) \| [^|]+ \|$",
                      (ROOT / "docs/reference/probe-server.md").read_text(), re.M)
    runs = json.loads(run("signet", "probe", "runs", "--json", check=0).stdout)["runs"]
    assert rows == [(r["run"], r["title"], r["expected"], r["requirements"] or "–", r["severity"])
                    for r in runs if r["kind"] == "server"]


def test_wrong_usage(folder):
    for options, word in ((["coap://localhost"], "coaps://"), ([], "server is missing"), (["coaps://x:0"], "port"),
                          (["coaps://localhost", "--cert", "x"], "--key"), (["coaps://localhost", "--rate", "0"], "--rate"),
                          (["coaps://localhost", "--throw-away", "--cert", "x", "--key", "y"], "--throw-away")):
        done = run("signet", "probe", "server", *options, "--evidence", folder / "evidence")
        assert done.returncode == 2 and word in done.stderr, done.stderr
        assert not (folder / "evidence").exists()


def test_throw_away_asks(home, folder):
    home.start()
    done = probe(f"coaps://127.0.0.1:{home.lwm2m_port}", folder, "--home", home.path, "--throw-away")
    assert done.returncode == 3
    assert json.loads(home.signet("devices", "--json", check=0).stdout)["devices"] == []


def test_the_page(start, folder):
    """On a terminal in colour; elsewhere without; and as one HTML file that fetches nothing and escapes all."""
    pki = Pki(folder)
    pki.leaf("odd", "<b>odd", "server-root", "extendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost")
    server = BadServer(start, pki, "--fault", "null-suite", cert="odd")
    argv = [str(BIN / "signet"), "probe", "server", f"coaps://127.0.0.1:{server.port}", "--name", "localhost",
            "--evidence", str(folder / "evidence"), "--html", str(folder / "page.html"), "--only",
            "srv.version,srv.suites,srv.weak,srv.curves,srv.cert.time", "--rate", "1000"]
    plain = run(*argv).stdout
    assert "\x1b" not in plain
    for part in ("Versions", "Cipher suites, in the server's order", "TLS_ECDHE_ECDSA_WITH_NULL_SHA", "WEAK",
                 "What to do", "critical", "nothing against"):
        assert part in plain, plain
    html = (folder / "page.html").read_text()
    assert "&lt;b&gt;odd" in html and "<b>odd" not in html
    assert 'lang="en"' in html and "<caption>" in html and 'scope="row"' in html
    assert not re.search(r"(?:src|href)=|url\(|<script", html)

    pid, fd = pty.fork()
    if pid == 0:
        os.environ.pop("NO_COLOR", None)
        os.execve(argv[0], argv, {**os.environ, "TERM": "xterm"})
    seen = b""

    def ended():
        nonlocal seen
        try:
            seen += os.read(fd, 65536)
        except OSError:
            return True
        return False

    wait_until(ended, 120, "the end of the probe")
    os.waitpid(pid, 0)
    assert b"\x1b[31m" in seen and b"\x1b[32m" in seen


def test_stopped_it_takes_back_what_it_enrolled(home, start, folder):
    """Ctrl-C ends after the run under way; the throw-away identities are revoked all the same."""
    home.start()
    p = start("signet", "probe", "server", f"coaps://127.0.0.1:{home.lwm2m_port}", "--name", SERVER_NAME, "--home",
              home.path, "--throw-away", "--yes", "--evidence", folder / "evidence", "--rate", 10)
    wait_until(lambda: list((folder / "evidence").glob("0001-*")), 60, "the first record")
    p.send_signal(SIGINT)
    assert p.wait(120) == 1
    assert "stopped after" in p.text()
    left = json.loads(home.signet("devices", "--json", check=0).stdout)["devices"]
    assert left and all(d["state"] == "revoked" for d in left)
