# SPDX-License-Identifier: Apache-2.0
"""signet-device against signetd: with an identity in a modem, with one in files, and with none that is good enough."""

import json
import re
import signal
import subprocess

import pytest
from harness import SERVER_NAME, run
from modem_port import read_store

ENDPOINT = "urn:imei:351516170000996"


def openssl(folder, *args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, cwd=folder)


def new_key(folder, name):
    openssl(folder, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key")
    (folder / f"{name}.key").chmod(0o600)


def leaf(folder, name, ca, days=30, cn=ENDPOINT):
    """A client certificate for a new key; `ca` is the path of the CA's files without their endings."""
    new_key(folder, name)
    (folder / "ext").write_text("keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n")
    openssl(folder, "req", "-new", "-key", f"{name}.key", "-subj", f"/CN={cn}", "-out", f"{name}.csr")
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-days", days,
            "-extfile", "ext", "-out", f"{name}.pem")
    return ["--cert", folder / f"{name}.pem", "--key", folder / f"{name}.key"]


@pytest.fixture
def served(home):
    home.start()
    return home


@pytest.fixture
def enrolled(served):
    """A modem with an identity, and a server that knows it."""
    modem = served.modem()
    served.signet("enroll", "--port", modem.port, check=0)
    return modem


def by_files(home, *args):
    """The command line of a device with an identity in files."""
    return ["signet-device", "--server", home.uri(), "--address", "127.0.0.1", "--ca",
            home.path / "ca/server-root.pem", *args]


def connections(home):
    return len(re.findall("event=connected", home.daemon.text()))


# ------------------------------------------------------------------------------------------------------ by a modem


def test_a_device_lives_in_its_modem(served, enrolled):
    device = served.device(enrolled, "--lifetime", 6, "--interval", 1)
    device.expect("Turning the modem on")
    device.expect("Connected to .*ECDHE-ECDSA-AES128-GCM-SHA256, connection ids in both directions")
    device.expect(rf"Registered at /rd/\S+ as {enrolled.endpoint} for 6 s")

    def value(path):
        return json.loads(served.signet("read", enrolled.endpoint, path, "--json", check=0).stdout)["value"]

    assert value("/3/0/2") == enrolled.imei
    assert value("/3/0/1").startswith("nRF91")
    served.signet("write", enrolled.endpoint, "/3/0/15", "Asia/Tokyo", check=0)
    device.expect("Written: /3/0/15")
    assert value("/3/0/15") == "Asia/Tokyo"
    refused = served.signet("write", enrolled.endpoint, "/3/0/0", "Nobody")
    assert refused.returncode != 0 and "4.05" in refused.stdout + refused.stderr
    device.expect("Refused to the server: PUT /3/0/0, answered with 4.05")
    observed = served.signet("observe", enrolled.endpoint, "/3303/0/5700", "--count", 3, "--json", check=0)
    values = [json.loads(line)["value"] for line in observed.stdout.splitlines()]
    assert len(values) == 3 and len(set(values)) > 1
    device.expect("Registration updated", 10)

    assert device.stop() == 0
    device.expect("Deregistered")
    served.daemon.expect(f"event=deregistered endpoint={enrolled.endpoint}")
    served.daemon.expect("event=disconnected .*alert=close_notify")


def test_a_written_lifetime_is_told(served, enrolled):
    device = served.device(enrolled, "--lifetime", 60)
    device.expect("Registered")
    served.signet("write", enrolled.endpoint, "/1/0/1", "120", check=0)
    device.expect("Registration updated, for 120 s")
    served.daemon.expect("event=updated .*lifetime=120")


def test_a_reboot_registers_anew(served, enrolled):
    device = served.device(enrolled)
    device.expect("Registered")
    seen = len(device.lines)
    served.signet("execute", enrolled.endpoint, "/3/0/4", check=0)
    device.expect("Rebooting", start=seen)
    device.expect("Registered", start=seen)


def test_another_name_than_the_certificates_is_refused(served, enrolled):
    device = served.device(enrolled, "--endpoint", ENDPOINT, "--attempts", 1)
    device.expect(rf"Refused: .* as {ENDPOINT} \(4\.0[0-9] ")
    device.expect("Giving up after 1 failed attempt")
    assert device.wait() == 1
    served.daemon.expect(f"event=refused .*{ENDPOINT}")


def test_a_revoked_device_is_told_to_go(served, enrolled):
    device = served.device(enrolled, "--attempts", 1)
    device.expect("Registered")
    served.signet("revoke", enrolled.endpoint, "--reason", "key-compromise", "--yes", check=0)
    device.expect("Session ended: by the server")
    device.expect("Refused: the modem could not connect", 40)
    assert device.wait(40) == 1


def test_a_modem_without_identity_is_told_what_to_do(served):
    modem = served.modem()
    device = served.device(modem)
    device.expect(r"has no root CA .*|has no .* at tag 35724861\. Enrol it: `signet enroll --port")
    assert device.wait() == 1
    other = served.device(modem, "--tag", 42)
    other.expect("at tag 42")
    assert other.wait() == 1


