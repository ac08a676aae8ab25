# SPDX-License-Identifier: Apache-2.0
"""signet assess seal, verify, renew: one archive, checked by hand with openssl and sha256sum as its own page says, stamped
by OpenSSL's `ts`, and every change found."""

import hashlib
import json
import re
import shutil
import subprocess
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from harness import ROOT, run

EC = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
TS = """[tsa]
default_tsa=t
[t]
serial=serial
crypto_device=builtin
signer_digest=sha256
default_policy=1.2.3.4.1
digests=sha256,sha512,sha3-512
ess_cert_id_alg=sha256
"""


def sh(command, cwd, check=True):
    done = subprocess.run(["bash", "-c", command], cwd=cwd, capture_output=True, text=True, timeout=60)
    assert not check or done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done


class Authority:
    """An authority of time stamps: OpenSSL's `ts`, behind HTTP. `twist(query, answer)` makes it lie."""

    def __init__(self, path):
        self.path, self.signer = path, "tsa"
        self.twist = lambda query, answer: answer
        path.mkdir()
        (path / "ts.cnf").write_text(TS)
        (path / "ext").write_text("extendedKeyUsage=critical,timeStamping\n")
        sh(f"openssl req -x509 {EC} -keyout ca.key -out ca.pem -subj '/CN=Stamp root' -days 3650", path)
        for name, days in (("tsa", 365), ("old", -1)):
            sh(f"openssl req {EC} -keyout {name}.key -out {name}.csr -subj '/CN=Stamps {name}' && openssl x509 -req -in {name}.csr "
               f"-CA ca.pem -CAkey ca.key -CAcreateserial -extfile ext -days {days} -out {name}.pem", path)
        self.ca = path / "ca.pem"
        handler = type("Handler", (BaseHTTPRequestHandler,), {"do_POST": lambda request: self._post(request),
                                                               "log_message": lambda *a: None})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/stamps"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, query):
        (self.path / "q.tsq").write_bytes(query)
        sh(f"openssl ts -reply -config ts.cnf -section t -queryfile q.tsq -signer {self.signer}.pem -inkey {self.signer}.key "
           f"-out r.tsr", self.path)
        return self.twist(query, (self.path / "r.tsr").read_bytes())

    def _post(self, request):
        assert request.headers["Content-Type"] == "application/timestamp-query"
        answer = self.answer(request.rfile.read(int(request.headers["Content-Length"])))
        request.send_response(200 if answer is not None else 503)
        request.send_header("Content-Type", "application/timestamp-reply")
        request.end_headers()
        request.wfile.write(answer or b"busy")

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def authority(folder):
    a = Authority(folder / "tsa")
    yield a
    a.close()


def add_record(evidence, number, previous, run_name="dev.server.wrong-ca", firmware="2.4.1"):
    """A record of the equipment as docs/reference/records.md says, signed by openssl. Returns its hash."""
    place = evidence / f"{number:04d}-{run_name}"
    place.mkdir()
    text = f"what was said, {number}\n" * 40
    (place / "transcript.txt").write_text(text)
    record = {"format": 1, "number": number, "previous": previous, "run": run_name, "requirements": ["AUM-3"],
              "began": f"2026-11-22T10:00:0{number}.000Z", "verdict": "nothing-against", "weight": "primary",
              "setting": "equipment", "target": {"kind": "device", "product": "Aqua One", "firmware": firmware,
                                                  "modem_firmware": "mfw_nrf91x1_2.0.2"},
              "files": [{"name": "transcript.txt", "what": "transcript", "bytes": len(text),
                         "sha256": hashlib.sha256(text.encode()).hexdigest()}]}
    raw = json.dumps(record, indent=2).encode()
    (place / "record.json").write_bytes(raw)
    sh("openssl cms -sign -binary -in record.json -signer ../signer.crt -inkey ../signer.key -outform DER -out record.p7s "
       "-md sha256 -nosmimecap", place)
    return hashlib.sha256(raw).hexdigest()


def new_evidence(path):
    path.mkdir(parents=True)
    sh(f"openssl req -x509 {EC} -keyout signer.key -out signer.crt -subj /CN=evidence -days 9", path)
    return path


