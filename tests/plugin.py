"""A plugin as it lies in an installed environment: a module and what tells of it."""

from __future__ import annotations

import shutil
from pathlib import Path

PLUGINS = Path(__file__).parent / "plugins"


def install(folder, module, *, group="craton.processes"):
    """Put plugin `module` into `folder`, which is to be on the path of Python."""
    folder.mkdir(parents=True, exist_ok=True)
    source = PLUGINS / f"{module}.py"
    if source.exists():
        shutil.copy(source, folder)
    else:
        shutil.copytree(PLUGINS / module, folder / module)
    about = folder / f"{module}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[{group}]\n{module} = {module}\n")
    return folder
