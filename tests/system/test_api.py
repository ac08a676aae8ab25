# SPDX-License-Identifier: Apache-2.0
"""The HTTPS API of signetd, called as docs/reference/api.md says, with a device behind it."""

import http.client
import json
import signal
import socket
import ssl
import time
from datetime import datetime
from urllib.parse import quote

import pytest

from harness import SERVER_NAME, run, wait_until


def age(when):
    """Seconds since a time as the API writes it."""
    return abs(time.time() - datetime.fromisoformat(when).timestamp())


class Api:
    """A client with the token of the home, which trusts the home's server root alone."""

    def __init__(self, home):
        self.home = home
        self.token = (home.path / "token").read_text().strip()
        self.tls = ssl.create_default_context(cafile=home.path / "ca" / "server-root.pem")

    def connect(self):
        raw = socket.create_connection(("127.0.0.1", self.home.api_port), timeout=90)
        c = http.client.HTTPConnection(SERVER_NAME, self.home.api_port)
        c.sock = self.tls.wrap_socket(raw, server_hostname=SERVER_NAME)
        return c

    def open(self, method, path, body=None, headers=None, token=True):
        c = self.connect()
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {self.token if token is True else token}"
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        c.request(method, "/api/v1" + path, body=body, headers=headers)
        return c, c.getresponse()

    def __call__(self, method, path, body=None, **options):
        """(status, JSON, headers)"""
        c, r = self.open(method, path, body, **options)
        text = r.read()
        assert r.headers["Content-Type"] == "application/json"
        assert r.headers["Cache-Control"] == "no-store"
        c.close()
        return r.status, json.loads(text), r.headers

    def ok(self, method, path, body=None):
        status, answer, _ = self(method, path, body)
        assert status == 200, answer
        return answer

    def error(self, method, path, body=None, **options):
        """(status, code, message)"""
        status, answer, _ = self(method, path, body, **options)
        assert list(answer) == ["error"] and set(answer["error"]) == {"code", "message"}
        return status, answer["error"]["code"], answer["error"]["message"]


@pytest.fixture
def api(home):
    home.start()
    return Api(home)


@pytest.fixture
def modem(home, api):
    """An enrolled modem whose device is registered."""
    m = home.modem()
    home.signet("enroll", "--port", m.port, check=0)
    m.device = home.device(m, "--interval", "1")
    m.device.expect("Registered")
    m.url = "/devices/" + m.endpoint
    return m


def test_without_the_token_nothing(home, api):
    assert api("GET", "/status", token=None)[0] == 401
    status, code, message = api.error("GET", "/devices", token=None)
    assert (status, code) == (401, "unauthorized") and "token" in message
    for wrong in ["x", api.token[:-1], api.token + "x", api.token.swapcase()]:
        status, code, message = api.error("GET", "/status", token=wrong)
        assert status == 401 and api.token not in message
    status, _, headers = api("POST", "/devices/x/revoke", {"reason": "key-compromise"}, token="y" * 40)
    assert status == 401 and headers["WWW-Authenticate"] == 'Bearer realm="signet"'
    for _ in range(50):
        assert api("GET", "/nothing", token=None)[0] == 401
    # One entry for this minute, however many came; the others are counted, and told at the end.
    audit = lambda: [e for e in home.audit().splitlines() if "api-denied" in e]
    wait_until(audit, what="the audit entry")
    assert len(audit()) == 1 and "127.0.0.1" in audit()[0]
    assert "GET /api/v1/status without a token" in home.audit()
    home.daemon.stop()
    assert len(audit()) == 2 and "56 more since" in home.audit()
    assert api.token not in home.daemon.text() and api.token not in home.audit()


def test_who_serves_it(home, api):
    stranger = ssl.create_default_context()
    with socket.create_connection(("127.0.0.1", home.api_port)) as raw, pytest.raises(ssl.SSLCertVerificationError):
        stranger.wrap_socket(raw, server_hostname=SERVER_NAME)
    with socket.create_connection(("127.0.0.1", home.api_port)) as raw, pytest.raises(ssl.SSLCertVerificationError):
        api.tls.wrap_socket(raw, server_hostname="other.example.com")
    for version in ["tls1", "tls1_1"]:
        old = run("openssl", "s_client", "-connect", f"127.0.0.1:{home.api_port}", f"-{version}", "-cipher",
                  "ALL:@SECLEVEL=0", input="")
        assert "Cipher is (NONE)" in old.stdout
    for version in [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]:
        api.tls.minimum_version = api.tls.maximum_version = version
        assert api("GET", "/status")[0] == 200


