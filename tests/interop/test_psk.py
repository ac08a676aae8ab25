# SPDX-License-Identifier: Apache-2.0
"""Our DTLS endpoints with a pre-shared key against OpenSSL, GnuTLS and libcoap, in both roles."""

import subprocess
import time

import pytest

from harness import free_port
from peers import Identities

NAME = "urn:imei:351516170000001"
TEXT = "k7#mQ2!x-pL9vTz4wR8sBn3c"  # libcoap takes a key as text only
KEY = TEXT.encode().hex()
OTHER = "00" * 32
SUITES = {  # IANA number: names in OpenSSL and GnuTLS
    "C0A8": ("PSK-AES128-CCM8", "+PSK:+AES-128-CCM-8"),
    "CCAC": ("ECDHE-PSK-CHACHA20-POLY1305", "+ECDHE-PSK:+CHACHA20-POLY1305"),
}


def piped(start, *command):
    return start(*command, stdin=subprocess.PIPE)


def priority(suite):
    return f"NONE:+VERS-DTLS1.2:{SUITES[suite][1]}:+AEAD:+GROUP-ALL:+COMP-NULL:+CTYPE-X509:+SIGN-ALL"


class OpenSSL:
    name = "openssl"

    def client(self, start, folder, port, suite, key=KEY, name=NAME):
        return piped(start, "openssl", "s_client", "-dtls1_2", "-connect", f"127.0.0.1:{port}", "-quiet", "-psk", key,
                     "-psk_identity", name, "-cipher", SUITES[suite][0] + ":@SECLEVEL=0")

    def server(self, start, folder, port, suite):
        return piped(start, "openssl", "s_server", "-dtls1_2", "-accept", f"127.0.0.1:{port}", "-listen", "-nocert", "-quiet",
                     "-psk", KEY, "-psk_identity", NAME, "-cipher", SUITES[suite][0] + ":@SECLEVEL=0")


class GnuTLS:
    name = "gnutls"

    def client(self, start, folder, port, suite, key=KEY, name=NAME):
        return piped(start, "gnutls-cli", "--udp", "-p", port, "127.0.0.1", "--pskusername", name, "--pskkey", key, "--priority",
                     priority(suite))

    def server(self, start, folder, port, suite):
        keys = folder / "keys"
        keys.write_text(f"#{NAME.encode().hex()}:{KEY}\n")
        p = piped(start, "gnutls-serv", "--udp", "-p", port, "--echo", "--pskpasswd", keys, "--priority", priority(suite))
        p.expect("listening|Echo Server", 10)
        return p


PROVIDERS = [OpenSSL(), GnuTLS()]
CASES = [pytest.param(p, s, id=f"{p.name}-{s}") for p in PROVIDERS for s in SUITES]


@pytest.fixture
def ids(folder):
    return Identities(folder)


def ours(start, ids):
    server = start("dtls_peer", "--psk", f"{NAME}={KEY}", "server", 0, ids["server.pem"], ids["server.key"])
    return server, int(server.expect(r"^listening (\d+)").group(1))


@pytest.mark.parametrize("provider, suite", CASES)
def test_their_client(start, ids, folder, provider, suite):
    server, port = ours(start, ids)
    client = provider.client(start, folder, port, suite)
    client.send("first words")
    connected = server.expect(r"^connected .*", 20).group(0)
    assert f"suite={SUITES[suite][0]} " in connected and connected.endswith("name=" + NAME)
    if (provider.name, suite) == ("gnutls", "CCAC"):
        return  # the gnutls-cli of Debian 12 crashes when it tells of such a session, which it has by then
    server.expect("^data .* first words")
    client.expect("first words")  # the echo


@pytest.mark.parametrize("provider, suite", CASES)
def test_their_server(start, folder, provider, suite):
    port = free_port()
    server = provider.server(start, folder, port, suite)
    client = piped(start, "dtls_peer", "--psk", f"{NAME}={KEY}", "--suite", suite, "client", "127.0.0.1", port)
    connected = client.expect(r"^connected .*", 20).group(0)
    assert f"suite={SUITES[suite][0]} " in connected
    client.send("first words")
    if provider.name == "openssl":  # s_server does not echo
        server.send("an answer")
        client.expect("^data .* an answer")
        time.sleep(0.5)  # it may have taken what it was to send before what it got
        server.stop()
        assert "first words" in server.text()
    else:
        client.expect("^data .* first words")


@pytest.mark.parametrize("provider, suite", CASES)
@pytest.mark.parametrize("key, name", [(OTHER, NAME), (KEY, "urn:imei:351516170000002")], ids=["wrong-key", "unknown-name"])
def test_a_stranger_is_told_the_same_in_both_cases(start, ids, folder, provider, suite, key, name):
    server, port = ours(start, ids)
    client = provider.client(start, folder, port, suite, key, name)
    try:
        client.send("let me in")
    except BrokenPipeError:
        pass
    reason = server.expect(r"^refused .*alert=decrypt_error from=us (.*)", 20).group(1)
    assert ("nobody is called" in reason) == (name != NAME)
    client.expect("(?i)decrypt[ _]error|decrypt_error|error in the pull|failed to|fatal alert", 20)
    assert not server.seen("^connected")


@pytest.mark.parametrize("tls", ["openssl", "gnutls"])
def test_libcoap_client(start, ids, tls):
    """What it sends is a CoAP message: a GET of /rd, which the echo hands back."""
    server, port = ours(start, ids)
    start(f"coap-client-{tls}", "-B", "3", "-u", NAME, "-k", TEXT, f"coaps://127.0.0.1:{port}/rd")
    connected = server.expect(r"^connected .*", 20).group(0)
    assert connected.endswith("name=" + NAME) and "suite=PSK-AES128-CCM8" in connected or "suite=ECDHE-PSK" in connected
    server.expect("^data")


@pytest.mark.parametrize("tls", ["openssl", "gnutls"])
def test_libcoap_server(start, tls):
    port = free_port()
    start(f"coap-server-{tls}", "-A", "127.0.0.1", "-p", port, "-k", TEXT, "-h", "hint")
    client = piped(start, "dtls_peer", "--psk", f"{NAME}={KEY}", "--suite", "C0A8", "client", "127.0.0.1", port + 1)
    client.expect(r"^connected .*suite=PSK-AES128-CCM8", 20)
