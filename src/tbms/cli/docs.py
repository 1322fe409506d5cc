"""`tbms docs`: write the documents that are generated from the code, or check that they are current."""

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import click

GENERATED = {
    # document: module:function that returns its whole text
    "docs/settings.md": "tbms.cli.docs_settings:text",
    "docs/protections.md": "tbms.cli.docs_protections:text",
    "docs/registers.md": "tbms.cli.docs_registers:text",
    "docs/api.md": "tbms.cli.docs_api:text",
}


def generate(document: str) -> str:
    """The text that `document` should have now."""
    module, _, attribute = GENERATED[document].partition(":")
    make: Callable[[], str] = getattr(import_module(module), attribute)
    return make()


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when a document is not current.")
@click.option("--root", type=click.Path(path_type=Path), default=Path(), help="The repository (default: here).")
def docs(check: bool, root: Path) -> None:
    """Write the documents generated from the code: settings, protections, registers, API."""
    old = []
    for document in GENERATED:
        path = root / document
        text = generate(document)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        old.append(document)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            click.echo(f"written: {document}")
    if check and old:
        click.echo(f"not current: {', '.join(old)}; run `tbms docs`", err=True)
        sys.exit(1)