@pytest.fixture
def assessment(folder):
    """The example's meter, with three records, assessed and reported."""
    path = folder / "meter"
    evidence, previous = new_evidence(path / "evidence"), ""
    shutil.copy(ROOT / "examples/meter/product.yaml", path)
    for number, name in enumerate(("dev.server.wrong-ca", "dev.server.expired", "dev.server.wrong-name"), 1):
        previous = add_record(evidence, number, previous, name)
    run("signet", "assess", "run", path)  # not enough evidence, as its exit code says
    run("signet", "assess", "report", path, "--no-pdf", check=0)
    return path


def seal(home, assessment, *args, check=0):
    out = assessment.parent / "sealed.tar"
    out.unlink(missing_ok=True)
    home.signet("assess", "seal", assessment, "--out", out, *args, check=check)
    return out


def root(home):
    return home.path / "ca/device-root.pem"


def verify(archive, *args, check=0):
    done = run("signet", "assess", "verify", archive, "--json", *args, check=check)
    return json.loads(done.stdout)


def unpack(archive, to):
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir()
    sh(f"tar -xf {archive}", to)
    return to / "assessment"


def page_commands(inside):
    """The commands of README.txt, by the number of their chapter."""
    chapters, current = {}, None
    for line in (inside / "README.txt").read_text().splitlines():
        if m := re.match(r"(\d)\. ", line):
            current = chapters.setdefault(int(m.group(1)), [])
        elif line.startswith("    ") and current is not None:
            if current and current[-1].endswith("\\"):
                current[-1] = current[-1][:-1] + line.strip()
            else:
                current.append(line.strip())
    return chapters


def walk_page(inside, home, authority, renewals=()):
    """Runs them as they stand; only the names of the CAs are filled in. Returns what they printed."""
    shutil.copy(root(home), inside.parent / "CA.pem")
    shutil.copy(authority.ca, inside.parent / "TSA.pem")
    printed, chapters = [], page_commands(inside)
    assert [len(chapters[n]) for n in (1, 2, 3, 4)] == [3, 2, 2, 3]
    for number in (1, 2, 3):
        for command in chapters[number]:
            printed.append(sh(command.replace("TSA.pem", "../TSA.pem").replace("-CAfile CA.pem", "-CAfile ../CA.pem"), inside).stdout)
    for number, digest in enumerate(renewals, 1):
        for command in chapters[4]:
            wanted = "sha3-512" if "sha3" in command else "sha512"
            stamp = "ts -verify" in command
            if stamp or wanted == digest:
                command = command.replace("-N", f"-{number}").replace("TSA.pem", "../TSA.pem")
                printed.append(sh(command.replace("sha512 -CA", f"{digest} -CA"), inside).stdout)
    return printed


def test_the_archives_own_page_checks_it(home, folder, assessment, authority):
    archive = seal(home, assessment, "--tsa", authority.url, "--tsa-ca", authority.ca)
    inside = unpack(archive, folder / "x")
    printed = walk_page(inside, home, authority)
    assert printed[0] == printed[2] == "" and "first lot" in printed[4] and "Time stamp:" in printed[5]
    # And it notices: a changed file, an added one, another signer, another time stamp.
    chapters = page_commands(inside)
    first, there, listed = chapters[1]
    with (inside / "product.yaml").open("a") as f:
        f.write("#")
    assert "product.yaml: FAILED" in sh(first, inside, check=False).stdout
    (inside / "more").write_text("x")
    sh(there, inside)
    assert "< more" in sh(listed, inside, check=False).stdout
    (inside / "MANIFEST.sha256").write_text((inside / "MANIFEST.sha256").read_text().replace("a", "b", 1))
    assert sh(chapters[2][0].replace("CA.pem", "../CA.pem"), inside, check=False).returncode != 0
    (inside / "manifest.p7s").write_bytes(b"x" + (inside / "manifest.p7s").read_bytes())
    assert sh(chapters[3][1].replace("TSA.pem", "../TSA.pem"), inside, check=False).returncode != 0


