# SPDX-License-Identifier: Apache-2.0
"""Our DTLS endpoints against OpenSSL, GnuTLS, libcoap and Californium, in both roles.

Each provider starts its implementation as client or server with a certificate, and tells what it can do. The tests are
written once and run over the providers, suites and connection id modes."""

import subprocess
import time
from dataclasses import dataclass

import pytest

from harness import free_port
from peers import Identities, java

SUITES = {  # IANA number: names in OpenSSL, GnuTLS (cipher with MAC), Java
    "C02B": ("ECDHE-ECDSA-AES128-GCM-SHA256", "+AES-128-GCM", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    "C02C": ("ECDHE-ECDSA-AES256-GCM-SHA384", "+AES-256-GCM", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    "C0AC": ("ECDHE-ECDSA-AES128-CCM", "+AES-128-CCM", "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"),
    "C0AD": ("ECDHE-ECDSA-AES256-CCM", "+AES-256-CCM", "TLS_ECDHE_ECDSA_WITH_AES_256_CCM"),
    "C0AE": ("ECDHE-ECDSA-AES128-CCM8", "+AES-128-CCM-8", "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"),
    "C0AF": ("ECDHE-ECDSA-AES256-CCM8", "+AES-256-CCM-8", "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8"),
}


@dataclass
class Party:
    """What a provider is to be: with which certificate, trusting which root."""
    ids: Identities
    name: str
    trusts: str

    def files(self):
        return self.ids[f"{self.name}.pem"], self.ids[f"{self.name}.key"], self.ids[f"{self.trusts}.pem"]


def piped(start, *command):
    return start(*command, stdin=subprocess.PIPE)


class OpenSSL:
    name = "openssl"
    cids = [None]

    @staticmethod
    def arguments(party, suite):
        cert, key, root = party.files()
        return ["-dtls1_2", "-cert", cert, "-key", key, "-CAfile", root, "-verify_return_error", "-cipher",
                SUITES[suite][0] + ":@SECLEVEL=0"]

    def client(self, start, port, party, suite, cid):
        return piped(start, "openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-quiet", *self.arguments(party, suite))

    def server(self, start, port, party, suite, cid):
        p = piped(start, "openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-listen", "-Verify", "2", "-quiet",
                  *self.arguments(party, suite))
        return p


class GnuTLS:
    name = "gnutls"
    cids = [None]

    @staticmethod
    def priority(suite):
        return f"NONE:+VERS-DTLS1.2:{SUITES[suite][1]}:+AEAD:+ECDHE-ECDSA:+SIGN-ALL:+GROUP-ALL:+COMP-NULL:+CTYPE-X509"

    def client(self, start, port, party, suite, cid):
        cert, key, root = party.files()
        return piped(start, "gnutls-cli", "--udp", "-p", port, "127.0.0.1", "--x509certfile", cert, "--x509keyfile", key,
                     "--x509cafile", root, "--priority", self.priority(suite))

    def server(self, start, port, party, suite, cid):
        cert, key, root = party.files()
        p = piped(start, "gnutls-serv", "--udp", "-p", port, "--echo", "--x509certfile", cert, "--x509keyfile", key,
                  "--x509cafile", root, "--require-client-cert", "--verify-client-cert", "--priority", self.priority(suite))
        p.expect("listening|Echo Server", 10)
        return p


class Californium:
    name = "californium"
    cids = [6, 0, None]

    @staticmethod
    def peer(role, start, port, party, suite, cid):
        p = java(start, "ScandiumPeer", role, port, *party.files(), SUITES[suite][2], -1 if cid is None else cid)
        p.expect("^ready$", 30)
        return p

    def client(self, *args):
        return self.peer("client", *args)

    def server(self, *args):
        return self.peer("server", *args)


PROVIDERS = [OpenSSL(), GnuTLS(), Californium()]
CASES = [pytest.param(p, s, c, id=f"{p.name}-{s}-{'no-cid' if c is None else f'cid{c}'}")
         for p in PROVIDERS for s in SUITES for c in p.cids
         if c == p.cids[0] or s == "C02B"]  # every suite in the provider's first connection id mode
OFFERED = [c for c in CASES if c.values[1] != "C0AF"]  # our server's suites, unless it is told otherwise


@pytest.fixture
def ids(folder):
    return Identities(folder)


def ours(start, ids, *options, port=0):
    server = start("dtls_peer", *options, "server", port, ids["server.pem"], ids["server.key"], ids["device-root.pem"])
    return server, int(server.expect(r"^listening (\d+)").group(1))


@pytest.mark.parametrize("provider, suite, cid", OFFERED)
def test_their_client(start, ids, provider, suite, cid):
    server, port = ours(start, ids)
    client = provider.client(start, port, Party(ids, "device", "server-root"), suite, cid)
    client.send("first words")
    connected = server.expect(r"^connected .*", 20).group(0)
    server.expect("^data .* first words")
    client.expect("first words")  # the echo
    assert f"suite={SUITES[suite][0]} " in connected
    assert ("cid_in= cid_out= " in connected) == (cid is None), connected
    if cid is not None:
        assert len(connected.split("cid_out=")[1].split(" ")[0]) == 2 * cid


@pytest.mark.parametrize("provider, suite, cid", CASES)
def test_their_server(start, ids, provider, suite, cid):
    port = free_port()
    server = provider.server(start, port, Party(ids, "server", "device-root"), suite, cid)
    client = piped(start, "dtls_peer", "--cid", "off" if cid is None else "on", "--suite", suite, "client", "127.0.0.1", port,
                   ids["device.pem"], ids["device.key"])
    connected = client.expect(r"^connected .*", 20).group(0)
    assert f"suite={SUITES[suite][0]} " in connected
    assert ("cid_in= cid_out= " in connected) == (cid is None), connected
    client.send("first words")
    if provider.name == "openssl":  # s_server does not echo: it prints, without an end of line, and sends what it is told
        server.send("an answer")
        client.expect("^data .* an answer")
        time.sleep(0.5)  # it may have taken what it was to send before what it got
        server.stop()
        assert "first words" in server.text()
    else:
        server.expect("first words")
        client.expect("^data .* first words")


@pytest.mark.parametrize("cid", [6, 0])
def test_californium_comes_from_another_port(start, ids, relay, cid):
    server, port = ours(start, ids)
    nat = relay(port)
    client = Californium().client(start, nat.port, Party(ids, "device", "server-root"), "C02B", cid)
    client.send("before")
    client.expect("^got before", 20)
    nat.rebind()
    client.send("after")
    client.expect("^got after", 20)
    assert server.seen("^moved ")
    assert len([x for x in server.lines if x.startswith("connected")]) == 1


def test_we_come_from_another_port_at_californium(start, ids):
    port = free_port()
    server = Californium().server(start, port, Party(ids, "server", "device-root"), "C02B", 6)
    client = piped(start, "dtls_peer", "client", "127.0.0.1", port, ids["device.pem"], ids["device.key"])
    client.expect("^connected", 20)
    client.send("before")
    client.expect("^data .* before")
    client.send("!move")
    client.send("after")
    client.expect("^data .* after")
    a = server.expect(r"^got before .*from=(\d+)").group(1)
    b = server.expect(r"^got after .*from=(\d+)").group(1)
    assert a != b
    assert len([x for x in client.lines if x.startswith("connected")]) == 1


def test_californium_resumes(start, ids):
    server, port = ours(start, ids)
    client = Californium().client(start, port, Party(ids, "device", "server-root"), "C02B", 6)
    client.send("before")
    client.expect("^got before", 20)
    client.send("!resume")
    client.expect("^resuming")
    client.send("after")
    client.expect("^got after", 20)
    assert [x.split("resumed=")[1][0] for x in server.lines if x.startswith("connected")] == ["0", "1"]


def test_openssl_resumes_by_session_id(start, ids, folder):
    server, port = ours(start, ids)
    cert, key, root = Party(ids, "device", "server-root").files()
    common = ["openssl", "s_client", "-dtls1_2", "-connect", f"127.0.0.1:{port}", "-cert", cert, "-key", key, "-CAfile", root]
    for ticket in ([], ["-no_ticket"]):
        session = folder / "session"
        for how in (["-sess_out", session], ["-sess_in", session]):
            client = piped(start, *common, *ticket, *how)
            client.expect("Verify return code: 0", 20)
            client.send("Q")
            client.wait(20)
    assert [x.split("resumed=")[1][0] for x in server.lines if x.startswith("connected")] == ["0", "1", "0", "1"]


@pytest.mark.parametrize("tls", ["openssl", "gnutls"])
def test_libcoap_is_let_in_and_told(start, home, folder, tls):
    """libcoap's client, with an identity of ours, does a CoAP exchange with signetd."""
    ids = Identities(folder)
    home.signet("issue", ids["device.csr"], "--out", folder / "coap.pem", check=0)
    home.start()
    client = start(f"coap-client-{tls}", "-B", "10", "-v", "6", "-m", "post", "-c", folder / "coap.pem", "-j", ids["device.key"],
                   "-C", home.path / "ca/server-root.pem", "-t", "40", "-e", "</3/0>",
                   f"coaps://localhost:{home.lwm2m_port}/rd?ep={ids.endpoint}&lt=60&lwm2m=1.1&b=U")
    home.daemon.expect(f"event=registered .*{ids.endpoint}", 20)
    client.expect("2.01", 10)


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda p: p.name)
def test_who_has_no_good_certificate_gets_the_right_alert(start, ids, provider):
    """A client of another CA: unknown_ca goes over the wire, and the peer says so in its own words."""
    server, port = ours(start, ids)
    ids.leaf("stranger", ids.endpoint, "server-root", "extendedKeyUsage=clientAuth")
    client = provider.client(start, port, Party(ids, "stranger", "server-root"), "C02B", provider.cids[0])
    try:
        client.send("let me in")
    except BrokenPipeError:
        pass
    server.expect(r"^refused .*alert=unknown_ca", 20)
    client.expect("(?i)unknown[ _]ca|handshake flight|CA is unknown", 20)
