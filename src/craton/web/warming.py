"""Getting ready what will be asked for: what the first map needs, and the features of large new tables."""

from __future__ import annotations

import contextlib
import threading
from typing import Self

from PIL import Image

from craton.model.errors import CratonError
from craton.model.record import Kind
from craton.model.units import conversion
from craton.store.feature_index import make_ready
from craton.store.store import Store
from craton.web.portal import pack_first

LOOK_SECONDS = 2.0
"""How often it looks whether the catalogue changed."""

NEWEST = 20
"""Datasets of each kind that are made ready."""

KINDS: tuple[Kind, ...] = ("table", "boreholes", "series", "mesh")


def make_first_map_ready() -> None:
    """Load what the first map uses and nothing else has loaded: units, formats of pictures, packed files."""
    conversion("m", "km")
    Image.init()
    with contextlib.suppress(OSError):  # told where a file that cannot be read is asked for
        pack_first()


class Warmer:
    """Has the features of the newest large datasets made while the node serves; a context manager."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="warmer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _work(self) -> None:
        seen = -1
        while not self._ending.wait(LOOK_SECONDS):
            if seen < 0:
                make_first_map_ready()
            try:
                seen = self.look(seen)
            except CratonError:  # a catalogue that does not answer is asked again
                continue

    def look(self, seen: int) -> int:
        """Order what is not there if the catalogue has another number than `seen`; its number now."""
        now = self._store.sequence()
        if now != seen:
            for kind in KINDS:
                for record in self._store.find(kind=kind, limit=NEWEST):
                    make_ready(self._store, record)
        return now