def test_verify_says_what_is_there(home, folder, assessment, authority):
    sbom = folder / "bom.cdx.json"
    sbom.write_text("{}")
    archive = seal(home, assessment, "--tsa", authority.url, "--sbom", sbom)
    told = verify(archive, "--ca", root(home), "--tsa-ca", authority.ca)
    assert told["whole"] and told["findings"] == [] and told["records"] == 3 and not told["draft"]
    assert told["signer"]["name"] == "first lot" and told["signer"]["trusted"]
    assert [(s["path"], s["authority"], s["trusted"], s["digest"]) for s in told["stamps"]] == [
        ("manifest.tsr", "Stamps tsa", True, "sha256")]
    assert told["due"][:4] == "2027" or told["due"] > told["stamps"][0]["time"]
    assert verify(archive)["signer"]["trusted"] is None
    text = run("signet", "assess", "verify", archive, check=0).stdout
    assert "compare that fingerprint" in text and "Renew       before" in text
    names = tarfile.open(archive).getnames()
    assert "assessment/sbom/bom.cdx.json" in names and "assessment/evidence/signer.key" not in names
    inventory = json.loads((unpack(archive, folder / "x") / "inventory.json").read_text())
    assert {c["kind"] for c in inventory["certificates"]} >= {"device-root", "issuing-ca"} and inventory["audit"]["entries"] > 0
    assert "PRIVATE" not in json.dumps(inventory)


def altered(archive, path, change):
    """The archive with one file's bytes changed in place, all else kept."""
    raw = bytearray(archive.read_bytes())
    with tarfile.open(archive) as t:
        member = t.getmember(f"assessment/{path}")
    at = member.offset_data
    content = change(bytearray(raw[at:at + member.size]))
    raw[at:at + member.size] = content
    other = archive.with_name("altered.tar")
    other.write_bytes(raw)
    return other


def flip(at):
    def change(content):
        content[at] ^= 1
        return content
    return change


def test_each_change_is_named(home, assessment, authority):
    archive = seal(home, assessment, "--tsa", authority.url)
    for path, at in (("evidence/0002-dev.server.expired/record.json", 17), ("report/report.html", 5000), ("MANIFEST.sha256", 9),
                     ("result.json", 0)):
        told = verify(altered(archive, path, flip(at)), check=1)
        assert [(f["fault"], f["path"], f["from"], f["to"]) for f in told["findings"]][0] == ("altered", path, at, at)
    done = run("signet", "assess", "verify", altered(archive, "product.yaml", flip(3)), check=1)
    assert "altered   product.yaml: byte 3 was changed" in done.stdout and "is not as it was sealed: 1 fault." in done.stderr
    for at in (25, 300, 650):  # with a stamp, the signature's wrapping too
        told = verify(altered(archive, "manifest.p7s", flip(at)), check=1)
        assert "unstamped" in {f["fault"] for f in told["findings"]}


def test_another_signer_and_another_stamp_are_named(home, folder, assessment, authority):
    first = seal(home, assessment, "--tsa", authority.url).read_bytes()
    sh(f"openssl req -x509 {EC} -keyout other.key -out other.pem -subj /CN=other -days 9", folder)
    (folder / "first.tar").write_bytes(first)
    second = seal(home, assessment, "--tsa", authority.url, "--signer-cert", folder / "other.pem", "--signer-key", folder / "other.key")
    told = verify(second, "--ca", root(home), check=1)
    assert [f["fault"] for f in told["findings"]] == ["unsigned"] and told["signer"]["trusted"] is False
    assert verify(second, "--ca", folder / "other.pem")["signer"]["trusted"]
    # A stamp of the one archive in the other.
    a, b = unpack(folder / "first.tar", folder / "a"), unpack(second, folder / "b")
    shutil.copy(b / "manifest.tsr", a / "manifest.tsr")
    sh("tar -cf ../mixed.tar assessment", folder / "a")
    told = verify(folder / "mixed.tar", check=1)
    assert [(f["fault"], f["path"]) for f in told["findings"]] == [("unstamped", "manifest.tsr")]
    assert "over other bytes" in told["findings"][0]["text"]


def test_the_records_chain_is_checked_too(home, folder, assessment):
    """Sealed by someone who left out a record, or altered one: hashes and signature fit, the chain does not."""
    shutil.rmtree(assessment / "evidence/0002-dev.server.expired")
    done = home.signet("assess", "seal", assessment, "--draft", check=3)
    assert "not as they were made, and are not sealed" in done.stderr


