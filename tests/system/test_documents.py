# SPDX-License-Identifier: Apache-2.0
"""The documents keep up with the programs: options, configuration fields, links."""

import re

import pytest

from harness import ROOT, run

MANUALS = {"signet": "signet.1", "signetd": "signetd.8", "signet-device": "signet-device.1", "nrf91sim": "nrf91sim.1"}


def manual(name):
    return run("mandoc", "-T", "utf8", ROOT / "docs/man" / MANUALS[name], check=0).stdout.replace("\b", "").replace("−", "-")


def plain(text):
    return re.sub(r"(.)\1", r"\1", text)  # bold is a letter over itself


def options_of(*command):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", run(*command, check=0).stdout))


@pytest.mark.parametrize("program", ["signetd", "signet-device", "nrf91sim"])
def test_each_option_is_in_the_manual(program):
    missing = {o for o in options_of(program, "--help") if o not in plain(manual(program)) and o not in manual(program)}
    assert not missing - {"--help", "--version"}


def test_each_command_of_signet_is_in_the_manual_with_its_options():
    text = manual("signet")
    commands = re.findall(r"^  ([a-z]+)  ", run("signet", "help", check=0).stdout, re.M)
    assert {"init", "enroll", "issue", "devices", "revoke", "audit"} <= set(commands)
    probes = re.findall(r"^  ([a-z]+)  ", run("signet", "help", "probe", check=0).stdout, re.M)
    for command in commands + [f"probe {p}" for p in probes]:
        assert command in plain(text) or command in text, command
        missing = {o for o in options_of("signet", "help", *command.split()) if o not in plain(text) and o not in text}
        assert not missing - {"--help"}, command


def test_each_field_of_the_configuration_is_in_the_reference(home):
    reference = (ROOT / "docs/reference/configuration.md").read_text()
    section = ""
    for line in (home.path / "signet.yaml").read_text().splitlines():
        m = re.match(r"^( *)([a-z_]+):(.*)$", line)
        if m and not m.group(1):
            section = m.group(2)
        if m and m.group(3).strip():
            name = m.group(2) if not m.group(1) else f"{section}.{m.group(2)}"
            assert f"`{name}`" in reference, name


def test_links_lead_somewhere():
    for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_options_in_the_guide_are_there():
    lines = [line for page in [ROOT / "README.md", *ROOT.glob("docs/guide/*.md")] for line in page.read_text().splitlines()]
    commands = [c.strip() for line in lines if line.startswith("    ") for c in line.split("&&") if re.match(r"\s+signet [a-z]", c) or c.startswith(" signet ")]
    assert len(commands) > 30
    for command in commands:
        words = command.split()
        known = options_of("signet", "help", words[1]) | options_of("signet", words[1], words[2] if len(words) > 2 and words[2].isalpha() else "", "--help")
        used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", command))
        assert not used - known - {"--home", "--json", "--help"}, command
