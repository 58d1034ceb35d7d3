"""Which letters of a source partition are in the dead-letter topic already.

Offsets are kept as bits in blocks, so that no more than one bit for each record of the log is ever
held; what lies behind the stored offset is let go.
"""

_BLOCK = 4096


class SentLetters:
    """The offsets at or beyond ``begin`` whose letters were sent, and the furthest of all."""

    def __init__(self, begin: int) -> None:
        self.begin = begin
        self._blocks: dict[int, bytearray] = {}
        self.furthest = -1

    def add(self, offset: int) -> None:
        """Take note that the letter of a record was sent."""
        self.furthest = max(self.furthest, offset)
        if offset >= self.begin:
            block, bit = divmod(offset, _BLOCK)
            bits = self._blocks.setdefault(block, bytearray(_BLOCK // 8))
            bits[bit >> 3] |= 1 << (bit & 7)

    def __contains__(self, offset: int) -> bool:
        """Say whether the letter of a record at or beyond ``begin`` was sent."""
        block, bit = divmod(offset, _BLOCK)
        bits = self._blocks.get(block)
        return bits is not None and bool(bits[bit >> 3] & (1 << (bit & 7)))

    def forget_before(self, offset: int) -> None:
        """Let go of what lies before an offset."""
        self.begin = offset
        for block in [block for block in self._blocks if (block + 1) * _BLOCK <= offset]:
            del self._blocks[block]
