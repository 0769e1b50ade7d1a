"""What a client has written: a bit for each write, as Redis holds it too.

The bits are cut into blocks, a key of Redis each, so that watching costs the same however long the lab
runs: only the last two blocks are compared every second.
"""

BLOCK = 1 << 15


class Ledger:
    def __init__(self, name):
        self.written = 0
        self._name = name
        self._acknowledged = []  # a number for each block, its bits as those of the key
        self._held = {}          # block → what Redis had at the last look
        self._lost = {}          # block → how many were missing

    def next(self):
        number, self.written = self.written, self.written + 1
        return number

    def place(self, number):
        """(key, offset) of a write."""
        return f"{self._name}:{number // BLOCK}", number % BLOCK

    def acknowledge(self, number):
        block, offset = divmod(number, BLOCK)
        while len(self._acknowledged) <= block:
            self._acknowledged.append(bytearray(BLOCK // 8))
        self._acknowledged[block][offset >> 3] |= 0x80 >> (offset & 7)

    def keys(self):
        return [f"{self._name}:{block}" for block in range(len(self._acknowledged))]

    async def compare(self, ask, everything):
        """Asks Redis for the blocks. What was acknowledged before the question must be in the answer."""
        count = len(self._acknowledged)
        for block in range(0 if everything else max(0, count - 2), count):
            due = int.from_bytes(self._acknowledged[block])
            value = await ask("GET", f"{self._name}:{block}") or b""
            there = int.from_bytes(value.ljust(BLOCK // 8, b"\0"))
            self._held[block] = there
            self._lost[block] = (due & ~there).bit_count()

    @property
    def lost(self):
        return sum(self._lost.values())

    @property
    def held(self):
        return sum(there.bit_count() for there in self._held.values())

    @property
    def surplus(self):
        """Held, though never acknowledged: the answer was lost, not the write."""
        return sum((there & ~int.from_bytes(self._acknowledged[block])).bit_count()
                   for block, there in self._held.items())
