# SPDX-License-Identifier: Apache-2.0
"""signet modem: a developer's desk. Each host, over a pseudo-terminal and over TCP; what is refused, and how the modem
is left."""

import base64
import hashlib
import json
import os
import pty
import select
import socket
import stat
import threading
import tty
from datetime import datetime, timedelta, timezone
from signal import SIGUSR2

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from harness import BIN, Process, luhn, run
from modem_port import at

TAG = "35724861"


class Bridge:
    """What a terminal server does: one TCP client at a time, its bytes to a serial port and back."""

    def __init__(self, port):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = f"tcp:127.0.0.1:{self.listener.getsockname()[1]}"
        self.serial = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.serial)
        self.ending = False
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def _work(self):
        self.listener.settimeout(0.05)
        while not self.ending:
            try:
                client, _ = self.listener.accept()
            except TimeoutError:
                continue
            with client:
                self._relay(client)

    def _relay(self, client):
        while not self.ending:
            for fd in select.select([client, self.serial], [], [], 0.05)[0]:
                if fd is client:
                    data = client.recv(4096)
                    if not data:
                        return
                    os.write(self.serial, data)
                else:
                    client.sendall(os.read(self.serial, 4096))

    def close(self):
        self.ending = True
        self.thread.join(2)
        self.listener.close()
        os.close(self.serial)


class Desk:
    """A simulated modem, and `signet modem` on its port."""

    count = 0

    def __init__(self, start, folder, *args, home=None):
        Desk.count += 1
        self.imei = luhn(f"35151699{Desk.count:06d}")
        self.folder = folder
        self.shell = "shell" in args
        self.home = home.path if home else folder / "no-home"
        self.store = folder / f"store{Desk.count}"
        self.process = start("nrf91sim", "--imei", self.imei, "--store", self.store, *args)
        self.port = self.pty = self.process.expect(r"^(/dev/\S+)$").group(1)

    def __call__(self, what, *args, check=0, port=None, **options):
        return run("signet", "modem", "--home", self.home, what, "--port", port or self.port, *args, check=check, **options)

    def json(self, *args, check=0):
        return json.loads(self(*args, "--json", check=check).stdout)

    def at(self, command):
        return at(self.pty, command, shell=self.shell)

    def stored(self, text):
        """What the modem holds of a text with LF: a shell makes CR LF of each."""
        return text.replace("\n", "\r\n") if self.shell else text

    def listed(self, tag=TAG):
        return {c["type"]: c["sha256"] for c in self.json("list", "--tag", tag)["credentials"]}

    def file(self, name, content, mode=0o600):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        return path


@pytest.fixture(params=["serial-modem", "at_host", "shell", "tcp"])
def desk(request, start, folder):
    """Each host on a pseudo-terminal, and one over TCP."""
    d = Desk(start, folder, "--host", "at_host" if request.param == "tcp" else request.param)
    bridge = Bridge(d.pty) if request.param == "tcp" else None
    if bridge:
        d.port = bridge.port
    yield d
    if bridge:
        bridge.close()


@pytest.fixture
def plain(start, folder):
    return Desk(start, folder)


def certificate(key=None, cn="a CA", public=None):
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)])
    now = datetime.now(timezone.utc)
    cert = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(public or key.public_key()) \
        .serial_number(x509.random_serial_number()).not_valid_before(now).not_valid_after(now + timedelta(days=9)) \
        .sign(key, hashes.SHA256())
    return cert.public_bytes(Encoding.PEM).decode()


def sha(text):
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest().upper()


# ------------------------------------------------------------------------------------------------------- looking

def test_info_tells_who_it_is_and_what_it_holds(desk):
    desk("write", "--tag", TAG, "--type", "ca", desk.file("ca.pem", certificate()))
    facts = {line[:15].strip(): line[16:] for line in desk("info").stdout.splitlines()}
    assert facts["Model"] == "nRF9151-LACA" and facts["IMEI"] == desk.imei
    assert facts["Host"].startswith(("at_host", "serial-modem", "shell"))
    assert facts["Device UUID"] == desk.at("AT%DEVICEUUID")[0].split(": ")[1]
    assert facts["Mode"].startswith("AT+CFUN=0: not active")
    assert facts["Store"].startswith("1 credential and ") and facts[TAG] == "root CA certificate"
    assert facts["Lock"].startswith("none")
    info = desk.json("info")
    assert info["imei"] == desk.imei and info["lock"] == "none" and info["active"] is False
    assert [c["name"] for c in info["credentials"] if not c["own"]] == ["root CA certificate"]
    assert {c["tag"] for c in info["credentials"] if c["own"]} <= {4294967292, 4294967293, 4294967294}


