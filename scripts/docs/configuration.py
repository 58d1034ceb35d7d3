"""Writes ``docs/configuration.md`` from the settings: ``python -m scripts.docs.configuration``."""

from pathlib import Path

from hcdv_stream.settings import Settings

_HEAD = """# Configuration

Every setting is an environment variable; where a command has an option of the same name, the option
wins. This page is generated from the settings class: `python -m scripts.docs.configuration`.

| variable | default | meaning |
| --- | --- | --- |
"""


def settings_page() -> str:
    """Return the page's text: one row per setting."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
        rows.append(f"| `HCDV_{name.upper()}` | `{shown}` | {field.description} |")
    return _HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    Path("docs/configuration.md").write_text(settings_page())
