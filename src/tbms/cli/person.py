"""`tbms person`: who may look, operate or change in the web pages."""

from pathlib import Path

import click

from tbms.monitor.people.register import Register, Role

folder = click.option(
    "--data-dir", type=click.Path(path_type=Path), default=Path(".run"), show_default=True, help="The system's folder."
)
ROLES = click.Choice([role.value for role in Role])


@click.group()
def person() -> None:
    """People with a password: add, list, change, remove. A running monitor knows at once."""


@person.command()
@click.argument("name")
@click.option("--role", type=ROLES, help="viewer looks, operator also commands, installer also changes settings.")
@folder
def add(name: str, role: str | None, data_dir: Path) -> None:
    """Add NAME and ask for a password; the first person is an installer."""
    register = _register(data_dir)
    if name in register.people():
        raise click.ClickException(f"{name} is there already; `tbms person password {name}` changes the password")
    wanted = Role(role) if role else Role.INSTALLER if register.empty else Role.VIEWER
    if register.empty and wanted is not Role.INSTALLER:
        raise click.ClickException("the first person must be an installer")
    _put(register, name, wanted)
    click.echo(f"{name} is {wanted}.")


@person.command("list")
@folder
def list_(data_dir: Path) -> None:
    """Everybody with their role."""
    for each in _register(data_dir).people().values():
        click.echo(f"{each.name}: {each.role}")


@person.command()
@click.argument("name")
@folder
def password(name: str, data_dir: Path) -> None:
    """Give NAME a new password."""
    register = _register(data_dir)
    known = register.people().get(name)
    if known is None:
        raise click.ClickException(f"there is nobody called {name}")
    _put(register, name, known.role)
    click.echo(f"{name} has a new password.")


@person.command()
@click.argument("name")
@folder
def remove(name: str, data_dir: Path) -> None:
    """Take NAME out."""
    if refusal := _register(data_dir).remove(name):
        raise click.ClickException(refusal)
    click.echo(f"{name} is removed.")


def _register(data_dir: Path) -> Register:
    register = Register(data_dir / "people.json")
    register.people()
    if register.damaged:
        raise click.ClickException(
            f"{data_dir / 'people.json'} is damaged and lets nobody in; remove it and add people again"
        )
    return register


def _put(register: Register, name: str, role: Role) -> None:
    secret = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    if refusal := register.put(name, role, secret):
        raise click.ClickException(refusal)
