"""Write the look-up pages from the code, or with --check fail when they are out of date.

Also checks that every relative link in the documentation leads somewhere.
"""

from __future__ import annotations

import functools
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

if TYPE_CHECKING:
    from craton.model.indicators import Indicator

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "look-up"
INVERSION = (
    "Two panels over cells times data, both axes logarithmic: the seconds that a gravity inversion takes, and the "
    "peak memory of the process in megabytes; ours up to a million cells with 100,000 data, SimPEG at the two "
    "sizes that were run beside it"
)
NOTICE = "<!-- Made from the code by tools/look_up.py; do not edit. -->\n\n"


def commands() -> str:
    """Every command with its help."""
    from craton.cli.commands import craton

    context = click.Context(craton, info_name="craton")
    parts = ["# Commands\n"]
    for name in craton.list_commands(context):
        command = craton.get_command(context, name)
        assert command is not None
        text = command.get_help(click.Context(command, info_name=f"craton {name}", max_content_width=100))
        parts.append(f"## craton {name}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def settings() -> str:
    """Every setting with its default."""
    from craton.cli.settings import Settings

    rows = ["# Settings\n", "In `craton.toml` of the node, or as `CRATON_SECTION_NAME` in the environment.\n"]
    for section in msgspec.structs.fields(Settings):
        rows.append(f"## [{section.name}]\n\n{(section.type.__doc__ or '').strip()}\n")
        rows.append("| setting | default |\n|---|---|")
        rows += [f"| `{f.name}` | `{f.default!r}` |" for f in msgspec.structs.fields(section.type)]
        rows.append("")
    return "\n".join(rows)


def findings() -> str:
    """Every finding and refusal."""
    from craton.model.findings import FINDINGS, REFUSALS

    rows = [
        "# Findings and refusals\n",
        "Codes are stable.\n",
        "## Findings\n",
        "| code | severity | meaning | what to do |\n|---|---|---|---|",
    ]
    rows += [
        f"| `{c}` | {r.severity} | {r.meaning.replace('{count}', 'N')} | {r.todo} |"
        for c, r in sorted(FINDINGS.items())
    ]
    rows += ["\n## Refusals\n", "| code | meaning |\n|---|---|"]
    rows += [f"| `{code}` | {meaning} |" for code, meaning in sorted(REFUSALS.items())]
    return "\n".join(rows) + "\n"


def readers() -> str:
    """Every reader with the suffixes it takes and what it does."""
    from craton.process.readers import readers as registered

    rows = [
        "# Readers\n",
        "In the order in which they are asked.\n",
        "| reader | version | suffixes | what it reads |\n|---|---|---|---|",
    ]
    for one in registered():
        read = one.read.func if isinstance(one.read, functools.partial) else one.read
        summary = (read.__doc__ or "").strip().partition("\n")[0]
        rows.append(f"| `{one.id}` | {one.version} | {' '.join(one.suffixes)} | {summary} |")
    return "\n".join(rows) + "\n"


def quantities() -> str:
    """Every quantity the harmoniser knows."""
    from craton.model.quantities import quantities as registered

    rows = ["# Quantities\n", "| name | unit | title | 名称 |\n|---|---|---|---|"]
    for q in registered().values():
        unit = {"": "(words)", "1": "1"}.get(q.unit, q.unit)
        rows.append(f"| `{q.name}` | {unit} | {q.title.get('en', '')} | {q.title.get('zh', '')} |")
    return "\n".join(rows) + "\n"


def indicators() -> str:
    """Every indicator of the library by theme and criterion."""
    from craton.model.indicator_library import library, themes

    rows = [
        "# Indicators\n",
        f"The {len(library())} indicators of the library: what evaluations measure.\n",
        "`craton indicators ID` and the page *Indicators* of the portal tell one in full, with its inputs in words,",
        "classes and units of evaluation; `indicator.compute` computes them on a table.\n",
    ]
    for name, theme in themes().items():
        rows.append(f"## {theme.title['en']} · {theme.title['zh']}\n\n`{name}`: {theme.description['en']}\n")
        for id, criterion in theme.criteria.items():
            rows.append(f"### {criterion.title['en']}\n")
            rows.append("| indicator | formula | unit | better | source |\n|---|---|---|---|---|")
            rows += [_indicator(key, one) for key, one in theme.indicators.items() if one.criterion == id]
            rows.append("")
    return "\n".join(rows)


def _indicator(id: str, one: Indicator) -> str:
    better = {"benefit": "more", "cost": "less", "target": " to ".join(f"{n:g}" for n in one.target)}
    return (
        f"| {one.title['en']} · {one.title['zh']}<br>`{id}` | `{one.formula}` | {one.unit} |"
        f" {better[one.direction]} | {one.reference.replace('|', '/')} |"
    )


def benchmarks() -> str:
    """The committed benchmark results as one table."""
    rows = [
        "# Benchmarks\n",
        "Measured by `make bench`; ours and the peer in one run on the same machine. A ratio above 1 means ours is better.\n",
        "| claim | ours | peer | ratio | goal | work | date, machine |\n|---|---|---|---|---|---|---|",
    ]
    for path in sorted((ROOT / "benchmarks" / "results").glob("*.json")):
        r = json.loads(path.read_text(encoding="utf-8"))
        peer = "–" if r["peer"] is None else f"{r['peer']:,} {r['unit']} ({r['peer_name']})"
        ratio = "–" if r["ratio"] is None else r["ratio"]
        rows.append(
            f"| `{r['claim']}` | {r['ours']:,} {r['unit']} | {peer} | {ratio} | {r['goal']} | {r['work']} | {r['date']}, {r['machine']} |"
        )
    rows.append(f"\n## Inversion by size\n\n![{INVERSION}](inversion-speed.png)")
    return "\n".join(rows) + "\n"


WRITERS: dict[str, Callable[[], str]] = {
    "commands": commands,
    "settings": settings,
    "findings": findings,
    "readers": readers,
    "quantities": quantities,
    "indicators": indicators,
    "benchmarks": benchmarks,
}


def processes() -> dict[str, str]:
    """A list of all processes, and a page for each topic."""
    from craton.process import reference
    from craton.process.processes import processes as registered

    return reference.pages(registered())


def pages() -> dict[str, str]:
    """Text of every page by its name."""
    return {**{name: writer() for name, writer in WRITERS.items()}, **processes()}


def dead_links() -> Iterator[str]:
    """Relative links in Markdown files that lead nowhere."""
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if "://" not in target and not (page.parent / target).exists():
                yield f"{page.relative_to(ROOT)}: {target}"


def main(*, check: bool) -> int:
    """Write or check all pages; whether there were faults is the exit status."""
    written = {PAGES / f"{name}.md": NOTICE + text for name, text in pages().items()}
    stale = [path for path in sorted(PAGES.rglob("*.md")) if path not in written and _is_made(path)]
    if check:
        faults = [*_out_of_date(written), *(f"{_shown(path)} is of nothing any more" for path in stale)]
    else:
        faults = []
        _write(written, stale)
    faults += [f"dead link in {link}" for link in dead_links()]
    for fault in faults:
        print(fault, file=sys.stderr)
    return min(len(faults), 1)


def _out_of_date(written: dict[Path, str]) -> Iterator[str]:
    for path, text in written.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            yield f"{_shown(path)} is out of date: run tools/look_up.py"


def _write(written: dict[Path, str], stale: list[Path]) -> None:
    for path, text in written.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in stale:
        path.unlink()


def _is_made(path: Path) -> bool:
    """Whether the page was written by this program."""
    return path.read_text(encoding="utf-8").startswith(NOTICE)


def _shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv))