def test_list_tells_every_digest(desk):
    ca = certificate()
    desk("write", "--tag", TAG, "--type", "ca", desk.file("ca.pem", ca))
    lines = desk("list", "--tag", TAG).stdout.splitlines()
    assert lines[0].split() == ["TAG", "TYPE", "WHAT", "SHA-256"]
    assert lines[1].split() == [TAG, "ca", "root", "CA", "certificate", sha(desk.stored(ca))]
    assert desk.json("list", "--type", "ca")["credentials"] == [
        {"tag": int(TAG), "type": 0, "name": "root CA certificate", "sha256": sha(desk.stored(ca)), "own": False}]
    assert "holds nothing of that kind" in desk("list", "--tag", "7", check=4).stderr


def test_ports_tells_what_is_there(desk):
    rows = desk("ports").stdout.splitlines()
    assert rows[1].split()[:4] == [desk.port, "modem", "nRF9151-LACA", desk.json("info")["firmware"]]
    (one,) = desk.json("ports")["ports"]
    assert one["state"] == "modem" and one["imei"] == desk.imei


def test_what_is_no_modem_is_told(plain, folder):
    master, slave = pty.openpty()
    tty.setraw(slave)
    done = plain("info", port=os.ttyname(slave), check=1)
    assert "does not answer like a modem" in done.stderr
    assert "no modem answers" in plain("ports", port=os.ttyname(slave), check=4).stdout
    os.close(master)
    os.close(slave)
    assert "there is no port" in plain("info", port=folder / "none", check=4).stderr
    assert "not a serial port" in plain("info", port=plain.file("x", ""), check=1).stderr


@pytest.mark.parametrize("port, sentence", [("tcp:", "not of the form tcp:HOST:PORT"), ("tcp:a", "not of the form"),
                                            ("tcp::5", "not of the form"), ("tcp:h:0", "not of the form"),
                                            ("tcp:h:65536", "not of the form"), ("tcp:::1:5", "not of the form"),
                                            ("tcp:host.invalid:5000", "host.invalid")])
def test_bad_tcp_ports_are_told(folder, port, sentence):
    done = run("signet", "modem", "info", "--home", folder, "--port", port)
    assert done.returncode in (1, 4) and sentence in done.stderr


def test_a_tcp_port_where_nobody_listens(folder):
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = f"tcp:127.0.0.1:{s.getsockname()[1]}"
    assert "nothing listens" in run("signet", "modem", "info", "--home", folder, "--port", port, check=4).stderr


# ------------------------------------------------------------------------------------------------ write and read

def test_what_is_written_is_read_to_the_byte(desk):
    ca = certificate() + certificate(cn="another")
    answer = desk.json("write", "--tag", TAG, "--type", "ca", desk.file("ca.pem", ca))
    stored = desk.stored(ca)
    assert answer["sha256"] == sha(stored) and answer["written"] and not answer["replaced"]
    assert desk("read", "--tag", TAG, "--type", "ca").stdout == ca  # Python makes LF of each line end here
    assert desk.json("read", "--tag", TAG, "--type", "ca")["content"] == stored
    out = desk.folder / "out.pem"
    desk("read", "--tag", TAG, "--type", "ca", "--out", out)
    assert out.read_bytes() == stored.encode()
    desk("read", "--tag", TAG, "--type", "ca", "--out", out, check=3)


def test_line_ends_are_made_lf_and_that_is_told(desk):
    ca = certificate()
    crlf = desk.file("crlf.pem", "# a CA\r\n\r\n" + ca.replace("\n", "\r\n") + "\r\n")
    out = desk("write", "--tag", TAG, "--type", "ca", crlf).stdout
    assert f"line ends made {'CR LF' if desk.shell else 'LF'}" in out and "1 line outside PEM left out" in out and "empty lines left out" in out
    assert desk.listed() == {0: sha(desk.stored(ca))}


