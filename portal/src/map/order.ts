/** What the parts that draw on a map must know of it; the library of the map is not loaded for it. */

/** Fonts of labels; without glyphs on a server the map draws them from those of the page. */
export const LABEL_FONT = ['Noto Sans', 'Noto Sans Lao', 'Noto Sans Khmer', 'Noto Sans Thai', 'Noto Sans Myanmar', 'Noto Sans SC', 'sans-serif'];

/** Layers of data are put below this one, so that the degrees stay on top. */
export const TOP = 'graticule';