def test_what_must_not_be_sealed(home, assessment):
    (assessment / "evidence-files").mkdir()
    sh("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out evidence-files/notes.txt", assessment)
    done = home.signet("assess", "seal", assessment, check=3)
    assert "notes.txt is or has a private key" in done.stderr and not list(assessment.glob("*.tar"))
    (assessment / "evidence-files/notes.txt").unlink()
    with (assessment / "product.yaml").open("a") as f:
        f.write("# more\n")
    assert "run `signet assess run` again" in home.signet("assess", "seal", assessment, check=3).stderr
    told = json.loads(home.signet("assess", "seal", assessment, "--draft", "--json", check=0).stdout)
    assert told["draft"] and told["stamped"] is None and verify(told["file"])["draft"]
    home.signet("assess", "seal", assessment / "nothing", check=4)
    assert "is there already" in home.signet("assess", "seal", assessment, "--draft", check=1).stderr


def refused(home, assessment, authority, *args):
    before = set(assessment.parent.iterdir())
    done = home.signet("assess", "seal", assessment, "--out", assessment.parent / "new.tar", "--tsa", authority.url, *args, check=1)
    assert set(assessment.parent.iterdir()) == before
    return done.stderr


def test_what_an_authority_may_answer(home, folder, assessment, authority):
    good = (folder / "tsa/good.tsr")
    authority.twist = lambda query, answer: good.write_bytes(answer) and answer
    seal(home, assessment, "--tsa", authority.url)
    authority.twist = lambda query, answer: good.read_bytes()
    assert "over other bytes than were asked for" in refused(home, assessment, authority)
    authority.twist = lambda query, answer: b"<html>"
    assert "no time stamp response" in refused(home, assessment, authority)
    authority.twist = lambda query, answer: None
    assert "HTTP status 503" in refused(home, assessment, authority)
    authority.twist = lambda query, answer: answer
    sh("sed -i s/digests=.*/digests=sha512/ ts.cnf", authority.path)
    assert "refused to stamp (status 2, badAlg" in refused(home, assessment, authority)
    (authority.path / "ts.cnf").write_text(TS)
    authority.signer = "old"
    assert "\"Stamps old\" expired on" in refused(home, assessment, authority)
    authority.signer = "tsa"
    assert "not among the CAs trusted here" in refused(home, assessment, authority, "--tsa-ca", root(home))
    authority.close()
    assert "cannot be asked" in refused(home, assessment, authority)


def test_renewals(home, folder, assessment, authority):
    archive = seal(home, assessment)
    assert verify(archive)["stamps"] == []
    run("signet", "assess", "renew", archive, "--tsa", authority.url, check=0)  # the first stamp, later
    run("signet", "assess", "renew", archive, "--tsa", authority.url, "--tsa-ca", authority.ca, check=0)
    told = json.loads(run("signet", "assess", "renew", archive, "--tsa", authority.url, "--digest", "sha3-512", "--json", check=0).stdout)
    assert told["digest"] == "sha3-512"
    told = verify(archive, "--ca", root(home), "--tsa-ca", authority.ca)
    assert [(s["path"], s["digest"]) for s in told["stamps"]] == [
        ("manifest.tsr", "sha256"), ("renewal-1.tsr", "sha512"), ("renewal-2.tsr", "sha3-512")]
    walk_page(unpack(archive, folder / "x"), home, authority, ["sha512", "sha3-512"])
    for path in ("manifest.tsr", "renewal-1.tsr", "renewal-1.sha512", "renewal-2.sha3-512"):
        told = verify(altered(archive, path, flip(40)), check=1)
        assert path in {f["path"] for f in told["findings"]}, told
    done = run("signet", "assess", "renew", altered(archive, "product.yaml", flip(1)), "--tsa", authority.url, check=3)
    assert "is not as it was sealed, and is not stamped" in done.stderr
    assert "not with sha1" in run("signet", "assess", "renew", archive, "--tsa", authority.url, "--digest", "sha1", check=2).stderr


