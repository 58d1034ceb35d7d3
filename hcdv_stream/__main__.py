"""The way in to the command line, for ``python -m hcdv_stream`` and for the installed script."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C ends it with exit code 130, also while it still loads."""
    try:
        from hcdv_stream.cli.main import run  # noqa: PLC0415

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
