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
    _tell(folder, module, group)
    return folder


def install_text(folder, module, text, *, group="craton.processes"):
    """Put a plugin of one module with source `text` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{module}.py").write_text(text, encoding="utf-8")
    _tell(folder, module, group)
    return folder


def _tell(folder, module, group):
    about = folder / f"{module}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[{group}]\n{module} = {module}\n")
