"""Text of strangers, made fit for a terminal: ids, providers and labels are what producers send."""

from rich.markup import escape


def printed(text: str) -> str:
    """Return text in rich's markup that looks like itself and does nothing.

    What cannot be printed is written as Python writes it: an escape sequence would command the
    terminal, a line break would look like another row, a mark of direction like another name.
    """
    return escape("".join(_shown(character) for character in text))


def shortened(text: str, most: int = 100) -> str:
    """Return text as ``printed`` does, cut off after ``most`` characters: for a table's cells."""
    return printed(text if len(text) <= most else f"{text[: most - 1]}…")


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    return repr(character)[1:-1]
