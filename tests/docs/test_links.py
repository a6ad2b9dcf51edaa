"""Links in the documentation: files and headings that they name are there."""

import re
import subprocess

from sluicetest import TOP, binary

LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)")


def pages():
    found = [TOP / "README.md"]
    for folder in ("docs", "src", "tests", "packaging", "web", "sql"):
        found += sorted((TOP / folder).rglob("*.md"))
    return [p for p in found if "node_modules" not in p.parts]


def prose(page):
    """The text without code, where brackets are no links."""
    text = re.sub(r"(?ms)^```.*?^```", "", page.read_text())
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(page):
    names = set()
    for heading in re.findall(r"(?m)^#+ (.*)$", page.read_text()):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", text.strip().lower())
        names.add(name.replace(" ", "-"))
    return names


def test_every_link_leads_somewhere():
    n, broken = 0, []
    for page in pages():
        for target in LINK.findall(prose(page)):
            if re.match(r"[a-z]+:", target):
                continue
            n += 1
            path, _, anchor = target.partition("#")
            file = (page.parent / path).resolve() if path else page
            if not file.exists():
                broken.append(f"{page.relative_to(TOP)}: {target}")
            elif anchor and anchor not in anchors(file):
                broken.append(f"{page.relative_to(TOP)}: {target} has no such heading")
    assert n > 50 and broken == []


def test_every_page_is_in_an_index():
    indexes = (TOP / "README.md").read_text() + (TOP / "docs/README.md").read_text()
    for page in sorted((TOP / "docs").glob("*.md")):
        assert page.name == "README.md" or f"{page.name})" in indexes, page.name


def test_the_table_of_settings_is_that_of_the_program():
    # cli-4
    made = subprocess.run(
        [binary(), "config", "template", "--markdown"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert (TOP / "docs" / "settings-table.md").read_text() == made, (
        "run: build/sluice config template --markdown > docs/settings-table.md"
    )