def test_a_modem_that_goes_is_no_end(served, enrolled):
    device = served.device(enrolled)
    device.expect("Registered")
    enrolled.process.stop()
    device.expect("Session ended|port is gone")
    device.expect("Trying again in")
    assert device.stop() == 0


# -------------------------------------------------------------------------------------------------------- by files


@pytest.fixture
def leaked(served, folder):
    """An identity that was made in a modem and came out of it, which the simulator's file alone allows."""
    store = folder / "modem.store"
    modem = served.modem("--store", store)
    served.signet("enroll", "--port", modem.port, check=0)
    modem.process.stop()
    kept = {kind: content for (tag, kind), content in read_store(store).items() if tag == 35724861}
    (folder / "leaked.pem").write_bytes(kept[1])
    (folder / "leaked.key").write_bytes(kept[2])
    (folder / "leaked.key").chmod(0o600)
    return modem.endpoint, ["--cert", folder / "leaked.pem", "--key", folder / "leaked.key"]


def test_a_device_lives_in_its_files(served, leaked):
    endpoint, identity = leaked
    device = served.start_process(*by_files(served, *identity, "--lifetime", 6, "--interval", 1))
    device.expect("Connected to .* at 127.0.0.1:.*, connection ids in both directions, full handshake")
    device.expect(f"Registered at /rd/\\S+ as {endpoint} for 6 s")  # the certificate's name
    observed = served.signet("observe", endpoint, "/3303/0/5700", "--count", 3, "--json", check=0)
    assert len(observed.stdout.splitlines()) == 3
    assert served.signet("read", endpoint, "/4/0/4", check=0).stdout.count("127.0.0.1") == 1
    assert device.stop() == 0
    served.daemon.expect(f"event=deregistered endpoint={endpoint}")


def test_another_port_costs_no_handshake(served, leaked):
    endpoint, identity = leaked
    device = served.start_process(*by_files(served, *identity, "--lifetime", 6, "--interval", 0))
    device.expect("Registered")
    before = connections(served)
    device.send_signal(signal.SIGUSR1)
    device.expect("Moved to another port")
    seen = len(device.lines)
    device.expect("Registration updated", start=seen)
    served.daemon.expect(f"event=moved endpoint={endpoint}")
    served.signet("read", endpoint, "/3/0/0", check=0)
    assert connections(served) == before


def test_a_bad_line_is_no_end(served, leaked, relay):
    """Every third datagram is lost, in both directions: DTLS and CoAP send again until it is done."""
    endpoint, identity = leaked
    nat, count = relay(served.lwm2m_port), iter(range(1, 100000))
    nat.drop = lambda direction, datagram: next(count) % 3 == 0
    device = served.start_process("signet-device", "--server", f"coaps://{SERVER_NAME}:{nat.port}", "--address",
                                  "127.0.0.1", "--ca", served.path / "ca/server-root.pem", *identity,
                                  "--lifetime", 10, "--interval", 0)
    device.expect("Registered", 60)
    device.expect("Registration updated", 60)
    assert connections(served) == 1
    nat.drop = lambda direction, datagram: False


def test_a_reboot_is_an_abbreviated_handshake(served, leaked):
    endpoint, identity = leaked
    device = served.start_process(*by_files(served, *identity))
    device.expect("Registered")
    served.signet("execute", endpoint, "/3/0/4", check=0)
    device.expect("Rebooting")
    device.expect("Connected to .*abbreviated handshake")
    assert served.signet("read", endpoint, "/3/0/0", check=0).returncode == 0


def test_a_leaked_key_is_shut_out_by_name(served, leaked):
    endpoint, identity = leaked
    device = served.start_process(*by_files(served, *identity, "--attempts", 1))
    device.expect("Registered")
    served.signet("revoke", endpoint, "--reason", "key-compromise", "--yes", check=0)
    device.expect("Session ended by the server: alert access_denied", 2)
    device.expect("Refused by the server: alert certificate_revoked")
    assert device.wait() == 1


# ------------------------------------------------------------------------------------------------------- strangers


def stranger(home, *args):
    done = run(*by_files(home, "--attempts", 1, *args), timeout=30, check=1)
    assert "Giving up after 1 failed attempt" in done.stderr
    return done.stderr


def test_a_certificate_of_another_ca_is_refused(served, folder):
    new_key(folder, "other")
    openssl(folder, "req", "-x509", "-key", "other.key", "-subj", "/CN=Other", "-days", 30, "-out", "other.pem")
    assert "Refused by the server: alert unknown_ca" in stranger(served, *leaf(folder, "foreign", folder / "other"))


def test_an_expired_certificate_is_refused(served, folder):
    identity = leaf(folder, "expired", served.path / "ca/issuing", days=-1)
    assert "Refused by the server: alert certificate_expired" in stranger(served, *identity)


def test_a_certificate_that_the_inventory_does_not_know_is_refused(served, folder):
    text = stranger(served, *leaf(folder, "unknown", served.path / "ca/issuing"))
    assert re.search("Refused by the server: alert (certificate_unknown|access_denied)", text)


