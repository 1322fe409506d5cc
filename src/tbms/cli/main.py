"""The `tbms` command: a table of subcommands, each imported only when it is called."""

import os
import sys
from importlib import import_module

import click

from tbms import __version__

COMMANDS = {
    # name: module:function
    "replay": "tbms.cli.replay:replay",
    "run": "tbms.cli.run:run",
    "bench": "tbms.cli.bench:bench",
    "docs": "tbms.cli.docs:docs",
    "why": "tbms.cli.why:why",
    "settings": "tbms.cli.settings:settings",
    "person": "tbms.cli.person:person",
    "inject": "tbms.cli.inject:inject",
    "node": "tbms.cli.node:node",
    "shots": "tbms.cli.shots:shots",
    "install": "tbms.cli.install:install",
    "update": "tbms.cli.update:update",
    "history": "tbms.cli.history:history",
}


class LazyGroup(click.Group):
    """A click group whose commands are looked up in a table and imported on use."""

    def __init__(self, name: str, table: dict[str, str], help_text: str) -> None:
        super().__init__(name, help=help_text)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names of the table, in its order."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and give the command; None for an unknown name."""
        path = self.table.get(cmd_name)
        if path is None:
            return None
        module, _, attribute = path.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


tbms = click.version_option(__version__)(LazyGroup("tbms", COMMANDS, "The open battery and energy management system."))


def main() -> None:
    """Run a command; a failure a person can mend is one sentence on stderr and exit status 2."""
    try:
        tbms(standalone_mode=False)
    except click.exceptions.Exit as exit_request:
        sys.exit(exit_request.exit_code)
    except click.ClickException as problem:
        problem.show()
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    except OSError as problem:
        where = f": {problem.filename}" if problem.filename else ""
        click.echo(f"tbms: {problem.strerror or problem}{where}", err=True)
        sys.exit(2)
    except Exception as unforeseen:
        if os.environ.get("TBMS_DEBUG"):
            raise
        click.echo(
            f"tbms: {type(unforeseen).__name__}: {unforeseen}. This is a defect of TBMS, not yours; "
            "set TBMS_DEBUG=1 and run it again to see where, then please report it.",
            err=True,
        )
        sys.exit(70)


if __name__ == "__main__":
    main()
