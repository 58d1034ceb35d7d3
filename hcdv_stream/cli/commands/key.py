"""``hcdv-stream key``: makes an API key."""

from pathlib import Path
from typing import Annotated

import typer

from hcdv_stream.api.middleware.api_keys import Scope, new_key
from hcdv_stream.errors import HcdvError


def key(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    *,
    scope: Annotated[
        list[Scope], typer.Option(help="What it is good for; several by repetition.")
    ] = [Scope.READ],  # noqa: B006 (typer's way)
    keys: Annotated[
        Path | None, typer.Option(help="File to add its hash to; made where there is none.")
    ] = None,
) -> None:
    """Make an API key and print it: it is shown once, and only its hash is kept.

    Without --keys, the line for the file is printed on standard error. Take a line out of the file
    and its key is not good any more, without a restart. Scopes: read (values), export (all examples
    at once), metrics, shard (what a gateway asks), admin (all of these).
    """
    secret, made = new_key(name, scope)
    if keys is None:
        typer.echo(made.line, nl=False, err=True)
    else:
        try:
            keys.touch(mode=0o600, exist_ok=True)
            with keys.open("a") as file:
                file.write(made.line)
        except OSError as error:
            raise HcdvError(f"--keys {keys} cannot be written: {error.strerror}") from error
    typer.echo(secret)