def test_the_same_again_writes_nothing(plain):
    ca = plain.file("ca.pem", certificate())
    plain("write", "--tag", TAG, "--type", "ca", ca)
    before = plain.store.read_bytes()
    assert "nothing: exactly this is at tag" in plain("write", "--tag", TAG, "--type", "ca", ca).stdout
    assert plain.store.read_bytes() == before


def test_another_needs_replace_and_a_yes(plain):
    """An occupied tag (519)."""
    first, second = certificate(), certificate()
    plain("write", "--tag", TAG, "--type", "ca", plain.file("1.pem", first))
    path = plain.file("2.pem", second)
    assert "error 519" in plain("write", "--tag", TAG, "--type", "ca", path, check=3).stderr
    done = run("setsid", BIN / "signet", "modem", "--home", plain.home, "write", "--port", plain.port, "--tag", TAG,
               "--type", "ca", path, "--replace", check=3)
    assert f"destroys the root CA certificate at tag {TAG}" in done.stderr and "confirm with --yes" in done.stderr
    assert plain.listed() == {0: sha(first)}
    assert plain.json("write", "--tag", TAG, "--type", "ca", path, "--replace", "--yes")["replaced"]
    assert plain.listed() == {0: sha(second)}


@pytest.mark.parametrize("kind, content, sentence", [
    ("ca", "", "no PEM block"),
    ("ca", "hello\n", "no PEM block"),
    ("ca", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "is damaged"),
    ("ca", "-----BEGIN CERTIFICATE-----\nAAAA\n", "middle of a PEM block"),
    ("ca", "-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n", "the two characters \\n"),
    ("ca", b"0\x82\x01\x00\x00", "DER"),
    ("ca", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "begins a private key"),
    ("cert", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "begins a PUBLIC KEY"),
    ("key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "is damaged"),
    ("key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", "is encrypted"),
    ("psk", "0011x\n", "hexadecimal"),
    ("psk", "001\n", "even number"),
    ("psk", "00" * 33, "at most 64"),
    ("psk-id", "a\"b\n", "does not take"),
    ("psk-id", "a\nb\n", "more than one line"),
    ("psk-id", b"a\0b", "NUL"),
    ("psk-id", "", "empty"),
])
def test_what_is_wrong_is_told_before_anything_is_sent(folder, kind, content, sentence):
    path = folder / "bad"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(0o600)
    done = run("signet", "modem", "write", "--home", folder, "--port", folder / "none", "--tag", "1", "--type", kind, path,
               check=1)
    assert sentence in done.stderr and "Nothing was sent" in done.stderr and "no port" not in done.stderr


def test_too_long_is_told_before_anything_is_sent(folder):
    path = folder / "long.pem"
    path.write_text("".join(certificate() for _ in range(12)))
    done = run("signet", "modem", "write", "--home", folder, "--port", folder / "none", "--tag", "1", "--type", "ca", path,
               check=1)
    assert "4095" in done.stderr and "too long" in done.stderr


def test_wrong_words_are_told(folder):
    def refused(*args):
        return run("signet", "modem", *args, "--home", folder, "--port", folder / "none", check=2).stderr
    assert "there is no type bogus" in refused("write", "--tag", "1", "--type", "bogus", "f")
    assert "type 6 cannot be written" in refused("write", "--tag", "1", "--type", "6", "f")
    assert "needs --tag" in refused("write", "--type", "ca", "f")
    assert "needs a FILE" in refused("write", "--type", "ca", "--tag", "1")
    assert "higher ones are the modem's own" in refused("write", "--type", "ca", "--tag", "2147483648", "f")
    assert "takes no --replace" in refused("info", "--replace")
    assert "Did you mean `signet modem info`" in refused("infos")
    assert "one word too many" in refused("info", "x")
    assert "say what to do" in run("signet", "modem", "--home", folder, check=2).stderr
    assert "32 hexadecimal digits" in refused("attest", "--challenge", "00")
    assert "nine binary digits" in refused("keygen", "--tag", "1", "--usage", "12")
    assert "say what to delete" in refused("delete")
    assert "modem's own" in refused("delete", "--tag", "4294967294")


def test_secrets_in_files_that_others_read_are_refused(folder):
    path = folder / "psk"
    path.write_text("00" * 16)
    path.chmod(0o644)
    done = run("signet", "modem", "write", "--home", folder, "--port", folder / "none", "--tag", "1", "--type", "psk", path,
               check=3)
    assert "chmod 600" in done.stderr


def test_psk_and_identity(desk):
    desk("write", "--tag", "5", "--type", "psk-id", desk.file("id", "urn:imei:1\n"))
    desk("write", "--tag", "5", "--type", "psk", desk.file("psk", "00112233445566778899aabbccddeeff\n"))
    assert desk("read", "--tag", "5", "--type", "psk-id").stdout == "urn:imei:1"
    done = desk("read", "--tag", "5", "--type", "psk", check=1)
    assert "error 514" in done.stderr and done.stdout == ""
    out = desk("write", "--tag", "5", "--type", "ca", desk.file("ca", certificate())).stdout
    assert "there is a PSK at tag 5 too" in out


def test_a_key_from_outside_is_warned_of(plain):
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = plain.file("key.pem", key)
    done = run("setsid", BIN / "signet", "modem", "--home", plain.home, "write", "--port", plain.port, "--tag", TAG,
               "--type", "key", path, check=3)
    assert "made outside the modem" in done.stderr and "confirm with --yes" in done.stderr
    assert plain.json("list", "--tag", TAG)["credentials"] == []
    plain("write", "--tag", TAG, "--type", "key", path, "--yes")
    assert plain.listed() == {2: sha(key)}


def test_what_is_not_there_cannot_be_read(plain):
    """513."""
    assert "holds no root CA certificate at tag 9" in plain("read", "--tag", "9", "--type", "ca", check=4).stderr


# --------------------------------------------------------------------------------------------------- how it is left

def test_a_modem_that_is_online_is_left_alone(desk):
    """518."""
    ca = desk.file("ca.pem", certificate())
    desk.at("AT+CFUN=1")
    for command in (["write", "--tag", TAG, "--type", "ca", ca], ["keygen", "--tag", TAG], ["lock", "--yes", "--key", "k"]):
        done = desk(*command, check=3)
        assert "error 518" in done.stderr and "--offline" in done.stderr, command
    assert desk.at("AT+CFUN?") == ["+CFUN: 1"] and desk.json("list", "--tag", TAG)["credentials"] == []
    out = desk("write", "--tag", TAG, "--type", "ca", ca, "--offline").stdout
    assert "is back (AT+CFUN=1)" in out
    assert desk.at("AT+CFUN?") == ["+CFUN: 1"] and list(desk.listed()) == [0]


def test_it_is_put_back_after_a_failure_too(start, folder):
    d = Desk(start, folder, "--capacity", "600")
    d.at("AT+CFUN=1")
    done = d("write", "--tag", TAG, "--type", "ca", d.file("ca.pem", certificate() + certificate()), "--offline", check=1)
    assert "full" in done.stderr and "error 515" in done.stderr
    assert d.at("AT+CFUN?") == ["+CFUN: 1"]


def test_the_form_of_errors_is_put_back(desk):
    """CMEE."""
    for mode in ("0", "1"):
        desk.at(f"AT+CMEE={mode}")
        desk("info")
        desk("list", "--tag", "3", check=4)
        assert desk.at("AT+CMEE?") == [f"+CMEE: {mode}"]


# -------------------------------------------------------------------------------------------------------- deleting

def test_deleting_names_what_it_destroys(plain):
    plain("write", "--tag", TAG, "--type", "ca", plain.file("ca.pem", certificate()))
    plain("keygen", "--tag", TAG)
    done = run("setsid", BIN / "signet", "modem", "--home", plain.home, "delete", "--port", plain.port, "--tag", TAG, check=3)
    assert f"the root CA certificate at tag {TAG}, the client private key at tag {TAG}" in done.stderr
    assert "there is no other copy" in done.stderr
    assert sorted(plain.listed()) == [0, 2]
    plain("delete", "--tag", TAG, "--type", "ca", "--yes")
    assert list(plain.listed()) == [2]
    gone = plain.json("delete", "--all", "--yes")["deleted"]
    assert gone == [{"tag": int(TAG), "type": 2, "name": "client private key"}]
    assert [c for c in plain.json("list")["credentials"] if not c["own"]] == []
    assert "nothing of that kind" in plain("delete", "--all", "--yes", check=4).stderr


# ------------------------------------------------------------------------------------------- keys, and who it is

def test_a_key_is_made_and_its_request_verified(desk):
    out = desk.folder / "request.pem"
    text = desk("keygen", "--tag", TAG, "--subject", "CN=meter-7", "--usage", "100000000", "--out", out).stdout
    assert "it cannot be read out" in text and "CN=meter-7" in text and "identity key" in text
    request = x509.load_pem_x509_csr(out.read_bytes())
    assert request.is_signature_valid and request.subject.rfc4514_string() == "CN=meter-7"
    assert list(desk.listed()) == [2]
    assert "error 519" in desk("keygen", "--tag", TAG, check=3).stderr
    assert "error 514" in desk("read", "--tag", TAG, "--type", "key", check=1).stderr


def test_the_request_goes_out_in_every_form(plain):
    pem = plain("keygen", "--tag", "1").stdout
    assert x509.load_pem_x509_csr(pem.encode()).is_signature_valid
    der = plain.folder / "r.der"
    plain("keygen", "--tag", "2", "--der", "--out", der)
    assert x509.load_der_x509_csr(der.read_bytes()).is_signature_valid
    answer = plain.json("keygen", "--tag", "3")
    assert x509.load_pem_x509_csr(answer["request"].encode()).is_signature_valid
    assert answer["uuid"] == answer["cn"] and answer["known_from"] == "unknown"
    done = plain("keygen", "--tag", "4", "--out", der, check=3)
    assert "No key was made" in done.stderr and plain.json("list", "--tag", "4")["credentials"] == []


def test_a_certificate_must_be_for_the_key_that_is_there(plain):
    """Proof of possession by %JWT."""
    ca = ec.generate_private_key(ec.SECP256R1())
    request = x509.load_pem_x509_csr(plain("keygen", "--tag", TAG).stdout.encode())
    wrong = plain.file("wrong.pem", certificate())
    done = plain("write", "--tag", TAG, "--type", "cert", wrong, check=3)
    assert "not for the private key at tag" in done.stderr and list(plain.listed()) == [2]
    right = plain.file("right.pem", certificate(ca, "meter-7", request.public_key()))
    answer = plain.json("write", "--tag", TAG, "--type", "cert", right)
    assert answer["for_the_key"] == "yes" and sorted(plain.listed()) == [1, 2]


def test_the_modem_proves_who_it_is(desk):
    challenge = "00112233445566778899aabbccddeeff"
    answer = desk.json("attest", "--challenge", challenge)
    body = base64.urlsafe_b64decode(answer["token"].split(".")[0] + "==")
    assert bytes.fromhex(challenge) in body
    assert answer["uuid"] == desk.json("info")["uuid"] and answer["known_from"] == "unknown"
    assert "nobody vouches for it" in desk("attest").stdout
    assert desk.json("attest")["identity_key"] == answer["identity_key"]  # other signatures, the same key


def test_the_inventory_vouches_for_a_modem(start, folder, home):
    d = Desk(start, folder, home=home)
    home.signet("enroll", "--port", d.port, check=0)
    answer = d.json("attest")
    assert answer["known_from"] == "first-sight" and answer["endpoint"] == f"urn:imei:{d.imei}"
    assert "was first seen with" in d("attest").stdout


def test_another_modem_with_the_same_uuid_is_refused(start, folder, home):
    """Its IMEI is in the inventory, with another identity key."""
    d = Desk(start, folder, home=home)
    home.signet("enroll", "--port", d.port, check=0)
    d.process.stop()
    impostor = Desk.__new__(Desk)
    impostor.__dict__.update(d.__dict__)
    impostor.process = start("nrf91sim", "--imei", d.imei)
    impostor.port = impostor.pty = impostor.process.expect(r"^(/dev/\S+)$").group(1)
    done = impostor("attest", check=3)
    assert "another modem" in done.stderr


def test_a_lost_request_is_told_with_the_cure(start, folder):
    """The key is there, and nobody knows its public half."""
    d = Desk(start, folder, "--fault", "lost-reply@%KEYGEN")
    done = d("keygen", "--tag", TAG, check=1, timeout=120)
    assert "whose request was lost" in done.stderr and f"delete --tag {TAG} --type key" in done.stderr
    d("delete", "--tag", TAG, "--type", "key", "--yes")
    d("keygen", "--tag", TAG)


def test_an_old_firmware_is_worked_with_as_far_as_it_goes(start, folder):
    """It lists no digests, and can neither prove who it is nor make keys."""
    d = Desk(start, folder, "--profile", "nrf9160-1.2.x")
    assert d.json("info")["model"].startswith("nRF9160")
    ca = certificate()
    d("write", "--tag", TAG, "--type", "ca", d.file("ca.pem", ca))
    assert d("read", "--tag", TAG, "--type", "ca").stdout == ca
    assert "has no AT%ATTESTTOKEN" in d("attest", check=1).stderr
    assert "refused" in d("keygen", "--tag", TAG, check=1).stderr
    d("delete", "--all", "--yes")


def test_a_board_without_an_imei(start, folder):
    d = Desk.__new__(Desk)
    d.folder, d.home = folder, folder / "no-home"
    d.process = start("nrf91sim", "--imei", "none")
    d.port = d.pty = d.process.expect(r"^(/dev/\S+)$").group(1)
    assert "none is programmed" in d("info").stdout and d.json("attest")["imei"] == ""


# ------------------------------------------------------------------------------------------------------------ locks

def test_a_lock_is_made_used_and_removed(start, folder, home):
    d = Desk(start, folder, home=home)
    key = home.path / "modem-lock.key"
    out = d("lock", "--yes").stdout
    assert "Keep a copy in a safe place" in out and stat.S_IMODE(key.stat().st_mode) == 0o600
    info = d.json("info")
    assert info["lock"] == "locked" and info["lock_key"]
    with pytest.raises(AssertionError, match="ERROR"):
        d.at('AT%CMNG=0,1,4,"x"')  # unsigned
    d("write", "--tag", TAG, "--type", "ca", d.file("ca.pem", certificate()))  # signed
    d("keygen", "--tag", TAG)
    assert sorted(d.listed()) == [0, 2]
    d("delete", "--tag", TAG, "--yes")
    assert d.json("list", "--tag", TAG)["credentials"] == []
    assert "locked already" in d("lock", "--yes", check=3).stderr
    d("unlock")
    assert d.json("info")["lock"] == "none" and key.exists()
    assert "is not locked" in d("unlock", check=4).stderr
    d.at('AT%CMNG=0,1,4,"x"')


def test_what_a_shell_does_not_pass_on_is_told_before_anything_is_lost(start, folder):
    """No PEM in a signed command, no apostrophe; what is there stays there."""
    d = Desk(start, folder, "--host", "shell")
    key, ca, other = folder / "lock.key", certificate(), d.file("other.pem", certificate())
    assert "does not pass this on" in d("lock", "--yes", "--key", key, check=1).stderr
    d("write", "--tag", TAG, "--type", "ca", d.file("ca.pem", ca))
    before = d.listed()
    assert "does not pass this on" in d("write", "--tag", "5", "--type", "psk-id", d.file("id", "O'Neil"), check=1).stderr
    assert d.json("list", "--tag", "5")["credentials"] == []
    d.process.stop()
    # Locked through another host; then the shell can delete, make keys, and write what has no line ends.
    for host in ("at_host", "shell"):
        d.shell = host == "shell"
        d.process = start("nrf91sim", "--imei", d.imei, "--store", d.store, "--host", host)
        d.port = d.pty = d.process.expect(r"^(/dev/\S+)$").group(1)
        if host == "at_host":
            d("lock", "--yes", "--key", key)
            d.process.stop()
    done = d("write", "--tag", TAG, "--type", "ca", other, "--replace", "--yes", "--key", key, check=1)
    assert "does not pass this on" in done.stderr and "nothing was changed" in done.stderr
    assert d.listed() == before
    d("keygen", "--tag", "9", "--key", key)
    d("write", "--tag", "5", "--type", "psk-id", d.file("id", "me"), "--key", key)
    d("delete", "--tag", TAG, "--type", "ca", "--yes", "--key", key)
    assert d.listed() == {}


def test_a_locked_modem_without_its_key(plain, folder):
    key = folder / "lock.key"
    assert plain.json("lock", "--yes", "--key", key, "--tag", "3")["tag"] == 3
    ca = plain.file("ca.pem", certificate())
    done = plain("write", "--tag", TAG, "--type", "ca", ca, check=3)
    assert "is locked" in done.stderr and "--key FILE" in done.stderr
    run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", folder / "other.key", check=0)
    (folder / "other.key").chmod(0o600)
    done = plain("unlock", "--key", folder / "other.key", check=3)
    assert "locked with another key" in done.stderr
    assert plain.json("list", "--tag", TAG)["credentials"] == []
    plain("write", "--tag", TAG, "--type", "ca", ca, "--key", key)
    plain("unlock", "--key", key)
    assert plain.json("info")["lock"] == "none"


def test_without_a_yes_nothing_is_locked(plain, folder):
    done = run("setsid", BIN / "signet", "modem", "--home", plain.home, "lock", "--port", plain.port, "--key",
               folder / "k", check=3)
    assert "nobody can change the store again" in done.stderr and not (folder / "k").exists()
    assert plain.json("info")["lock"] == "none"


# ---------------------------------------------------------------------------------------------------------- console

# A script's commands are sent as they are, and a shell takes no line ends: the next test.
@pytest.mark.parametrize("desk", ["serial-modem", "at_host", "tcp"], indirect=True)
def test_a_script_of_commands(desk):
    ca = certificate()
    script = f'# a comment\nAT+CMEE=1\n\nAT+CFUN?\r\nat%CMNG=0,7,0,"{ca}"\nAT%CMNG=2,7,0\nAT%CMNG=2,8,0\nAT+CFUN=4\n'
    done = desk("console", input=script, check=1)
    assert done.stdout.startswith("OK\n+CFUN: 0\nOK\nOK\n%CMNG: 7,0,")
    assert ca in done.stdout and done.stdout.endswith("+CME ERROR: 513 (not found)\n")
    assert "the modem refused the command; what follows it was not sent" in done.stderr
    assert desk.at("AT+CFUN?") == ["+CFUN: 0"]


def test_a_script_through_a_shell(start, folder):
    d = Desk(start, folder, "--host", "shell")
    done = d("console", input='AT+CMEE=1\nAT+CFUN?\nAT%CMNG=0,7,4,"me"\nAT%CMNG=2,8,4\n', check=1)
    assert done.stdout == "OK\n+CFUN: 0\nOK\nOK\n+CME ERROR: 513 (not found)\n"
    done = d("console", input='AT%CMNG=0,7,4,"a\nb"\n', check=1)
    assert "the shell on" in done.stderr and "Serial Modem" in done.stderr
    assert [c["tag"] for c in d.json("list")["credentials"] if not c["own"]] == [7]


def test_a_script_in_json(plain):
    done = json.loads(plain("console", "--json", input="AT+CGMM\nAT\n").stdout)
    assert done["replies"] == [{"line": 1, "result": "OK", "lines": ["nRF9151-LACA"]}, {"line": 2, "result": "OK", "lines": []}]


@pytest.mark.parametrize("script, sentence", [("hello\n", "commands begin with AT"), ('AT%CMNG=0,1,0,"x\n', "within quotes"),
                                              ("AT" + "x" * 4096 + "\n", "at most 4095"), ("AT\0\n", "NUL")])
def test_what_is_no_command_is_not_sent(plain, script, sentence):
    done = plain("console", input=script, check=2)
    assert sentence in done.stderr and plain.at("AT+CFUN?") == ["+CFUN: 0"]


def test_a_console_on_a_terminal(plain):
    """Unsolicited lines are seen, and Ctrl-D ends; a refused command does not."""
    master, slave = pty.openpty()
    process = Process("signet", "modem", "console", "--home", plain.home, "--port", plain.port, stdin=slave)
    try:
        process.expect("Ctrl-D ends")
        os.write(master, b"AT%CMNG=2,8,0\n")
        process.expect("^ERROR$")
        plain.process.send_signal(SIGUSR2)  # a reset
        process.expect(r"^Ready$")
        os.write(master, b'AT%CMNG=0,1,4,"x\ny"\nAT%CMNG=2,1,4\n')
        process.expect(r'^y"$')
        os.write(master, b"\x04")
        assert process.wait() == 0
    finally:
        process.stop()
        os.close(master)
        os.close(slave)
