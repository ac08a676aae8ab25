# SPDX-License-Identifier: Apache-2.0
"""signet init makes a home whole or not at all, never over another; what it writes, OpenSSL agrees with."""

import json
import os
import pty
import select
import stat
import subprocess
import time

import pytest
from harness import BIN, run

NAME = "lwm2m.example.com"


def init(path, *args, **options):
    return run("signet", "init", "--home", path, "--server", NAME, *args, **options)


def openssl(*args, **options):
    return run("openssl", *args, check=options.pop("check", 0), **options).stdout


def leftovers(path):
    return [p.name for p in path.parent.iterdir() if p.name.startswith(path.name) and p != path]


def test_the_home_is_whole_and_private(folder):
    h = folder / "home"
    out = init(h, "--plain-keys", check=0).stdout
    assert [line.split("  ")[0] for line in out.splitlines()] == \
        ["Home", "Device root", "Issuing CA", "Server root", "Server", "CA keys", "Next: connect a board and run `signet enroll`."]
    assert stat.S_IMODE(h.stat().st_mode) == 0o700
    secret = ["ca/device-root.key", "ca/issuing.key", "ca/server-root.key", "server/server.key", "token", "inventory.db"]
    for name in secret:
        assert stat.S_IMODE((h / name).stat().st_mode) == 0o600, name
    for name in ["ca/device-root.pem", "ca/issuing.pem", "ca/server-root.pem", "server/server.pem", "signet.yaml", "lots"]:
        assert (h / name).exists(), name
    assert len((h / "token").read_text().strip()) == 43  # 32 bytes in base64url
    assert leftovers(h) == []


def test_openssl_agrees_with_both_chains(folder):
    h = folder / "home"
    init(h, "--plain-keys", check=0)
    openssl("verify", "-x509_strict", "-CAfile", h / "ca/device-root.pem", h / "ca/issuing.pem")
    openssl("verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", NAME,
            "-CAfile", h / "ca/server-root.pem", h / "server/server.pem")
    done = run("openssl", "verify", "-CAfile", h / "ca/device-root.pem", h / "server/server.pem")
    assert done.returncode != 0  # the two roots are apart
    crl = run("signet", "ca", "crl", "--home", h, check=0).stdout
    openssl("crl", "-CAfile", h / "ca/issuing.pem", "-noout", input=crl)


def test_curve_years_and_names_are_as_asked(folder):
    h = folder / "home"
    out = init(h, "--plain-keys", "--curve", "p384", "--years", "3", "--ca-name", "Lot 17", "--json", check=0).stdout
    facts = json.loads(out)
    assert facts["home"] == str(h) and facts["issuing_ca"]["name"] == "Lot 17"
    text = openssl("x509", "-in", h / "ca/device-root.pem", "-noout", "-text")
    assert "secp384r1" in text
    fingerprint = openssl("x509", "-in", h / "ca/device-root.pem", "-noout", "-fingerprint", "-sha256")
    assert fingerprint.strip().split("=")[1].lower() == facts["device_root"]["fingerprint"]
    assert "prime256v1" in openssl("x509", "-in", h / "ca/issuing.pem", "-noout", "-text")
    year = time.gmtime(time.time() + 3 * 365 * 86400).tm_year
    assert facts["device_root"]["valid_until"].startswith(str(year))


@pytest.mark.parametrize("name", ["192.0.2.7", "2001:db8::7"])
def test_an_ip_address_is_taken_with_a_note(folder, name):
    done = run("signet", "init", "--home", folder / "h", "--server", name, "--plain-keys", check=0)
    assert f"{name} is an IP address" in done.stdout
    openssl("verify", "-verify_ip", name, "-CAfile", folder / "h/ca/server-root.pem", folder / "h/server/server.pem")


# ------------------------------------------------------------------------------------------- never over another

def everything(path):
    return {str(p): p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}


def test_a_home_is_never_overwritten(folder):
    h = folder / "home"
    init(h, "--plain-keys", check=0)
    before = everything(h)
    done = init(h, "--plain-keys", check=3)
    assert "init never overwrites" in done.stderr
    assert everything(h) == before and leftovers(h) == []


def test_neither_is_anything_else(folder):
    (folder / "file").write_text("mine")
    (folder / "dir").mkdir()
    (folder / "dir/mine").write_text("mine")
    for name in ["file", "dir"]:
        assert "already" in init(folder / name, "--plain-keys", check=3).stderr
    assert (folder / "file").read_text() == "mine" and everything(folder / "dir") == {str(folder / "dir/mine"): b"mine"}
    (folder / "empty").mkdir()
    init(folder / "empty", "--plain-keys", check=0)