def test_it_is_offered_on_loopback_only(home, start):
    config = home.path / "signet.yaml"
    text = config.read_text()
    head, _, tail = text.rpartition('listen: "127.0.0.1:0"')
    config.write_text(head + 'listen: "0.0.0.0:0"' + tail)
    refused = run("signetd", "--home", home.path, check=1)
    assert "0.0.0.0:0" in refused.stderr and "loopback" in refused.stderr


def test_status(home, api):
    s = api.ok("GET", "/status")
    assert s["pid"] == home.daemon.pid and s["lwm2m_port"] == home.lwm2m_port
    assert s["version"] and age(s["started"]) < 60 and s["uptime"] >= 0
    assert s["counts"]["registered"] == 0
    assert api.error("POST", "/status", {})[:2] == (405, "method-not-allowed")


def test_devices(home, api, modem):
    d, = api.ok("GET", "/devices")["devices"]
    assert d["endpoint"] == modem.endpoint and d["state"] == "registered" and d["imei"] == modem.imei
    assert d["identity"]["state"] == "active" and len(d["identity"]["fingerprint"]) == 95
    assert d["connection"]["cid"] is True and d["connection"]["suite"] == "0xC02B"
    assert d["registration"]["active"] is True and d["registration"]["lifetime"] == 300
    assert d["address"].startswith("127.0.0.1:") and age(d["last_seen"]) < 60
    one = api.ok("GET", modem.url)
    assert {o["path"] for o in one["registration"]["objects"]} >= {"/3/0", "/3303/0"}
    assert one["certificates"][0]["fingerprint"] == d["identity"]["fingerprint"]
    assert [e["what"] for e in one["audit"]].count("enrolled") == 1
    assert api.ok("GET", "/devices/" + quote(modem.endpoint, safe="")) == api.ok("GET", modem.url)
    assert api.error("GET", "/devices/urn:imei:0")[:2] == (404, "no-such-device")


def test_read_write_execute_discover(api, modem):
    resources = modem.url + "/resources"
    assert api.ok("GET", resources + "/3/0/2") == {"path": "/3/0/2", "type": "string", "value": modem.imei}
    records = api.ok("GET", resources + "/3303")
    assert {"path": "/3303/0/5701", "type": "string", "value": "Cel"} in records
    assert [r["type"] for r in records if r["path"] == "/3303/0/5700"] == ["float"]
    assert [r["path"] for r in api.ok("GET", resources + "/3/0/7")] == ["/3/0/7/0"]  # a resource with instances

    assert api.ok("PUT", resources + "/3/0/15", {"value": "Europe/Oslo"}) == {"path": "/3/0/15", "device": "2.04 Changed"}
    assert api.ok("GET", resources + "/3/0/15")["value"] == "Europe/Oslo"
    api.ok("PUT", resources + "/1/0/1", {"value": 120})
    api.ok("PUT", resources + "/1/0/1", {"value": "240", "type": "integer"})
    assert api.ok("GET", resources + "/1/0/1")["value"] == 240
    assert api.error("PUT", resources + "/1/0/1", {"value": "soon"}) == \
        (400, "wrong-type", "/1/0/1 is an integer; 'soon' is not")

    assert api.ok("POST", resources + "/3303/0/5605")["device"] == "2.04 Changed"
    assert api.ok("POST", resources + "/3303/0/5605", {"arguments": ""})["device"] == "2.04 Changed"
    links = api.ok("GET", modem.url + "/discover/3")["links"]
    assert {"path": "/3/0/0", "attributes": {}} in links
    assert {"path": "/3/0/7", "attributes": {"dim": "1"}} in links


