"""The group of all commands: each one's module is loaded when that command is called.

A command's module imports at its top what its options need, and in its function what takes long to
load (torch, scikit-learn, Faust): ``--help`` shows at once. A command whose libraries are not
installed names the extra that brings them.
"""

import importlib
from dataclasses import dataclass
from typing import Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from hcdv_stream.errors import HcdvError
from hcdv_stream.extras import Extra, needs
from hcdv_stream.refusals import refusal_of

_MODULES = "hcdv_stream.cli.commands"


@dataclass(frozen=True, slots=True)
class Command:
    """A command: the first sentence of its help, the extra that it needs, and an example.

    Its module has its name, is in ``folder`` of the commands' folder if it names one, and holds a
    function of the command's name or a Typer ``app``.
    """

    name: str
    about: str
    extra: Extra | None
    example: str
    folder: str | None = None

    def load(self) -> Any:
        """Import the command's module and build what Typer runs; raises HcdvError."""
        try:
            module = importlib.import_module(".".join(filter(None, self._place)))
        except ModuleNotFoundError as error:
            raise self.explained(error) from error
        if isinstance(app := getattr(module, "app", None), typer.Typer):
            group = typer.main.get_command(app)
            group.epilog = self._epilog
            return group
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(self.name, epilog=self._epilog)(getattr(module, self.name))
        return typer.main.get_command(alone)

    @property
    def _place(self) -> tuple[str | None, ...]:
        return (_MODULES, self.folder, self.name)

    @property
    def _epilog(self) -> str:
        return f"Example: {self.example}"

    def explained(self, error: ModuleNotFoundError) -> Exception:
        """Return the error that names the extra, or the same one if no extra brings the module."""
        missing = error.name or ""
        if self.extra is None or missing.partition(".")[0] == "hcdv_stream":
            return error
        return HcdvError(needs(f"hcdv-stream {self.name}", self.extra))


class LazyGroup(TyperGroup):
    """Lists the commands by their sentences and loads the one that is called."""

    table: dict[str, Command] = {}  # noqa: RUF012 (Typer builds the group: no other way in)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that is called; raises HcdvError if its libraries are not installed.

        What is wrong with an option is said in our words: Typer's are those of a library.
        """
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = refusal_of(error.__cause__) or error.message
            raise
        except ModuleNotFoundError as error:
            called = self.table.get(ctx.invoked_subcommand or "")
            if called is None:
                raise
            raise called.explained(error) from error

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the command that is called, loaded."""
        name, found, rest = super().resolve_command(ctx, args)
        if name is None or found is None:
            return name, found, rest
        with Console(stderr=True).status("loading"):
            return name, self.table[name].load(), rest


def lazy_app(table: tuple[Command, ...], **options: Any) -> typer.Typer:
    """Return an application with the commands of a table, in its order."""
    members = {"table": {command.name: command for command in table}}
    app = typer.Typer(cls=type("CommandGroup", (LazyGroup,), members), **options)
    for command in table:
        app.command(command.name, help=command.about)(_placeholder)
    return app


def _placeholder() -> None:
    """Stand for a command in the list of all."""
