# SPDX-License-Identifier: Apache-2.0
"""signet assess: a product file is asked for, checked, and assessed; what is missing is told, and nothing looks better than it is."""
import fnmatch
import json
import os
import pty
import subprocess

import pytest
from harness import BIN, home, folder, run, start  # noqa: F401 (fixtures)

EXAMPLE = os.path.join(os.path.dirname(__file__), "..", "..", "examples", "meter", "product.yaml")


def assess(*words, check=0):
    return run("signet", "assess", *words, check=check)


ANSWERS = {
    "product.name": "Therm \"Two\"", "product.kind": "heat meter", "product.types": "T2, T3", "product.configurations": "T2; indoors",
    "product.serials": "from 1", "product.hardware": "2", "product.firmware": "1.0.0", "product.firmware_date": "2026-10-01",
    "product.modem_firmware": "mfw_nrf91x1_2.0.2", "product.intended_use": "measures heat", "product.place_of_use": "cellars",
    "product.users": "occupants, fitters", "product.user_documents": "manual", "product.setup": "magnet",
    "product.internet": "yes", "product.personal_data": "yes", "product.money": "no", "product.toy": "no", "product.childcare": "no",
    "product.wearable": "no", "product.network_equipment": "no", "product.special_categories": "no",
    "manufacturer.name": "Example: Heat", "manufacturer.address": "Street 1", "manufacturer.contact": "a@b.example",
    "parts.1": "it is on the internet", "parts.2": "households", "parts.3": "no money", "by": "A. Person, security",
}


def write_answers(path, **changed):
    path.write_text("".join(f"{k}: {v}\n" for k, v in {**ANSWERS, **changed}.items() if v is not None))
    return path


def test_example_is_the_one_of_the_repository_and_nothing_is_written_over(tmp_path):
    assess("new", "--example", tmp_path / "m")
    with open(EXAMPLE, encoding="utf-8") as f:
        assert (tmp_path / "m" / "product.yaml").read_text(encoding="utf-8") == f.read()
    assert "not written over" in assess("new", "--example", tmp_path / "m", check=3).stderr
    assert "Nothing in" in assess("check", tmp_path / "m").stdout


def test_run_on_paper_alone_is_not_enough_and_says_what_settles_it(tmp_path):
    assess("new", "--example", tmp_path)
    done = assess("run", tmp_path, check=1)
    assert "NOT ENOUGH EVIDENCE: " in done.stdout
    assert "signet probe device --evidence" in done.stdout and "--modem-firmware mfw_nrf91x1_2.0.2 …" in done.stdout
    assert "dev.server.expired" in done.stdout
    assert done.stdout.index("To be measured") < done.stdout.index("REQUIREMENT")  # gaps first
    assert "2027-12-10" in done.stdout and "2037-12-10" in done.stdout
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["result"] == "NOT ENOUGH EVIDENCE" and result["module_a"]["state"] == "not settled"
    assert result["counts"]["fail"] == 0 and sum(result["counts"].values()) == 33 + 43 == len(result["requirements"])
    printed = json.loads(assess("run", tmp_path, "--json", check=1).stdout)
    assert printed["product"]["product"]["name"] == "Aqua One" and printed["gaps"] == result["gaps"]
    for requirement in result["requirements"]:
        if requirement["sufficiency"]["asked"]:
            assert requirement["result"] == "NOT ENOUGH EVIDENCE", requirement["id"]


def test_faults_are_told_by_line(tmp_path):
    assess("new", "--example", tmp_path)
    file = tmp_path / "product.yaml"
    text = file.read_text()
    line = text[: text.index("  toy: no")].count("\n") + 1
    file.write_text(text.replace("  toy: no", "  toy: maybe"))
    for word in ("check", "run"):
        failed = assess(word, tmp_path, check=1)
        assert f"product.yaml:{line}: product.toy is \"maybe\"; allowed: yes or no" in failed.stderr
    assert not (tmp_path / "result.json").exists()
    file.write_text(text.replace("  toy: no", "  toy: yes"))
    told = assess("check", tmp_path, check=1).stdout
    assert "contradiction: ACM-3 DN-1 is no, and product.toy is yes" in told
    assert json.loads(assess("check", tmp_path, "--json", check=1).stdout)[0]["line"] > 1
    file.write_text("nothing\n")
    assert "format: 1" in assess("run", tmp_path, check=1).stderr
    file.unlink()
    assert "signet assess new" in assess("run", tmp_path, check=4).stderr


