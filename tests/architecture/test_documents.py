"""Generated documents are current, and the documents that must exist do."""

from pathlib import Path

import pytest
from tests.architecture.source import ROOT

from tbms.cli.docs import GENERATED, generate


@pytest.mark.parametrize("document", GENERATED)
def test_generated_document_is_current(document: str) -> None:
    path = ROOT / document
    assert path.exists(), f"{document} is missing; run `tbms docs`"
    assert path.read_text(encoding="utf-8") == generate(document), f"{document} is not current; run `tbms docs`"


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "docs/safety.md",
        "docs/glossary.md",
        "docs/adr/README.md",
    ],
)
def test_document_exists(document: str) -> None:
    assert (ROOT / document).stat().st_size > 200


def links(text: str) -> list[str]:
    import re

    return re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text)


@pytest.mark.parametrize(
    "document", sorted(p.relative_to(ROOT).as_posix() for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
)
def test_no_link_leads_nowhere(document: str) -> None:
    folder = (ROOT / document).parent
    broken = [
        link for link in links((ROOT / document).read_text(encoding="utf-8")) if not (folder / Path(link)).exists()
    ]
    assert not broken, f"{document}: {broken}"
