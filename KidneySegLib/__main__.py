"""``python -m KidneySegLib``: the command line."""

from .app.cli.main import program

program()