def test_no_certificate_is_refused(served):
    assert re.search("Refused by the server: alert \\w+", stranger(served, "--endpoint", ENDPOINT))


def test_each_wait_may_be_twice_as_long_as_the_last(served):
    done = run(*by_files(served, "--attempts", 4, "--endpoint", ENDPOINT), timeout=40, check=1)
    waits = [float(w) for w in re.findall(r"Trying again in (\d+\.\d) s", done.stderr)]
    assert len(waits) == 3
    assert all(wait <= most for wait, most in zip(waits, (1, 2, 4)))
    assert "Giving up after 4 failed attempts" in done.stderr


def test_a_server_of_another_root_is_not_trusted(served, folder):
    new_key(folder, "root")
    openssl(folder, "req", "-x509", "-key", "root.key", "-subj", "/CN=Mine", "-days", 30, "-out", "root.pem")
    done = run("signet-device", "--server", served.uri(), "--address", "127.0.0.1", "--ca", folder / "root.pem",
               "--endpoint", ENDPOINT, "--attempts", 1, timeout=30, check=1)
    assert re.search(r"Refused: .*not among the CAs trusted here.*\(we sent the alert unknown_ca\)", done.stderr)


def test_a_server_of_another_name_is_not_trusted(served):
    text = stranger(served, "--endpoint", ENDPOINT, "--name", "other.example.com")
    assert re.search(r"Refused: .*other\.example\.com.*lwm2m\.example\.com.*\(we sent the alert", text)


def test_a_server_that_is_not_there(folder, home):
    home.lwm2m_port = 9
    device = home.start_process(*by_files(home, "--endpoint", ENDPOINT))
    device.expect("Connecting to")
    assert device.stop() == 0  # in the middle of a handshake


# --------------------------------------------------------------------------------------------------- in bad hands


@pytest.mark.parametrize(("args", "says"), [
    ([], "--server is missing"),
    (["--server", "coap://h"], "needs a URI like coaps://"),
    (["--server", "coaps://"], "no host name"),
    (["--server", "coaps://h:0"], "port is no number"),
    (["--server", "coaps://h:65536"], "port is no number"),
    (["--server", "coaps://h/rd"], "nothing may follow"),
    (["--server", "coaps://[::1"], r"there is no \]"),
    (["--server", "coaps://[name]"], "no IPv6 address"),
    (["--server", "coaps://h"], "there is no identity"),
    (["--server", "coaps://h", "--modem", "p", "--ca", "f"], "leave out --ca"),
    (["--server", "coaps://192.0.2.1", "--modem", "p"], "give --name NAME"),
    (["--server", "coaps://h", "--ca", "f", "--cert", "c"], "belong together"),
    (["--server", "coaps://h", "--ca", "f"], "give --endpoint NAME"),
    (["--server", "coaps://h", "--ca", "f", "--endpoint", "e" * 129], "1 to 128 bytes"),
    (["--lifetime", "soon"], "--lifetime needs a number"),
    (["--tag", "2147483648"], "--tag needs a number from 0 to 2147483647"),
    (["--address", "name"], "needs an IP address"),
    (["--bogus"], "there is no option --bogus"),
    (["--server"], "there is no value for --server"),
    (["word"], "one word too many: word"),
])
def test_wrong_usage(args, says):
    done = run("signet-device", *args, check=2)
    assert re.search(says, done.stderr), done.stderr
    assert done.stderr.count("\n") == 1


def test_help_and_version():
    assert "--modem PORT" in run("signet-device", "--help", check=0).stdout
    assert re.match(r"signet-device \d", run("signet-device", "--version", check=0).stdout)


def test_files_that_cannot_be_used(home, folder):
    home.lwm2m_port = 9
    identity = leaf(folder, "a", home.path / "ca/issuing")
    leaf(folder, "b", home.path / "ca/issuing")
    cert, key = identity[1], identity[3]

    def fails(*args):
        return run(*by_files(home, *args), check=1).stderr

    assert "nowhere.pem" in fails("--cert", folder / "nowhere.pem", "--key", key)
    assert "does not belong to the certificate" in fails("--cert", cert, "--key", folder / "b.key")
    cert.chmod(0o600)
    assert "holds no private key" in fails("--cert", cert, "--key", cert)
    key.chmod(0o644)
    assert "chmod 600" in fails("--cert", cert, "--key", key)
    key.chmod(0o600)
    openssl(folder, "pkcs8", "-topk8", "-in", "a.key", "-out", "locked.key", "-passout", "pass:secret")
    (folder / "locked.key").chmod(0o600)
    assert "encrypted" in fails("--cert", cert, "--key", folder / "locked.key")
    done = run("signet-device", "--server", "coaps://h", "--modem", folder / "nowhere", check=1)
    assert "there is no port" in done.stderr
    done = run("signet-device", "--server", "coaps://h", "--modem", cert, check=1)
    assert "is not a serial port" in done.stderr
