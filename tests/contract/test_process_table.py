"""The table of processes says what the modules say, so that one process can be found without all of them."""

from __future__ import annotations

import ast
import pkgutil
import subprocess
import sys
from importlib import import_module
from inspect import getsource

import pytest

import craton.decide
import craton.methods
from craton.process.processes import find_process, processes

ONE = """
import sys
from craton.process.processes import find_process
whole = find_process("{id}")
print(*(name for name in sys.modules if name.startswith("craton.methods.")))
print([param.doc for param in whole.params])
"""


ROOMS = (craton.methods, craton.decide)


@pytest.mark.parametrize("room", ROOMS)
def test_the_table_is_what_the_modules_register(room):
    """Every module of the room, imported, registers the processes of its row and no others."""
    for one in pkgutil.iter_modules(room.__path__):
        import_module(f"{room.__name__}.{one.name}")
    found: dict[str, list[str]] = {}
    for spec in processes():
        home, _, module = spec.function.__module__.rpartition(".")
        if home == room.__name__:
            found.setdefault(module, []).append(spec.id)
    table = {module: sorted(ids) for module, ids in room.PROCESSES.items()}
    said = f"make the rows of PROCESSES in {room.__file__} so:"
    wrong = {
        name: found.get(name, "no row") for name in {*found, *table} if found.get(name) != table.get(name)
    }
    assert not wrong, said + "".join(f'\n    "{name}": {ids}' for name, ids in sorted(wrong.items()))


@pytest.mark.parametrize("room", ROOMS)
def test_type_checkers_see_the_modules_of_the_table(room):
    """The imports that only type checkers see are those of the table, in its order."""
    seen = [
        alias.name
        for one in ast.walk(ast.parse(getsource(room)))
        if isinstance(one, ast.ImportFrom) and one.module == room.__name__
        for alias in one.names
    ]
    assert seen == list(room.PROCESSES), "import each module of PROCESSES under TYPE_CHECKING"


def test_one_process_is_found_without_the_others():
    """Only its own module is imported, what that stands on, and that whose words it repeats; words are full."""
    id = "gridding.polynomial_trend"
    done = subprocess.run(
        [sys.executable, "-c", ONE.format(id=id)], capture_output=True, text=True, check=True
    )
    modules, words = done.stdout.splitlines()
    assert {name.split(".")[2] for name in modules.split()} == {
        "gridding", "gridding_surfaces", "gridding_trend", "placement", "points_samples",
    }  # fmt: skip
    processes()
    assert words == str([param.doc for param in find_process(id).params])


def test_modules_are_attributes_of_the_room():
    """`craton.methods.terrain` is imported when it is asked for; a name that is no module is refused."""
    assert craton.methods.terrain.slope.spec.id == "terrain.slope"
    assert "terrain" in dir(craton.methods)
    with pytest.raises(AttributeError, match="no_such_topic"):
        _ = craton.methods.no_such_topic
