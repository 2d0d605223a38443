"""Links, anchors and pictures of the documents exist, every page is in the site, and the site builds."""

import importlib
import importlib.util
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import REPOSITORY

DOCS = REPOSITORY / "docs"
SITE = sorted(DOCS.rglob("*.md"))
PAGES = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", REPOSITORY / "CHANGELOG.md", *SITE]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`[^`\n]*`")
ELSEWHERE = ("http://", "https://", "mailto:")


def page_name(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def prose(page: Path) -> str:
    """A page without its code, where brackets mean something else; words in backticks within links stay."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return re.sub(r"`([^`\n]*)`(?=\]\()", r"\1", SPAN.sub(lambda m: m[0] if "](" not in m[0] else "", text))


def anchors(page: Path) -> set[str]:
    """The anchors of a page: of headings as the site makes them, and those set by hand."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    found = set(re.findall(r"<a id=\"([^\"]+)\"></a>", text))
    for heading in re.findall(r"^#+ (.+?) *$", text, re.MULTILINE):
        words = re.sub(r"[^\w\s-]", "", heading.replace("`", "")).strip().lower()
        slug, number = re.sub(r"[\s]+", "-", words), 0
        while (slug if not number else f"{slug}_{number}") in found:
            number += 1
        found.add(slug if not number else f"{slug}_{number}")
    return found


def broken(page: Path) -> list[str]:
    """The relative links of a page that lead nowhere."""
    bad = []
    for link in LINK.findall(prose(page)):
        if link.startswith(ELSEWHERE):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        inside = target.is_relative_to(REPOSITORY)
        if (
            not inside
            or not target.exists()
            or (anchor and (target.suffix != ".md" or anchor not in anchors(target)))
        ):
            bad.append(link)
    return bad


def nav_pages() -> list[str]:
    """The pages in the navigation, in their order."""
    settings = yaml.load((REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8"), yaml.SafeLoader)

    def walk(entry: object) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        values = entry.values() if isinstance(entry, dict) else entry
        return [page for value in values for page in walk(value)]

    return walk(settings["nav"])


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_links_anchors_and_pictures_lead_somewhere(page: Path):
    assert broken(page) == []


def test_a_link_that_leads_nowhere_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    page = tmp_path / "page.md"
    page.write_text(
        "# A `word`, here\n[a](#a-word-here) [b](#b) [c](no.md) ![d](no.png) `[e](f)`\n[g](/etc)\n"
    )
    monkeypatch.setitem(globals(), "REPOSITORY", tmp_path)
    assert broken(page) == ["#b", "no.md", "no.png", "/etc"]


def test_every_page_is_in_the_navigation_once_and_no_other():
    assert sorted(nav_pages()) == [page.relative_to(DOCS).as_posix() for page in SITE]


def test_pictures_of_the_site_have_words_for_those_who_do_not_see_them():
    for page in SITE:
        assert "![](" not in page.read_text(encoding="utf-8"), page


def test_every_public_module_is_in_the_reference_once():
    modules = sorted(
        ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
        for path in (REPOSITORY / "tcm_core").rglob("*.py")
        if not path.stem.startswith("_")
    )
    reference = [
        name
        for page in (DOCS / "api").glob("*.md")
        for name in re.findall(r"^::: (\S+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert sorted(reference) == modules


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built without a warning."""
    if any(importlib.util.find_spec(name) is None for name in ("mkdocs", "mkdocstrings_handlers")):
        pytest.skip("the extra docs is not installed")
    site = tmp_path_factory.mktemp("docs") / "site"
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(site)]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-4000:]
    return site


def test_no_page_of_the_site_asks_another_server(site: Path):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > len(SITE)  # and the page for what is not found
    fetched = re.compile(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=[\"']?(?:https?:)?//[^\s>\"']+")
    for page in pages:
        found = [
            tag for tag in fetched.findall(page.read_text(encoding="utf-8")) if "rel=canonical" not in tag
        ]
        assert found == [], page
        assert "javascripts/iframe-worker.js" in page.read_text(encoding="utf-8"), page
    assert (site / "javascripts" / "iframe-worker.js").exists()


def lines_of(name: str) -> range:
    """The numbers of the lines of a module, a class, a function or a method."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part)
        lines, first = inspect.getsourcelines(inspect.unwrap(found))
        return range(first, first + len(lines))
    raise AssertionError(name)


def test_every_name_of_the_equations_leads_to_its_lines(site: Path):
    names = set(re.findall(r"`(tcm_core(?:\.\w+)+)`", (DOCS / "equations.md").read_text(encoding="utf-8")))
    page = (site / "equations.html").read_text(encoding="utf-8")
    assert len(names) > 50
    places = {
        name: file for file, name in re.findall(r'href="(api/\w+\.html)#([\w.]+)"><code>\2</code>', page)
    }
    assert names - set(places) == set()
    shown = 0
    for name, file in places.items():
        entry = (site / file).read_text(encoding="utf-8").partition(f'id="{name}" class="doc doc-heading"')[2]
        assert entry, name
        source = entry.partition('class="doc doc-heading"')[0].partition("Source code in")[2]
        first = re.search(r'<span class="normal">(?:<a [^>]*>)? *(\d+)<', source)
        if first is not None:  # settings are classes without lines of their own
            shown += 1
            assert int(first[1]) in lines_of(name), name  # of a class, those of its __init__
    assert shown > 40