def test_of_two_at_once_one_wins_whole(folder):
    h = folder / "home"
    both = [subprocess.Popen([BIN / "signet", "init", "--home", h, "--server", NAME, "--plain-keys"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    for p in both:
        p.communicate(timeout=60)
    assert sorted(p.returncode for p in both) == [0, 3]
    assert leftovers(h) == []
    assert run("signet", "audit", "verify", "--home", h).returncode == 0


def test_a_folder_that_cannot_be_made(folder):
    done = init(folder / "no/such/home", "--plain-keys", check=1)
    assert "No such file or directory" in done.stderr


# ------------------------------------------------------------------------------------------------- passphrases

def test_keys_are_encrypted_with_the_passphrase(folder):
    secret = folder / "secret"
    secret.write_text("correct horse\nsecond line\n")
    secret.chmod(0o600)
    init(folder / "h", "--passphrase-file", secret, check=0)
    for name in ["device-root", "issuing", "server-root"]:
        key = folder / f"h/ca/{name}.key"
        assert key.read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
        openssl("pkey", "-in", key, "-passin", "pass:correct horse", "-noout")
        openssl("pkey", "-in", key, "-passin", "pass:wrong", "-noout", check=1)
    assert "correct horse" not in (folder / "h/signet.yaml").read_text()
    assert (folder / "h/server/server.key").read_text().startswith("-----BEGIN PRIVATE KEY-----")


def test_a_passphrase_comes_by_a_descriptor(folder):
    init(folder / "h", "--passphrase-fd", "0", input="correct horse\n", check=0)
    openssl("pkey", "-in", folder / "h/ca/issuing.key", "-passin", "pass:correct horse", "-noout")


def test_bad_passphrase_sources_leave_nothing(folder):
    open_to_all = folder / "secret"
    open_to_all.write_text("x\n")
    open_to_all.chmod(0o644)
    assert "can be read by others" in init(folder / "h", "--passphrase-file", open_to_all, check=3).stderr
    assert "No such file" in init(folder / "h", "--passphrase-file", folder / "none", check=1).stderr
    assert "is empty" in init(folder / "h", "--passphrase-fd", "0", input="\n", check=1).stderr
    assert "longer than 255" in init(folder / "h", "--passphrase-fd", "0", input="x" * 300, check=1).stderr
    assert "descriptor 99" in init(folder / "h", "--passphrase-fd", "99", check=1).stderr
    assert "not many" in init(folder / "h", "--passphrase-fd", "many", check=2).stderr
    assert "exclude each other" in init(folder / "h", "--passphrase-fd", "0", "--plain-keys", check=2).stderr
    assert not (folder / "h").exists() and leftovers(folder / "h") == []


def on_terminal(argv, answers):
    """Runs a program on a terminal of its own; types each answer when its prompt is there. Output, exit code."""
    pid, fd = pty.fork()
    if pid == 0:
        try:
            os.execv(argv[0], [str(a) for a in argv])
        finally:
            os._exit(127)  # never a second test runner
    text, waiting = "", list(answers)
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if select.select([fd], [], [], 0.1)[0]:
            try:
                text += os.read(fd, 4096).decode()
            except OSError:
                break
        if waiting and waiting[0][0] in text:
            os.write(fd, waiting.pop(0)[1].encode())
    _, status = os.waitpid(pid, 0)
    os.close(fd)
    return text, os.waitstatus_to_exitcode(status)


def test_it_asks_twice_on_a_terminal_and_shows_nothing(folder):
    argv = [str(BIN / "signet"), "init", "--home", str(folder / "h"), "--server", NAME]
    text, code = on_terminal(argv, [("New passphrase", "corrext\x7f\x7fct horse\r"), ("The same again", "correct horse\r")])
    assert code == 0, text
    assert "horse" not in text
    openssl("pkey", "-in", folder / "h/ca/issuing.key", "-passin", "pass:correct horse", "-noout")


def test_two_different_passphrases_make_nothing(folder):
    argv = [str(BIN / "signet"), "init", "--home", str(folder / "h"), "--server", NAME]
    text, code = on_terminal(argv, [("New passphrase", "one\r"), ("The same again", "two\r")])
    assert code == 1 and "differ" in text and not (folder / "h").exists()
    text, code = on_terminal(argv, [("New passphrase", "one\x03")])
    assert code == 1 and "nothing was changed" in text and not (folder / "h").exists()


# ------------------------------------------------------------------------------------------------------- usage

@pytest.mark.parametrize("args, says", [
    (["--server"], "needs a value"),
    ([], "Give --server HOST"),
    (["--server", "a b"], "neither a host name"),
    (["--server", "x", "--curve", "p521"], "p256 or p384, not p521"),
    (["--server", "x", "--years", "0"], "1 to 50, not 0"),
    (["--server", "x", "--years", "-3"], "1 to 50, not -3"),
    (["--server", "x", "--ca-name", "n" * 65], "at most 64"),
    (["--server", "x", "extra"], "one word too many: extra"),
    (["--sever", "x"], "Did you mean --server?"),
])
def test_wrong_usage_is_told(folder, args, says):
    done = run("signet", "init", "--home", folder / "h", "--plain-keys", *args, check=2)
    assert says in done.stderr and done.stdout == ""
    assert not (folder / "h").exists() and leftovers(folder / "h") == []
