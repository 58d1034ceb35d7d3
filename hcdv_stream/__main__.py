"""Lets ``python -m hcdv_stream`` be the command line."""

from hcdv_stream.cli.main import run

run()
