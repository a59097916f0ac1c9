"""Build the fonts of reports into the package: those of the portal's npm packages, joined and cut to what is needed.

Called by the building of the wheel (`hatch_build.py`) and by `make portal`, after the portal's packages are
there. Nothing is done where the fonts fit their sources already. The same sources give the same bytes.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

FONTTOOLS = "fonttools>=4.55"
"""What must be installed for building."""

STAMP = ".source-sha256"
WEIGHTS = {400: "Regular", 600: "SemiBold"}
PLAIN = ("latin-ext", "greek", "cyrillic", "vietnamese")
"""Parts of Noto Sans that are joined with its Latin letters."""

SCRIPTS = {"Lao": "lao", "Thai": "thai", "Khmer": "khmer", "Myanmar": "myanmar"}
"""Further scripts, for the names of places and datasets."""

SIGNS = "≥≤≠≈±×÷√∞∑∫∂∆Ω←↑→↓⇒∈∩∪°′″‰℃№①②③④⑤⑥⑦⑧⑨⑩▲△▼▽◆◇○●□■★☆✓✔"
"""Signs of formulas and lists beside the rows of GB 2312 that hold such."""

LICENCE = "LICENSE.txt"


class Fonts:
    """Fonts of a checkout: their sources among the portal's packages, and where they are built."""

    def __init__(self, root: Path) -> None:
        self.packages = root / "portal" / "node_modules" / "@fontsource"
        self.lock = root / "portal" / "package-lock.json"
        self.made = root / "src" / "craton" / "web" / "report_fonts"

    def digest(self) -> str:
        """SHA-256 of what decides about the fonts: versions of the packages, and how they are joined."""
        return hashlib.sha256(self.lock.read_bytes() + Path(__file__).read_bytes()).hexdigest()

    def stale(self) -> bool:
        """Whether there are sources that the fonts do not fit."""
        if not self.lock.is_file():
            return False
        stamp = self.made / STAMP
        return not (stamp.is_file() and stamp.read_text() == self.digest())

    def build(self) -> None:
        """Make the fonts anew; they take the place of the old ones at once."""
        new, old = self.made.with_name("report_fonts.new"), self.made.with_name("report_fonts.old")
        for folder in (new, old):
            shutil.rmtree(folder, ignore_errors=True)
        new.mkdir(parents=True)
        known: set[int] = set()
        for weight, style in WEIGHTS.items():
            for family, font in self._families(weight):
                _named(font, family, weight)
                font.save(new / f"{family.replace(' ', '')}-{style}.ttf")
                known |= set(font.getBestCmap())
        (new / "covered.txt").write_text(_ranges(known))
        (new / LICENCE).write_text(self._licences())
        (new / STAMP).write_text(self.digest())
        if self.made.exists():
            self.made.rename(old)
        new.rename(self.made)
        shutil.rmtree(old, ignore_errors=True)

    def _families(self, weight: int) -> list[tuple[str, Any]]:
        plain = self._read("noto-sans", "latin", weight)
        for part in PLAIN:
            _join(plain, self._read("noto-sans", part, weight), set())
        found = [("Noto Sans", plain), ("Noto Sans SC", self._chinese(weight))]
        return found + [
            (f"Noto Sans {name}", self._read(f"noto-sans-{part}", part, weight))
            for name, part in SCRIPTS.items()
        ]

    def _read(self, package: str, part: str, weight: int) -> Any:
        from fontTools.ttLib import TTFont

        path = self.packages / package / "files" / f"{package}-{part}-{weight}-normal.woff"
        font = TTFont(path, recalcTimestamp=False)
        font.flavor = None
        return font

    def _chinese(self, weight: int) -> Any:
        """The font of simplified Chinese with the signs of GB 2312 that its main part lacks, from the others."""
        font = self._read("noto-sans-sc", "chinese-simplified", weight)
        for table in ("GPOS", "GSUB", "GDEF", "BASE", "STAT", "prep", "gasp"):
            if table in font:
                del font[table]
        missing = wanted() - set(font.getBestCmap())
        for path in sorted(
            (self.packages / "noto-sans-sc" / "files").glob(f"*-sc-[[0-9]*-{weight}-normal.woff")
        ):
            if not missing:
                break
            part = self._read(
                "noto-sans-sc",
                path.name.removeprefix("noto-sans-sc-").removesuffix(f"-{weight}-normal.woff"),
                weight,
            )
            missing -= _join(font, part, missing)
        return font

    def _licences(self) -> str:
        packages = ["noto-sans", "noto-sans-sc", *(f"noto-sans-{part}" for part in SCRIPTS.values())]
        texts = [(self.packages / name / "LICENSE").read_text("utf-8") for name in packages]
        return "\n\n".join(f"{name}\n\n{text}" for name, text in zip(packages, texts, strict=True))


def wanted() -> set[int]:
    """Signs that reports are to have: all of GB 2312, and those of formulas."""
    codes = (bytes([row, cell]) for row in range(0xA1, 0xF8) for cell in range(0xA1, 0xFF))
    return {ord(text) for code in codes if len(text := code.decode("gb2312", "ignore")) == 1} | set(
        map(ord, SIGNS)
    )


def _join(font: Any, part: Any, only: set[int]) -> set[int]:
    """Put the glyphs of `part` that stand for signs (those in `only`, if any) into `font`; the signs."""
    known, cmap = font.getBestCmap(), part.getBestCmap()
    joined = {code for code in cmap if code not in known and (not only or code in only)}
    for code in sorted(joined):
        name = f"u{code:04X}"
        _copy(font, part, cmap[code], name)
        for table in font["cmap"].tables:
            if table.isUnicode() and (code <= 0xFFFF or table.format == 12):
                table.cmap[code] = name
    return joined


def _copy(font: Any, part: Any, source: str, name: str) -> None:
    """Put a glyph of `part` into `font` under `name`, its outline whole."""
    from fontTools.pens.recordingPen import DecomposingRecordingPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    drawn, pen = DecomposingRecordingPen(part.getGlyphSet()), TTGlyphPen(None)
    part.getGlyphSet()[source].draw(drawn)
    drawn.replay(pen)
    font["glyf"][name] = pen.glyph()
    for table in ("hmtx", "vmtx"):
        if table in font:
            font[table][name] = part[table][source]
    font.setGlyphOrder(list(dict.fromkeys([*font.getGlyphOrder(), name])))


def _named(font: Any, family: str, weight: int) -> None:
    """Tell `font` its family and weight, and take hints away, which no PDF needs."""
    style, table = WEIGHTS[weight], font["name"]
    kept = [one for one in table.names if one.nameID in {0, 13, 14}]
    table.names = kept
    said = {1: family if weight == 400 else f"{family} {style}", 2: "Regular", 4: f"{family} {style}"}
    said |= {6: f"{family.replace(' ', '')}-{style}", 16: family, 17: style}
    for number, text in said.items():
        table.setName(text, number, 3, 1, 0x409)
    font["OS/2"].usWeightClass = weight
    for hints in ("cvt ", "fpgm", "prep", "gasp"):
        if hints in font:
            del font[hints]


def _ranges(codes: set[int]) -> str:
    """Spans of code points, one a line, in hexadecimal."""
    spans: list[list[int]] = []
    for code in sorted(codes):
        if spans and spans[-1][1] == code - 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return "".join(f"{first:x}-{last:x}\n" for first, last in spans)