def test_what_the_device_refuses(api, modem):
    resources = modem.url + "/resources"
    assert api.error("GET", resources + "/3/0/99") == (404, "4.04", "the device says 4.04 Not Found: it has no /3/0/99")
    assert api.error("GET", resources + "/0/0/0")[:2] == (403, "4.01")
    assert api.error("GET", resources + "/3/0/4")[:2] == (405, "4.05")
    assert api.error("PUT", resources + "/3/0/0", {"value": "x"}) == \
        (405, "4.05", "the device says 4.05 Method Not Allowed: /3/0/0 cannot be written")
    assert api.error("POST", resources + "/3/0/0")[:2] == (405, "4.05")
    assert api.error("GET", modem.url + "/discover/9")[:2] == (404, "4.04")
    assert api.error("GET", modem.url + "/observe/3/0/99")[:2] == (404, "4.04")


def test_a_device_that_does_not_answer(home, api, modem):
    modem.process.send_signal(signal.SIGSTOP)
    begin = time.monotonic()
    try:
        status, code, message = api.error("GET", modem.url + "/resources/3/0/0?timeout=2")
    finally:
        modem.process.send_signal(signal.SIGCONT)
    assert (status, code) == (504, "timeout") and modem.endpoint in message
    assert 1.5 < time.monotonic() - begin < 10
    wait_until(lambda: api("GET", modem.url + "/resources/3/0/0")[0] == 200, what="the device to answer again")


def test_a_device_that_is_not_registered(home, api, modem):
    modem.device.stop()
    wait_until(lambda: not api.ok("GET", modem.url)["registration"]["active"], what="the deregistration")
    for method, path, body in [("GET", "/resources/3/0/0", None), ("PUT", "/resources/3/0/15", {"value": "x"}),
                               ("POST", "/resources/3/0/4", None), ("GET", "/discover/3", None),
                               ("GET", "/observe/3/0/0", None)]:
        status, code, message = api.error(method, modem.url + path, body)
        assert (status, code) == (409, "not-registered") and modem.endpoint in message
        assert api.error(method, "/devices/nobody" + path, body)[:2] == (404, "no-such-device")


def test_bad_requests(api):
    url = "/devices/d/resources/3303/0/5700"
    assert api.error("GET", "/nothing")[:2] == (404, "no-such-call")
    assert api.error("GET", "/devices/d/resources/x")[:2] == (400, "bad-path")
    assert api.error("GET", "/devices/%ff")[:2] == (404, "no-such-call")
    assert api.error("GET", "/devices/" + "e" * 2000)[:2] == (414, "url-too-long")
    status, _, headers = api("DELETE", url)
    assert status == 405 and headers["Allow"] == "GET, PUT, POST"
    assert api.error("PUT", url, b"{")[:2] == (400, "bad-json")
    assert api.error("PUT", url, b"")[:2] == (400, "bad-json")
    assert api.error("PUT", url, {"vale": 1})[:2] == (400, "bad-json")
    assert api.error("PUT", url, {"value": "abc"}) == (400, "wrong-type", "/3303/0/5700 is a float; 'abc' is not")
    assert api.error("PUT", url, b" " * 65530 + b"[]")[:2] == (400, "bad-json")
    assert api.error("GET", url + "?timeout=0")[:2] == (400, "bad-timeout")
    assert api.error("GET", url + "?timeout=121")[:2] == (400, "bad-timeout")
    assert api.error("POST", "/devices/d/revoke", {"reason": "boredom"})[:2] == (400, "bad-reason")
    assert api.error("POST", "/devices/d/revoke", {"reason": "superseded"})[:2] == (404, "no-such-device")


@pytest.mark.parametrize("header, value, status, code", [
    ("Content-Length", "65537", 413, "too-large"),
    ("Content-Length", "18446744073709551615", 413, "too-large"),
    ("Transfer-Encoding", "chunked", 411, "length-required"),
])
def test_a_body_is_refused_before_it_is_sent(api, header, value, status, code):
    c = api.connect()
    c.putrequest("POST", "/api/v1/devices/d/revoke")
    c.putheader("Authorization", "Bearer " + api.token)
    c.putheader(header, value)
    c.endheaders()
    r = c.getresponse()
    assert r.status == status and json.loads(r.read())["error"]["code"] == code