def test_a_stamp_carried_by_hand(home, folder, assessment, authority):
    archive, query = seal(home, assessment), folder / "stamp.tsq"
    done = run("signet", "assess", "renew", archive, "--tsa-file", query, check=4)
    assert "Have the authority answer it" in done.stderr
    (folder / "stamp.tsr").write_bytes(authority.answer(query.read_bytes()))
    run("signet", "assess", "renew", archive, "--tsa-file", query, check=0)
    assert len(verify(archive, "--tsa-ca", authority.ca)["stamps"]) == 1
    # The same answer is none to the next request.
    assert "over other bytes" in run("signet", "assess", "renew", archive, "--tsa-file", query, check=1).stderr


def new_firmware(path, to, version="2.5.0"):
    text = (path / "product.yaml").read_text()
    old = 'firmware: "2.4.1"\n  firmware_date: 2026-10-12'
    assert old in text
    to.mkdir()
    (to / "product.yaml").write_text(text.replace(old, f'firmware: "{version}"\n  firmware_date: 2026-11-01'))
    return to


def diff(*args):
    return json.loads(run("signet", "assess", "diff", *args, "--json", check=0).stdout)


def test_what_a_new_firmware_changes(home, folder, assessment):
    with (assessment / "product.yaml").open("r+") as f:
        text = f.read().replace("checks: []", """checks:
  - kind: completeness
    requirements: [GEC-2]
    did: All ports were scanned from the network side
    saw: None was open
    serial: AQ1-000007
    firmware: "2.4.1"
    by: M. Jansen
    date: 2026-11-20""")
        f.seek(0)
        f.write(text)
    new = new_firmware(assessment, folder / "new")
    told = diff(assessment, new)
    assert {"path": "product.firmware", "old": "2.4.1", "new": "2.5.0"} in told["changed"]
    assert {c["path"] for c in told["changed"]} == {"product.firmware", "product.firmware_date"}
    runs = {e["what"]: e for e in told["again"] if e["kind"] == "run"}
    assert set(runs) == {"dev.server.wrong-ca", "dev.server.expired", "dev.server.wrong-name"}
    assert runs["dev.server.expired"]["requirements"] == ["AUM-3"]
    assert 'it is of firmware "2.4.1", and the product file states 2.5.0' in runs["dev.server.expired"]["why"]
    assert [(e["what"], e["requirements"]) for e in told["again"] if e["kind"] == "check"] == [
        ("All ports were scanned from the network side", ["GEC-2"])]
    # One of the runs has been made again: it is on the list no more.
    evidence = shutil.copytree(assessment / "evidence", new / "evidence")
    last = hashlib.sha256((evidence / "0003-dev.server.wrong-name/record.json").read_bytes()).hexdigest()
    add_record(evidence, 4, last, "dev.server.expired", "2.5.0")
    assert {e["what"] for e in diff(assessment, new)["again"] if e["kind"] == "run"} == {"dev.server.wrong-ca", "dev.server.wrong-name"}
    text = run("signet", "assess", "diff", assessment, new / "product.yaml", check=0).stdout
    assert "run   dev.server.wrong-ca  for AUM-3" in text and "product.firmware " in text


def test_sealed_archives_are_compared_too(home, folder, assessment):
    archive = seal(home, assessment)
    assert diff(archive, assessment) == {"changed": [], "results": [], "again": []}
    new = new_firmware(assessment, folder / "new")
    text = (new / "product.yaml").read_text()
    (new / "product.yaml").write_text(text.replace("types: [AQ1-15, AQ1-20]", "types: [AQ1-15, AQ1-20, AQ1-25]"))
    told = diff(archive, new / "product.yaml")
    assert {"path": "product.types", "old": ["AQ1-15", "AQ1-20"], "new": ["AQ1-15", "AQ1-20", "AQ1-25"]} in told["changed"]
    assert len(told["again"]) == 3
    assert "needs a word more" in run("signet", "assess", "diff", archive, check=2).stderr
    assert "there is no" in run("signet", "assess", "diff", archive, folder / "nothing", check=4).stderr
    assert "no sealed archive" in run("signet", "assess", "diff", archive, root(home), check=1).stderr
