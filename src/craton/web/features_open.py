"""Opened collections, kept in memory: who asks again for one that did not change waits for no thread."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from craton.model.errors import NotFoundError
from craton.model.permission import allowed
from craton.model.record import Record
from craton.store.feature_index import FeatureIndex, features_at_hand, open_features
from craton.store.sqlite import SqliteCatalogue
from craton.store.store import Store
from craton.web.collections import collection_record
from craton.web.collections_document import collection_path
from craton.web.site import Site

MOST_OPEN = 256
"""Collections kept in memory; which indexes stay open is for the store to say."""

QUICK_SECONDS = 0.002
"""A collection whose pages take longer on average is asked in a thread."""

BUSY = 10
"""Times as long as it is worked on that a page may take on a busy machine."""

WEIGHT = 0.2
"""Of the newest page in the average."""


@dataclass
class Opened:
    """A collection with its features and path, as it was when the catalogue had the number `sequence`."""

    record: Record
    path: str
    index: FeatureIndex
    sequence: int
    seconds: float = field(default=QUICK_SECONDS)

    @property
    def is_quick(self) -> bool:
        """Whether its pages come so soon that other visitors may wait for them."""
        return self.seconds < QUICK_SECONDS

    def took(self, working: float, passed: float) -> None:
        """Note how long the processor worked on a page, and how much time passed.

        On a busy machine much more passes than is worked; only where a disk is waited for it counts.
        """
        self.seconds += WEIGHT * (max(working, passed / BUSY) - self.seconds)


_known: WeakKeyDictionary[Store, dict[str, Opened]] = WeakKeyDictionary()
_guard = threading.Lock()


def at_hand(site: Site, name: str) -> Opened | None:
    """Collection `name` if it is in memory, as it is now, and the visitor may read it.

    Only a catalogue in a file on this machine answers soon enough to be asked without a thread.
    """
    found = _known.get(site.store, {}).get(name)
    if found is None or not isinstance(site.store.catalogue, SqliteCatalogue):
        return None
    if found.sequence != site.store.sequence() or not allowed(site.actor, "read", found.record):
        return None
    index = features_at_hand(site.store, found.record)
    if index is None:
        return None
    found.index = index
    site.visit.open(found.record, "see")  # as `collection_record` does, so that each reading is noted
    return found


def opened(site: Site, name: str) -> Opened:
    """Collection `name` with its features; `NotFoundError` where it has none for this visitor."""
    if (found := at_hand(site, name)) is not None:
        return found
    sequence = site.store.sequence()
    record = collection_record(site, name)
    if not allowed(site.actor, "read", record):
        raise NotFoundError(f"there is no collection {name[:80]!r}", hint="the list is at /collections")
    made = Opened(record, collection_path(record), open_features(site.store, record), sequence)
    with _guard:
        kept = _known.setdefault(site.store, {})
        kept.pop(name, None)
        kept[name] = made
        while len(kept) > MOST_OPEN:
            del kept[next(iter(kept))]
    return made
