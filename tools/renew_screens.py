"""Draw the pictures anew that the portal's pages are compared with: `python -m tools.renew_screens`.

Look at what changed (`git diff` shows pictures in most tools) before it is kept.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.browser import make_sample_node, open_browser
from tests.screens import FOLDER, PAGES, SIZES, VERSION, file_of, take, version_of
from tests.serving import Served


def main() -> None:
    """Draw all pages in all sizes on a node of the sample."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        node = make_sample_node(Path(folder) / "node")
        with Served(node, folder) as served, open_browser() as browser:
            for name in PAGES:
                for size in SIZES:
                    take(browser, served, name, size).save(file_of(name, size), quality=85, method=6)
            VERSION.write_text(f"{version_of(browser)}\n", encoding="utf-8")
    print(f"{sum(path.stat().st_size for path in FOLDER.glob('*.webp')) / 1000:.0f} kB in {FOLDER}")


if __name__ == "__main__":
    main()
