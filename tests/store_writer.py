"""A process that writes to a store until it is killed, or dies by itself at a chosen step.

python store_writer.py FOLDER SEED          write at random, for ever; a line for what was acknowledged
python store_writer.py FOLDER SEED STEP     one commit and one delete, gone at step STEP of them
"""

import os
import random
import sys
from itertools import count
from pathlib import Path

from craton.store.store import Store
from craton.store.testing import make_record, put, stage

STEPS = ("pend", "publish", "delete", "sweep")


def main(folder, seed, step=None):
    """Write to the store in `folder`."""
    random.seed(int(seed))
    with Store.open(Path(folder)) as store:
        tell("ready")
        if step is None:
            write_for_ever(store, seed)
        Doomed(store, int(step))
        change(store)
    tell("done")


def tell(*words):
    """Write a line to whoever started the process."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def write_for_ever(store, seed):
    """Random puts, updates, deletions and sources of several records."""
    for number in count():
        id = f"w{seed}-{random.randrange(6)}"
        contents = [b"%d" % random.randrange(50) for _ in range(random.randrange(12))]
        choice = random.random()
        if choice < 0.2 and store.versions(id):
            store.delete(id)
            tell("deleted", id)
        elif choice < 0.5:
            records = [make_record(f"{id}-{part}", *contents, title={"en": str(number)}) for part in range(3)]
            with store.transaction() as txn:
                store.commit(
                    txn, records[: random.randrange(4)], stage(txn.folder, *contents), id, {"n": number}
                )
        else:
            record, _ = put(store, make_record(id, *contents, title={"en": str(number)}), *contents)
            tell("put", id, record.version)


def change(store):
    """One commit that adds, updates, drops and stages in vain, and one delete."""
    with store.transaction() as txn:
        staged = stage(txn.folder, b"new", b"old", b"unneeded")
        store.commit(txn, [make_record("kept", b"new", b"old")], staged, "file", {"n": 2})
    store.delete("other")


class Doomed:
    """Ends the process before or after the n-th call of a step of the store's protocol."""

    def __init__(self, store, step):
        self.left = step
        for name in STEPS:
            setattr(store.catalogue, name, self.around(getattr(store.catalogue, name)))
        for name in ("put", "delete"):
            setattr(store.objects, name, self.around(getattr(store.objects, name)))

    def around(self, method):
        """`method` with a chance to die on both sides of it."""

        def doomed(*arguments):
            self.tick()
            result = method(*arguments)
            self.tick()
            return result

        return doomed

    def tick(self):
        """Count down; at zero the process is gone as by `kill -9`."""
        if self.left == 0:
            os._exit(9)
        self.left -= 1


if __name__ == "__main__":
    main(*sys.argv[1:])