class Events:
    """The events of an open stream, one by one."""

    def __init__(self, api, path):
        self.connection, self.response = api.open("GET", path)
        assert self.response.status == 200, self.response.read()
        assert self.response.headers["Content-Type"] == "text/event-stream"

    def next(self):
        """(name, data); a comment is (None, text)."""
        name = data = None
        while True:
            line = self.response.readline().decode()
            assert line.endswith("\n"), "the stream ended without an event"
            line = line.rstrip("\n")
            if line.startswith(": "):
                name, data = None, line[2:]
            elif line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data = json.loads(line[6:])
            elif line == "" and data is not None:
                return name, data

    def close(self):
        self.response.close()
        self.connection.close()


def test_observe(home, api, modem):
    events = Events(api, modem.url + "/observe/3303/0/5700")
    seen = []
    for _ in range(4):
        name, data = events.next()
        assert name == "value" and data["path"] == "/3303/0/5700" and data["type"] == "float"
        assert age(data["at"]) < 60
        seen.append(data["value"])
    assert len(set(seen)) > 1, "the temperature changes each second"
    # Another one at the same time, of several values, on another connection.
    others = Events(api, modem.url + "/observe/3303/0")
    name, data = others.next()
    assert name == "value" and {v["path"] for v in data["values"]} >= {"/3303/0/5700", "/3303/0/5701"}
    others.close()
    assert events.next()[0] == "value"
    # It ends with the device.
    modem.device.stop()
    while (event := events.next())[0] == "value":
        pass
    assert event[0] == "end" and event[1]["code"] == "went-away"
    assert events.response.read() == b""


def test_a_quiet_observation_is_kept_alive_and_a_silent_stranger_is_not(home, api, modem):
    events = Events(api, modem.url + "/observe/3/0/0")
    assert events.next()[0] == "value"
    begin = time.monotonic()
    with socket.create_connection(("127.0.0.1", home.api_port)) as stranger:
        assert events.next() == (None, "keep-alive")
        assert 13 < time.monotonic() - begin < 20
        stranger.settimeout(1)
        while stranger.recv(100):  # a TLS alert may come before the end
            pass


def test_the_end_of_signetd_ends_observations(home, api, modem):
    events = Events(api, modem.url + "/observe/3/0/0")
    assert events.next()[0] == "value"
    home.daemon.send_signal(signal.SIGTERM)
    assert events.next() == ("end", {"code": "stopped", "message": "signetd stops; the observation has ended"})
    assert home.daemon.wait(10) == 0


def test_a_stop_waits_for_no_device(home, api, modem):
    modem.process.send_signal(signal.SIGSTOP)
    try:
        connection = api.connect()
        connection.request("GET", f"/api/v1{modem.url}/resources/3/0/0", headers={"Authorization": "Bearer " + api.token})
        time.sleep(0.5)
        begin = time.monotonic()
        home.daemon.send_signal(signal.SIGTERM)
        response = connection.getresponse()
        assert response.status == 503 and json.loads(response.read())["error"]["code"] == "stopped"
        assert home.daemon.wait(20) == 0 and time.monotonic() - begin < 5
    finally:
        modem.process.send_signal(signal.SIGCONT)


def test_revoke(home, api, modem):
    events = Events(api, modem.url + "/observe/3/0/0")
    assert events.next()[0] == "value"
    done = api.ok("POST", modem.url + "/revoke", {"reason": "key-compromise"})
    assert done["endpoint"] == modem.endpoint and done["reason"] == "key-compromise"
    assert done["certificates"] == 1 and done["associations"] <= 1 and done["registrations"] <= 1
    assert done["workers"] == 1 and done["took_ms"] < 1000
    assert events.next()[0] == "end"
    d = api.ok("GET", modem.url)
    assert d["connection"] is None and not d["registration"]["active"]
    assert d["state"] == "revoked" and d["identity"]["state"] == "revoked"
    assert d["identity"]["fingerprint"] == done["fingerprint"] and d["identity"]["reason"] == "key-compromise"
    revoked = [e for e in d["audit"] if e["what"] == "revoked"]
    assert len(revoked) == 1 and revoked[0]["who"] == "api (127.0.0.1)"
    assert api.error("POST", modem.url + "/revoke", {"reason": "key-compromise"})[:2] == (409, "revoked-already")
    assert api.error("GET", modem.url + "/resources/3/0/0")[:2] == (409, "not-registered")