def test_new_from_answers_states_nothing_that_counts(tmp_path):
    assess("new", tmp_path / "t", "--answers", write_answers(tmp_path / "answers"))
    result = json.loads(assess("run", tmp_path / "t", "--json", check=1).stdout)
    product = result["product"]
    assert product["product"]["name"] == 'Therm "Two"' and product["product"]["types"] == ["T2", "T3"]
    assert product["manufacturer"]["name"] == "Example: Heat"
    assert [s["applies"] for s in result["standards"]] == [True, True, False]
    assert product["statements"] and not any(s.get("by") or s.get("date") for s in product["statements"])
    assert {r["result"] for r in result["requirements"]} == {"NOT ENOUGH EVIDENCE", "NOT APPLICABLE"}
    for r in result["requirements"]:  # what is not applicable follows from another list, not from an unsigned word
        if r["result"] == "NOT APPLICABLE":
            assert r["units"] == [] and "follows" in r["no_units"], r["id"]


@pytest.mark.parametrize("changed, told", [
    ({"product.toy": "perhaps"}, "yes or no"), ({"product.name": None}, "does not answer product.name"),
    ({"product.colour": "red"}, "no such question"), ({"product.firmware_date": "yesterday"}, "Nothing was written"),
])
def test_answers_that_cannot_be_used(tmp_path, changed, told):
    failed = assess("new", tmp_path / "t", "--answers", write_answers(tmp_path / "answers", **changed), check=1)
    assert told in failed.stderr and not (tmp_path / "t" / "product.yaml").exists()


def test_new_asks_at_a_terminal(tmp_path):
    assert "--answers" in assess("new", tmp_path / "t", check=2).stderr
    keyboard, terminal = pty.openpty()
    with subprocess.Popen([str(BIN / "signet"), "assess", "new", str(tmp_path / "t")], stdin=terminal, stdout=subprocess.PIPE, text=True) as asked:
        for answer in ["", *ANSWERS.values()]:  # an empty answer is asked for again
            os.write(keyboard, answer.encode() + b"\n")
        shown = asked.communicate(timeout=60)[0]
    os.close(keyboard)
    os.close(terminal)
    assert asked.returncode == 0, shown
    assert shown.count("The product's name") == 2 and "Is it a toy? (yes or no)" in shown
    assert 'name: "Therm \\"Two\\""' in (tmp_path / "t" / "product.yaml").read_text()


def test_explain():
    listed = assess("explain").stdout
    assert listed.count("\n") == 49 and "LGM-4" in listed
    told = assess("explain", "AUM-2-1", "--part", "2").stdout
    assert "EN 18031-2:2024, clause 6.2.2.1" in told and "E.Info.AUM-2-1.AuthenticationMechanism" in told
    tree = json.loads(assess("explain", "SCM-1", "--part", "3", "--json").stdout)
    assert [(q["yes"], q["no"]) for q in tree["questions"]] == [("PASS", "FAIL")]
    assert "no requirement" in assess("explain", "ACM-9", check=4).stderr
    assert "has no DLM-1" in assess("explain", "DLM-1", "--part", "1", check=4).stderr


