"""Whose labels are trusted: which sessions join V instead of being valued."""

from dataclasses import dataclass
from typing import Self

from hcdv_stream.settings import Settings


@dataclass(frozen=True, slots=True)
class Trust:
    """The rule of the settings; by default nobody is trusted.

    ``marks``: sessions that say so themselves. ``providers``: those of these providers, all of them
    or, with ``marks``, the marked ones among them.
    """

    marks: bool = False
    providers: frozenset[str] = frozenset()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the rule of the settings."""
        return cls(settings.trusted_mark, frozenset(settings.trusted_providers))

    def __bool__(self) -> bool:
        return self.marks or bool(self.providers)

    def trusts(self, mark: bool, provider: str | None) -> bool:
        """Whether a session with this mark from this provider joins V."""
        if not self:
            return False
        named = not self.providers or provider in self.providers
        return named and (mark or not self.marks)
