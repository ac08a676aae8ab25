# SPDX-License-Identifier: Apache-2.0
"""signet assess report: pages that need nothing else, every picture sound, every link leading somewhere."""
import json
import re
import subprocess
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from harness import run

VOID = {"meta", "br", "link", "img", "hr"}


def assess(*words, check=0):
    return run("signet", "assess", *words, check=check)


@pytest.fixture(scope="module")
def meter(tmp_path_factory):
    folder = tmp_path_factory.mktemp("assess") / "meter"
    assess("new", "--example", folder)
    assess("run", folder, check=1)
    return folder


class Page(HTMLParser):
    """Holds that each element is closed in its turn, and gathers ids, links and headings."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.headings, self.outside = [], set(), set(), [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if "id" in attrs:
            assert attrs["id"] not in self.ids, attrs["id"]
            self.ids.add(attrs["id"])
        if tag == "a":
            self.links.add(attrs["href"])
        elif "src" in attrs or "href" in attrs:
            self.outside.append((tag, attrs))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, tag


@pytest.mark.parametrize("name", ["report", "technical-documentation", "declaration"])
def test_each_page_stands_alone_and_its_outline_has_no_gap(meter, name):
    written = json.loads(assess("report", "--no-pdf", "--json", meter).stdout)["files"]
    assert str(meter / f"report/{name}.html") in written and len(written) == 3
    text = (meter / f"report/{name}.html").read_text()
    page = Page(text)
    assert not page.outside and "url(" not in text and "@import" not in text and "<script" not in text
    assert '<html lang="en">' in text and "Aqua One</title>" in text
    assert page.headings[0] == 1 and all(b <= a + 1 for a, b in zip(page.headings, page.headings[1:]))
    for link in page.links:
        assert link[1:] in page.ids if link.startswith("#") else (meter / "report" / link.split("#")[0]).exists(), link


def test_each_requirement_has_its_section_and_each_path_its_picture(meter):
    assess("report", "--no-pdf", meter)
    text = (meter / "report/report.html").read_text()
    result = json.loads((meter / "result.json").read_text())
    assert text.index("What is missing</h2>") < text.index("Requirements</h2>")
    for r in result["requirements"]:
        section = text[text.index(f'<section id="p{r["part"]}-{r["id"]}">'):]
        section = section[:section.index("</section>")]
        pictures = [ET.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", section, re.S)]
        paths = {tuple((s["node"], s["answer"]) for s in u["path"]) for u in r["units"]}
        assert len(pictures) == len(paths), r["id"]
        told = {svg.find("{http://www.w3.org/2000/svg}desc").text for svg in pictures}
        for path in paths:
            assert any(t.startswith("".join(f"{node} {answer}. " for node, answer in path)) for t in told), (r["id"], path)


def test_a_report_of_another_product_file_is_refused(meter):
    text = (meter / "product.yaml").read_text()
    (meter / "product.yaml").write_text(text + "# changed\n")
    try:
        assert "signet assess run" in assess("report", "--no-pdf", meter, check=3).stderr
    finally:
        (meter / "product.yaml").write_text(text)


def test_nothing_to_report_yet(tmp_path):
    assess("new", "--example", tmp_path)
    assert "signet assess run" in assess("report", tmp_path, check=4).stderr
    assert not (tmp_path / "report").exists()


def test_the_pdf_is_for_screen_readers_too(meter, tmp_path):
    assess("new", "--example", tmp_path)
    result = json.loads((meter / "result.json").read_text())
    result["requirements"], result["gaps"] = result["requirements"][:2], result["gaps"][:5]  # the whole takes half a minute
    (tmp_path / "result.json").write_text(json.dumps(result))
    assess("report", tmp_path)
    for name in ("report", "technical-documentation", "declaration"):
        pdf = tmp_path / f"report/{name}.pdf"
        told = subprocess.run(["pdfinfo", pdf], capture_output=True, text=True, check=True).stdout
        assert re.search(r"^Tagged: +yes$", told, re.M) and re.search(r"^Title: .*Aqua One$", told, re.M)
        assert not list(pdf.parent.glob("*.part"))
    words = subprocess.run(["pdftotext", "-layout", tmp_path / "report/report.pdf", "-"], capture_output=True, text=True, check=True).stdout
    assert "NOT ENOUGH EVIDENCE" in words and "Is the asset meant to be open to everybody" in words