def test_gather_brings_the_audit_log_and_the_result_lists_it(tmp_path, home):
    assess("new", "--example", tmp_path / "m")
    assess("gather", tmp_path / "m", "--home", home.path)
    listed = json.loads((tmp_path / "m" / "evidence-files" / "gathered.json").read_text())
    assert [g["file"] for g in listed] == ["audit.json"]
    log = json.loads((tmp_path / "m" / "evidence-files" / "audit.json").read_text())
    assert log["whole"] is True and log["entries"][-1]["hash"] == log["head"]["hash"] and log["entries_in_log"] == len(log["entries"])
    assess("gather", tmp_path / "m", "--home", home.path)  # again: replaced, not added
    result = json.loads(assess("run", tmp_path / "m", "--json", check=1).stdout)
    assert result["gathered"] == json.loads((tmp_path / "m" / "evidence-files" / "gathered.json").read_text())
    assert len(result["gathered"]) == 1
    modem = home.modem()
    home.signet("enroll", "--port", modem.port, "--lot", "week-48", check=0)
    assess("gather", tmp_path / "m", "--home", home.path, "--lot", "week-48")
    listed = {g["file"]: g for g in json.loads((tmp_path / "m" / "evidence-files" / "gathered.json").read_text())}
    assert set(listed) == {"audit.json", "audit-week-48.json", "lot-week-48.json", "lot-week-48.p7s"}
    assert listed["lot-week-48.json"]["good"] == 1 and listed["lot-week-48.json"]["signed_by"] == "first lot"
    of_lot = json.loads((tmp_path / "m" / "evidence-files" / "audit-week-48.json").read_text())
    assert {e["subject"] for e in of_lot["entries"]} == {modem.endpoint, "week-48"} and "enrolled" in {e["what"] for e in of_lot["entries"]}
    assert "no lot" in assess("gather", tmp_path / "m", "--home", home.path, "--lot", "ghost", check=4).stderr


def test_records_of_a_simulator_are_design_verification_and_altered_ones_are_none(tmp_path, home):
    assess("new", "--example", tmp_path / "m")
    modem = home.modem()
    evidence = tmp_path / "m" / "evidence"
    run("signet", "probe", "modem", "--home", home.path, "--port", modem.port, "--evidence", evidence, "--only", "modem.read-key,modem.tags")
    folders = sorted(f.name for f in evidence.iterdir() if f.is_dir())
    assert [f[5:] for f in folders] and {f[5:] for f in folders} == {"modem.read-key", "modem.tags"}
    result = json.loads(assess("run", tmp_path / "m", "--json", check=1).stdout)
    records = {r["run"]: r for r in result["records"]}
    assert records["modem.read-key"]["setting"] == "design" and records["modem.read-key"]["counts"] is False
    assert "design verification" in records["modem.read-key"]["why_not"]
    ssm3 = next(r for r in result["requirements"] if r["id"] == "SSM-3")
    assert ssm3["result"] == "NOT ENOUGH EVIDENCE" and folders[[f[5:] for f in folders].index("modem.read-key")] in ssm3["sufficiency"]["records"]
    file = evidence / folders[0] / "record.json"
    file.write_text(file.read_text().replace('"design"', '"equipment"'))
    done = assess("run", tmp_path / "m", "--json", check=1)
    altered = next(r for r in json.loads(done.stdout)["records"] if r["folder"] == folders[0])
    assert altered["counts"] is False and "not whole" in altered["why_not"] and folders[0] in done.stderr


def test_every_run_that_the_assessment_needs_is_in_the_catalogue_and_the_other_way_round():
    catalogue = json.loads(run("signet", "probe", "runs", "--json", check=0).stdout)
    catalogue = {r["run"]: r["requirements"].split() for r in catalogue["runs"]}
    linked = {}
    for requirement in json.loads(assess("explain", "--json").stdout):
        told = json.loads(assess("explain", requirement["id"], "--part", requirement["parts"][0], "--json").stdout)
        for r in told["runs"]:
            linked.setdefault(r["run"], set()).add(requirement["id"])
    known = {l for l in linked if any(fnmatch.fnmatchcase(name, l) for name in catalogue)}
    assert set(linked) == known
    for name, requirements in catalogue.items():
        if name.startswith("srv."):
            continue  # a server is not the equipment
        meant = set().union(*(linked[l] for l in known if fnmatch.fnmatchcase(name, l)), set())
        assert set(requirements) & meant or not requirements, name
