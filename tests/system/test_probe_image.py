# SPDX-License-Identifier: Apache-2.0
"""signet probe image: images with exactly one fault each, in all formats; each fault is found by its run and no other.

MCUboot's own imgtool signs the images, and judges the same ones.
"""

import datetime
import io
import json
import random
import struct
import subprocess
import sys
import zipfile

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from harness import Modem, run
from modem_port import read_store
from test_psk import TAG, switch

GOOD_CONFIG = """CONFIG_LWM2M=y
CONFIG_LWM2M_CLIENT_UTILS_SERVER="coaps://lwm2m.example.com"
CONFIG_LWM2M_DTLS_SUPPORT=y
CONFIG_APP_LWM2M_PSK=""
CONFIG_LWM2M_CLIENT_UTILS_SERVER_TLS_TAG=35724861
CONFIG_NRF_APPROTECT_LOCK=y
CONFIG_NRF_SECURE_APPROTECT_LOCK=y
CONFIG_HW_STACK_PROTECTION=y
CONFIG_LOG_DEFAULT_LEVEL=2
# CONFIG_SHELL is not set
# CONFIG_NRF_MODEM_LIB_TRACE is not set
"""


def code(size=24 * 1024, seed=1):
    """Something like Thumb code with the texts of a client: nothing secret in it."""
    rng = random.Random(seed)
    words = [struct.pack("<H", rng.choice((0x4600, 0xb500, 0x2000, 0xf000, 0x6800)) | rng.randrange(64)) for _ in range(size // 2)]
    texts = b"coaps://lwm2m.example.com:5684\0Password: wrong\0psk\0key\0%CMNG=0,%u,3,\"%s\"\0-----BEGIN CERTIFICATE-----\0"
    body = bytearray(b"".join(words))
    body[4096:4096 + len(texts)] = texts
    return bytes(body)


def with_fault(fault, at=9001, size=24 * 1024, seed=1):
    body = bytearray(code(size, seed))
    body[at:at + len(fault)] = fault
    return bytes(body)


def pem_key():
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def probe(folder, *args, check=None, home=None):
    """The results by run, without a home unless one is meant."""
    done = run("signet", "probe", "image", *args, "--json", "--evidence", folder / "evidence",
               *(["--home", home] if home else []), env={"SIGNET_HOME": str(folder / "none")})
    assert done.stdout, done.stderr
    if check is not None:
        assert done.returncode == check, done.stdout
    return {r["run"]: r for r in json.loads(done.stdout)["results"]}


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content) if isinstance(content, bytes) else path.write_text(content)
    return path


# ---------------------------------------------------------------------------------------------------- MCUboot

def imgtool(*args):
    return subprocess.run([sys.executable, "-m", "imgtool.main", *map(str, args)], capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """A signing key of each kind, and its public half as --key takes it."""
    made, folder = {}, tmp_path_factory.mktemp("keys")
    for kind in ("ecdsa-p256", "rsa-2048", "ed25519"):
        private, public = folder / f"{kind}.pem", folder / f"{kind}.pub"
        assert imgtool("keygen", "-k", private, "-t", kind).returncode == 0
        assert imgtool("getpub", "-k", private, "-e", "pem", "-o", public).returncode == 0
        made[kind] = (private, public)
    return made


def sign(folder, key=None, version="1.2.3+4", counter="7", body=None, name="app_update.bin", more=()):
    raw = write(folder, "unsigned.bin", body or code())
    args = ["sign", "--version", version, "--header-size", "0x200", "--pad-header", "--slot-size", "0x40000", "--align", "4", *more]
    if key:
        args += ["--key", key]
    if counter:
        args += ["--security-counter", counter]
    done = imgtool(*args, raw, folder / name)
    assert done.returncode == 0, done.stderr
    return folder / name


@pytest.mark.parametrize("kind", ["ecdsa-p256", "rsa-2048", "ed25519"])
def test_a_signed_image_is_sound_for_both(folder, keys, kind):
    private, public = keys[kind]
    image = sign(folder, private)
    assert imgtool("verify", "-k", public, image).returncode == 0
    results = probe(folder, image, "--key", public, check=0)
    assert {r["verdict"] for r in results.values()} == {"nothing-against"}
    facts = results["image.signature"]["facts"]["mcuboot"][0]
    assert facts["version"] == "1.2.3+4" and facts["security_counter"] == 7
    assert facts["hash_ok"] is True and facts["signature_ok"] is True
    other = keys["rsa-2048" if kind != "rsa-2048" else "ed25519"][1]
    assert imgtool("verify", "-k", other, image).returncode != 0
    assert probe(folder, image, "--key", other, check=6)["image.signature"]["verdict"] == "fail"
    assert probe(folder, image, "--key", other, "--key", public, check=0)


@pytest.mark.parametrize("fault", ["unsigned", "changed", "changed-header", "signature", "cut", "other-key", "no-counter",
                                   "no-key-given", "version-unset", "encrypted", "compressed"])
def test_one_fault_of_a_signed_image(folder, keys, fault):
    """imgtool finds those that speak against the signature too."""
    private, public = keys["ecdsa-p256"]
    options = {"unsigned": {"key": None}, "no-counter": {"counter": None}, "version-unset": {"version": "0.0.0+0"},
               "encrypted": {"more": ("--encrypt", public)}, "compressed": {"more": ("--compression", "lzma2")}}.get(fault, {})
    image = sign(folder, **{"key": private, **options})
    data = bytearray(image.read_bytes())
    if fault == "changed":
        data[5000] ^= 1
    if fault == "changed-header":
        data[20] ^= 1  # the version
    if fault == "signature":
        data[-5] ^= 1
    if fault == "cut":
        del data[-150:]
    image.write_bytes(bytes(data))
    key = keys["ed25519"][1] if fault == "other-key" else public
    results = probe(folder, image, *([] if fault == "no-key-given" else ["--key", key]))
    expected = {"unsigned": ("fail", "not signed"), "changed": ("fail", "digest is another"),
                "changed-header": ("fail", "digest is another"), "signature": ("fail", "was not made over this image"),
                "cut": ("fail", "cut off"), "other-key": ("fail", "was not made over this image"),
                "no-counter": ("remark", "no security counter"), "no-key-given": ("remark", "--key"),
                "version-unset": ("remark", "never set"), "encrypted": ("remark", "encrypted"),
                "compressed": ("nothing-against", "hold")}[fault]
    r = results["image.signature"]
    assert r["verdict"] == expected[0] and expected[1] in r["reason"], r
    if fault not in ("no-key-given", "no-counter", "version-unset", "encrypted", "compressed"):
        assert imgtool("verify", "-k", key, image).returncode != 0
    # The search is not led astray; what it cannot see, it says.
    hidden = fault in ("encrypted", "compressed")
    assert results["image.secrets"]["verdict"] == ("remark" if hidden else "nothing-against")
    assert not hidden or f"is {fault}" in results["image.secrets"]["reason"]


def test_an_older_version_with_a_higher_counter(folder, keys):
    private, public = keys["ecdsa-p256"]
    new = sign(folder, private, version="2.0.0", counter="3", name="new.bin")
    old = sign(folder, private, version="1.0.0", counter="5", name="old.bin", body=code(seed=2))
    results = probe(folder, old, new, "--key", public, check=5)["image.signature"]
    assert results["verdict"] == "fail" and "the older 1.0.0+0 has 5" in results["reason"]


# ------------------------------------------------------------------------------------------------- the formats

def intel_hex(body, base=0x10000):
    lines, high = [], None
    for at in range(0, len(body), 16):
        if (base + at) >> 16 != high:
            high = (base + at) >> 16
            lines.append(bytes([2, 0, 0, 4]) + struct.pack(">H", high))
        row = body[at:at + 16]
        lines.append(bytes([len(row)]) + struct.pack(">H", base + at & 0xffff) + b"\0" + row)
    lines.append(bytes([0, 0, 0, 1]))
    return "".join(":" + (r + bytes([-sum(r) & 255])).hex().upper() + "\r\n" for r in lines)


def s_record(body, base=0x10000):
    rows = []
    for at in range(0, len(body), 16):
        row = body[at:at + 16]
        rows.append(("S3", bytes([len(row) + 5]) + struct.pack(">I", base + at) + row))
    rows.append(("S7", bytes([5, 0, 0, 0, 0])))
    return "".join(kind + (r + bytes([~sum(r) & 255])).hex().upper() + "\n" for kind, r in rows)


def elf(body, base=0x10000):
    header = b"\x7fELF\x01\x01\x01" + bytes(9) + struct.pack("<HHIIIIIHHHHHH", 2, 40, 1, base | 1, 52, 0, 0, 52, 32, 1, 40, 0, 0)
    return header + struct.pack("<8I", 1, 84, 0x20000000, base, len(body), len(body), 5, 4) + body


def package(members, manifest=None):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        if manifest is not None:
            z.writestr("manifest.json", json.dumps(manifest))
        for name, content in members.items():
            z.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize("form", ["raw", "hex", "srec", "elf", "zip"])
def test_a_key_is_found_in_all_formats_at_its_place(folder, form):
    key = pem_key()
    for fault, verdict in ((b"", "nothing-against"), (key, "fail")):
        body = with_fault(fault)
        image = write(folder, f"{form}{len(fault)}", {
            "raw": lambda: body, "hex": lambda: intel_hex(body), "srec": lambda: s_record(body), "elf": lambda: elf(body),
            "zip": lambda: package({"app.bin": body}, {"files": [{"file": "app.bin", "load_address": 0x10000, "size": len(body)}]}),
        }[form]())
        r = probe(folder, image, check=6 if fault else 0)["image.secrets"]
        assert r["verdict"] == verdict
    found, = r["facts"]["findings"]
    assert (found["kind"], found["confidence"], found["severity"]) == ("private-key", "certain", "critical")
    assert found["address"] == (None if form == "raw" else 0x10000 + 9001)
    content = image.read_bytes()
    if form in ("raw", "elf"):
        assert content[found["offset"]:].startswith(key[:20])
    if form in ("hex", "srec"):  # two digits a byte, from the byte's own line
        assert bytes.fromhex(content[found["offset"]:found["offset"] + 2].decode()) == key[:1]
    secret = key.decode().split("\n")[1]
    assert secret not in json.dumps(r)


@pytest.mark.parametrize("name, content, says", [
    ("bad.hex", ":10000000000102030405060708090A0B0C0D0E0F89\n:00000001FF\n", "line 1 has a wrong checksum"),
    ("cut.hex", intel_hex(code(64))[:100] + "\n", "line 3"),
    ("end.hex", ":020000040000FA\n", "cut off"),
    ("bad.elf", elf(code(64))[:100], "headers point outside"),
    ("bad.zip", package({"a": b"x" * 99})[:60], "zip archive"),
    ("json.zip", package({"manifest.json": b"[]"}), "no JSON object"),
    ("empty", b"", "is empty"),
])
def test_a_broken_file_is_refused_with_its_reason(folder, name, content, says):
    done = run("signet", "probe", "image", write(folder, name, content), "--evidence", folder / "evidence",
               env={"SIGNET_HOME": str(folder / "none")}, check=1)
    assert says in done.stderr and name in done.stderr


@pytest.mark.parametrize("manifest, says", [
    ({"files": [{"file": "app_update.bin", "version_MCUBOOT": "9.9.9"}]}, "another version"),
    ({"files": [{"file": "app_update.bin", "size": 5}]}, "another size"),
    ({"files": [{"file": "other.bin"}]}, "not there"),
    ({"files": [{"file": "app_update.bin", "version_MCUBOOT": "1.2.3+4", "load_address": "0xc200"}]}, None),
])
def test_a_package_says_what_is_in_it(folder, keys, manifest, says):
    private, public = keys["ecdsa-p256"]
    signed = sign(folder, private).read_bytes()
    r = probe(folder, write(folder, "dfu_application.zip", package({"app_update.bin": signed}, manifest)), "--key", public)
    r = r["image.signature"]
    assert r["verdict"] == ("fail" if says else "nothing-against") and (says or "") in r["reason"]
    if not says:  # the header lies before the code that load_address tells
        assert r["facts"]["mcuboot"][0]["address"] == 0xc000


@pytest.mark.parametrize("name, content", [("nothing.hex", ":00000001FF\n"), ("nothing.zip", package({}, {"files": []})),
                                           ("nothing.elf", elf(b""))], ids=["hex", "zip", "elf"])
def test_where_there_is_nothing_to_search_nothing_is_said(folder, name, content):
    r = probe(folder, write(folder, name, content), "--only", "image.secrets", check=7)["image.secrets"]
    assert r["verdict"] == "skipped" and r["observed"] == "nothing was searched"


# ------------------------------------------------------------------------------------ fault × run, and only that

def device_cert(name, days=3650):
    key = ec.generate_private_key(ec.SECP256R1())
    cn = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime(2026, 1, 1)
    return x509.CertificateBuilder().subject_name(cn).issuer_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Maker")])).public_key(key.public_key()).serial_number(7).not_valid_before(
        now - datetime.timedelta(days=9999)).not_valid_after(now + datetime.timedelta(days=days)).sign(key, hashes.SHA256()).public_bytes(
        serialization.Encoding.DER)


FAULTS = {
    "none": (b"", None, None),
    "key": (pem_key(), "image.secrets", "fail"),
    "password": (b"\0mqtt_password=Blue4Horses\0", "image.secrets", "fail"),
    "psk": (b"\0psk=8f1d7c0ba29e4455b1c3d6e7f8091a2b\0", "image.secrets", "fail"),
    "sample-psk": (b"\0" b"000102030405060708090a0b0c0d0e0f\0", "image.secrets", "fail"),
    "guess": (b"\0key 8f1d7c0ba29e4455b1c3d6e7f8091a2b\0", "image.secrets", "remark"),
    "device-certificate": (device_cert("urn:imei:351516170000001"), "image.secrets", "remark"),
    "expired-certificate": (device_cert("Old", days=-300), "image.secrets", "remark"),
    "test-tag": (b"\0AT%CMNG=0,2147483650,3,\"%s\"\0", "image.secrets", "fail"),
    "unsigned": (None, "image.signature", "fail"),
    "config": (None, "image.config", "fail"),
    "sbom": (None, "image.sbom", "remark"),
    "shared": (None, "image.shared", "fail"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found_by_its_run_alone(folder, keys, fault):
    content, where, verdict = FAULTS[fault]
    private, public = keys["ecdsa-p256"]
    one = sign(folder, None if fault == "unsigned" else private, body=with_fault(content or b""), name="one.bin")
    two = sign(folder, private, body=code(seed=2), name="two.bin")
    if fault == "shared":  # a guess in each of the two: what the search remarks, the comparison makes a failure
        guess = FAULTS["guess"][0]
        one = sign(folder, private, body=with_fault(guess), name="one.bin")
        two = sign(folder, private, body=with_fault(guess, at=777, seed=2), name="two.bin")
    config = write(folder, ".config", GOOD_CONFIG + ("CONFIG_AT_HOST_LIBRARY=y\n" if fault == "config" else ""))
    sbom = write(folder, "app.spdx", "SPDXVersion: SPDX-2.3\nPackageName: zephyr\nPackageVersion: 4.1.99\nPackageName: app\n"
                 + ("" if fault == "sbom" else "PackageVersion: 1.2.3\n"))
    results = json.loads(run("signet", "probe", "image", one, two, "--key", public, "--config", config, "--sbom", sbom, "--json",
                             "--evidence", folder / "evidence", env={"SIGNET_HOME": str(folder / "none")}).stdout)["results"]
    assert len(results) == 7
    found = {(r["run"], r["verdict"]) for r in results if r["verdict"] != "nothing-against"}
    expected = {(where, verdict)} if where else set()
    if fault == "shared":
        expected.add(("image.secrets", "remark"))
    assert found == expected
    run("signet", "probe", "records", folder / "evidence", check=0)


@pytest.mark.parametrize("line, severity", [
    ('CONFIG_APP_LWM2M_PSK="000102030405060708090a0b0c0d0e0f"', "critical"),
    ('CONFIG_BOOT_SIGNATURE_KEY_FILE="bootloader/mcuboot/root-ec-p256.pem"', "critical"),
    ('SB_CONFIG_BOOT_SIGNATURE_KEY_FILE="${ZEPHYR_MCUBOOT_MODULE_DIR}/root-rsa-2048.pem"', "critical"),
    ("CONFIG_TEST_RANDOM_GENERATOR=y", "critical"),
    ('CONFIG_LWM2M_CLIENT_UTILS_SERVER="coap://lwm2m.example.com"', "critical"),
    ('CONFIG_LWM2M_CLIENT_UTILS_SERVER="coaps://192.0.2.7:5684"', "high"),
    ('SB_CONFIG_BOOT_ENCRYPTION_KEY_FILE="mcuboot/enc-ec256-priv.pem"', "high"),
    ("# CONFIG_LWM2M_DTLS_SUPPORT is not set", "critical"),
    ("CONFIG_MQTT_HELPER_SEC_TAG=2147483650", "high"),
    ('CONFIG_WIFI_CREDENTIALS_STATIC_PASSWORD="Blue4Horses"', "high"),
    ("CONFIG_MBEDTLS_KEY_EXCHANGE_PSK_ENABLED=y", "medium"),
    ("CONFIG_NRF_MODEM_LIB_TRACE=y", "medium"),
    ("CONFIG_SHELL=y", "medium"),
    ("# CONFIG_NRF_APPROTECT_LOCK is not set", "medium"),
    ("CONFIG_UART_CONSOLE=y", "low"),
    ("CONFIG_LOG_DEFAULT_LEVEL=4", "low"),
])
def test_one_line_of_a_configuration(folder, line, severity):
    name = line.removeprefix("# ").split("=")[0].split(" ")[0]
    text = "".join(x + "\n" for x in GOOD_CONFIG.splitlines() if not x.removeprefix("# ").startswith((name + "=", name + " ")))
    r = probe(folder, write(folder, "image", code()), "--config", write(folder, ".config", text + line + "\n"))["image.config"]
    found, = r["facts"]["findings"]
    assert found["option"] == name and found["severity"] == severity and found["line"] == len(text.splitlines()) + 1
    assert r["verdict"] == ("remark" if severity == "low" else "fail")
    assert "Blue4Horses" not in json.dumps(r) and "0001020304" not in json.dumps(r)


@pytest.mark.parametrize("text, components, without", [
    ("SPDXVersion: SPDX-2.3\nPackageName: zephyr\nPackageVersion: 4.1\nPackageName: app\nPackageVersion: NOASSERTION\n", 2, 1),
    ('{"spdxVersion": "SPDX-2.3", "packages": [{"name": "zephyr", "versionInfo": "4.1"}]}', 1, 0),
    ('{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"name": "a"}, {"name": "b", "version": "2"}]}', 2, 1),
    ("<bom/>", None, "XML"),
    ("{}", None, "neither"),
    ("SPDXVersion: SPDX-2.3\n", None, "no component"),
])
def test_a_bill_of_materials(folder, text, components, without):
    path = write(folder, "sbom", text)
    if components is None:
        done = run("signet", "probe", "image", "--sbom", path, "--evidence", folder / "evidence",
                   env={"SIGNET_HOME": str(folder / "none")}, check=1)
        assert without in done.stderr and "sbom" in done.stderr
        return
    r = probe(folder, "--sbom", path, check=0)["image.sbom"]
    assert (r["facts"]["components"], r["facts"]["without_version"]) == (components, without)
    assert r["verdict"] == ("remark" if without else "nothing-against")


def test_the_pre_shared_keys_of_the_inventory(folder, home):
    """Sealed in the inventory, and found in an image all the same: as bytes and as text, and never shown."""
    switch(home, True)
    modem = Modem(home, None, "--store", str(folder / "modem"))
    run("signet", "enroll", "--home", home.path, "--psk", "--port", modem.port, check=0)
    key = bytes(read_store(folder / "modem")[(TAG, 3)]).decode()
    for content in (key.encode(), key.upper().encode(), bytes.fromhex(key)):
        image = write(folder, "image", with_fault(content))
        r = probe(folder, image, home=home.path, check=6)["image.secrets"]
        found, = r["facts"]["findings"]
        assert modem.endpoint in found["what"] and found["confidence"] == "certain" and found["offset"] == 9001
        assert key not in json.dumps(r).lower()
        assert probe(folder, image, check=0)["image.secrets"]["facts"]["psks_known"] == 0  # without the home, it says nothing


def test_what_a_person_sees(folder):
    image = write(folder, "app.bin", with_fault(pem_key()))
    done = run("signet", "probe", "image", image, "--evidence", folder / "evidence", env={"SIGNET_HOME": str(folder / "none")}, check=6)
    assert "0x002329  certain: a private key of P-256 in PEM  -----BEGIN PRIVATE KEY-----…" in done.stdout
    assert "not applicable" in done.stdout and "to do: " in done.stdout
    assert "same file" in run("signet", "probe", "image", image, write(folder, "copy", image.read_bytes()), "--evidence",
                              folder / "evidence", env={"SIGNET_HOME": str(folder / "none")}, check=1).stderr
    assert "no such" in run("signet", "probe", "image", folder / "nothing", "--evidence", folder / "evidence",
                            env={"SIGNET_HOME": str(folder / "none")}, check=1).stderr.lower()
    run("signet", "probe", "image", check=2)
    run("signet", "probe", "image", image, "--home", folder / "none", check=4)  # a home that is named must be there
