# SPDX-License-Identifier: Apache-2.0
"""`signet probe guide`: what a person saw is recorded as that, and not taken where a control failed or what was watched
tells another story. And `signet probe records`, which reads all of it."""

import json
import os
import pty

import pytest

from harness import BIN, run

GOOD = {"witness": "Jane Doe", "before": "yes", "done": "yes", "seen": "refused", "statement": "log: not valid",
        "after": "yes"}


@pytest.fixture
def guide(folder):
    def begin(name, answers, *args, check=None):
        path = folder / "answers.json"
        path.write_text(json.dumps(answers))
        done = run("signet", "probe", "guide", name, "--answers", path, "--evidence", folder / "evidence", "--json",
                   *args, check=check)
        results = json.loads(done.stdout)["results"] if done.stdout else []
        return done, results[0] if results else None
    return begin


def record(folder, at=-1):
    listed = json.loads(run("signet", "probe", "records", folder / "evidence", "--json", check=0).stdout)
    return listed["records"][at]["record"]


def test_who_saw_what_is_recorded(guide, folder):
    image = folder / "image.bin"
    image.write_bytes(b"image")
    _, result = guide("fw.unsigned", GOOD, "--equipment", "Meter", "--serial", "7", "--firmware", "1.2.0", "--image",
                      image, "--watch", "echo 1.2.0; exit 3", check=0)
    assert result["verdict"] == "nothing-against" and result["setting"] == "equipment"
    r = record(folder)
    assert r["weight"] == "primary" and r["requirements"] == ["SUM-2"]
    assert r["target"]["product"] == "Meter" and r["target"]["firmware"] == "1.2.0"
    assert r["observed"] == "Jane Doe saw: refused. log: not valid"
    assert r["reason"].startswith("A person's observation: ")
    assert r["facts"]["witness"] == "Jane Doe" and r["facts"]["answers"] == GOOD
    assert [(w["exit_code"], w["output"]) for w in r["facts"]["watched"]] == [(3, "1.2.0\n")] * 2
    assert r["facts"]["offered"]["bytes"] == 5
    assert r["facts"]["offered"]["sha256"] == run("sha256sum", image).stdout.split()[0]
    assert [c["ok"] for c in r["controls"]] == [True, True]


@pytest.mark.parametrize("change,verdict,code", [
    ({"seen": "ignored"}, "remark", 0),
    ({"seen": "installed"}, "fail", 6),
    ({"seen": "neither"}, "fail", 6),
    ({"seen": "unclear"}, "skipped", 7),
    ({"before": "no"}, "skipped", 7),
    ({"after": "no"}, "skipped", 7),
    ({"done": "no"}, "skipped", 7),
    ({"before": "no", "seen": "installed"}, "fail", 6),  # a failure needs no control
])
def test_the_verdict_follows_what_was_seen(guide, change, verdict, code):
    _, result = guide("fw.sig-altered", {**GOOD, **change}, check=code)
    assert result["verdict"] == verdict


def test_a_command_that_cannot_be_run_has_watched_nothing(guide):
    _, result = guide("fw.older", GOOD, "--watch", "/nowhere/version", check=7)
    assert result["verdict"] == "skipped" and "Nothing was watched" in result["reason"]


def test_what_was_watched_is_believed_before_the_person(guide, folder):
    counter = folder / "n"
    changing = f"echo x >>{counter}; wc -l <{counter}"
    _, result = guide("fw.older", GOOD, "--watch", changing, check=7)
    assert "was watched changed" in result["reason"]
    good = {"witness": "J", "done": "yes", "seen": "installed", "statement": "2.0"}
    assert guide("fw.newer", good, "--watch", changing, check=0)[1]["verdict"] == "nothing-against"
    _, result = guide("fw.newer", good, "--watch", "echo 1.0", check=7)
    assert "stayed the same" in result["reason"]


def test_the_catalogue_names_requirements_that_there_are():
    runs = json.loads(run("signet", "probe", "runs", "--json", check=0).stdout)["runs"]
    assert len({r["run"] for r in runs}) == len(runs)
    for name in {n for r in runs for n in r["requirements"].split()}:
        run("signet", "assess", "explain", name, check=0)


def test_each_guided_run_can_be_gone_through(guide):
    runs = json.loads(run("signet", "probe", "runs", "--json", check=0).stdout)["runs"]
    names = [r["run"] for r in runs if r["kind"] == "guided"]
    assert {"fw.unsigned", "fw.power-cut", "port.debug", "dev.reset", "dev.log", "port.network"} <= set(names)
    listed = run("signet", "probe", "guide", check=0).stdout
    for name in names:
        assert name in listed
        done, _ = guide(name, {**GOOD, "seen": "no such word"}, check=1)
        words = done.stderr.split("One of: ")[1].split()
        verdicts = [guide(name, {**GOOD, "seen": w})[1]["verdict"] for w in words]
        assert verdicts[0] == "nothing-against" and verdicts[-1] == "skipped" and "fail" in verdicts, (name, verdicts)


@pytest.mark.parametrize("missing", list(GOOD))
def test_a_missing_answer_is_named_and_nothing_is_recorded(guide, folder, missing):
    answers = {k: v for k, v in GOOD.items() if k != missing}
    done, _ = guide("fw.unsigned", answers, check=1)
    assert f'no fitting answer for "{missing}"' in done.stderr
    assert not list((folder / "evidence").glob("0*"))


@pytest.mark.parametrize("key", ["witness", "statement"])
def test_a_witness_has_a_name_and_words(guide, folder, key):
    done, _ = guide("fw.unsigned", {**GOOD, key: ""}, check=1)
    assert f'no fitting answer for "{key}"' in done.stderr
    assert not list((folder / "evidence").glob("0*"))


def test_a_run_that_is_none_is_refused(guide):
    assert "there is no run fw.*" in guide("fw.*", GOOD, check=2)[0].stderr
    assert "there is no run modem.tags here" in guide("modem.tags", GOOD, check=2)[0].stderr
    assert "no terminal to ask at" in run("signet", "probe", "guide", "fw.unsigned", check=2).stderr


def test_a_person_is_asked_at_the_terminal(folder):
    answers = ["Jane", "perhaps", "yes", "yes", "refused", "the log says so", "yes"]
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execv(BIN / "signet", ["signet", "probe", "guide", "fw.unsigned"])
    out = b""
    for a in answers:
        while b"? " not in out.rsplit(b"\n", 1)[-1]:
            out += os.read(fd, 4096)
        out += b"\n"
        os.write(fd, a.encode() + b"\n")
    try:
        while True:
            piece = os.read(fd, 4096)
            if not piece:
                break
            out += piece
    except OSError:
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, out.decode()
    assert b"You need:" in out and b"nothing against" in out
    r = record(folder)
    assert r["observed"] == "Jane saw: refused. the log says so"


def test_altered_evidence_is_named(guide, folder):
    for _ in range(3):
        guide("fw.unsigned", GOOD, check=0)
    evidence = folder / "evidence"
    assert "3 records: chain, signatures and files are whole." in run("signet", "probe", "records", evidence, check=0).stdout
    path = evidence / "0002-fw.unsigned/record.json"
    path.write_text(path.read_text().replace("Jane Doe", "John Doe"))
    done = run("signet", "probe", "records", evidence, check=1)
    assert "0002-fw.unsigned  nothing against" in done.stdout and "WRONG: record.json is not what was signed" in done.stdout
    assert "1 of 3 records" in done.stderr
    assert run("signet", "probe", "records", folder / "absent", check=4).stdout == ""
