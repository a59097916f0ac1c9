/** The faces between what is shown of a volume and what is not, merged into rectangles. No colours: these come from the cells. */

/** What is shown of a volume: cells along easting, northing and upward, the first fastest. */
export interface Cells {
  size: [number, number, number];
  codes: Uint8Array;
  /** 1 for codes that are shown. */
  shown: Uint8Array;
  /** How sure each cell is, 1 to 255, and the least that is shown. */
  sure?: Uint8Array | undefined;
  least?: number;
}

export interface Faces {
  /** Corners of rectangles: easting, northing, upward in cells, and the direction of the face, 0 to 5; `STEP` more for one that is but a cell high. */
  corners: Uint16Array;
  index: Uint32Array;
  /** Whether these are all: where hardly two cells beside each other are alike, there are too many to draw. */
  whole: boolean;
}

/** What marks upright rectangles that are one cell high. */
export const STEP = 8;

/** Rectangles that are made at most. */
export const MOST_RECTANGLES = 3_000_000;

/** 1 where a cell is shown. */
function shownCells({ codes, shown, sure, least = 0 }: Cells): Uint8Array {
  const cells = new Uint8Array(codes.length);
  for (let n = 0; n < codes.length; n++) cells[n] = shown[codes[n]!]!;
  if (sure && least > 0) for (let n = 0; n < cells.length; n++) if (sure[n]! < least) cells[n] = 0;
  return cells;
}

/** Corners of rectangles, in a list that grows. */
class Corners {
  #all = new Uint16Array(1 << 14);
  #used = 0;

  get rectangles(): number {
    return this.#used / 16;
  }

  add(corner: [number, number, number], direction: number): void {
    if (this.#used + 4 > this.#all.length) {
      const more = new Uint16Array(this.#all.length * 2);
      more.set(this.#all);
      this.#all = more;
    }
    this.#all.set(corner, this.#used);
    this.#all[this.#used + 3] = direction;
    this.#used += 4;
  }

  done(): Uint16Array {
    return this.#all.slice(0, this.#used);
  }
}

/** Faces of all that is shown. Direction 2 × axis is towards smaller, 2 × axis + 1 towards larger coordinates. */
export function facesOf(cells: Cells): Faces {
  const shown = shownCells(cells);
  const corners = new Corners();
  for (const axis of [0, 1, 2] as const) for (const side of [0, 1] as const) addSide(shown, cells.size, axis, side, corners);
  const all = corners.done();
  return { corners: all, index: indexOf(all.length / 16), whole: corners.rectangles < MOST_RECTANGLES };
}

/** Two triangles for each rectangle of four corners. */
export function indexOf(rectangles: number): Uint32Array {
  const index = new Uint32Array(rectangles * 6);
  for (let n = 0; n < rectangles; n++) index.set([4 * n, 4 * n + 1, 4 * n + 2, 4 * n, 4 * n + 2, 4 * n + 3], 6 * n);
  return index;
}

/** Faces across one axis, towards one side, slice by slice. */
function addSide(shown: Uint8Array, size: [number, number, number], axis: 0 | 1 | 2, side: 0 | 1, corners: Corners): void {
  const strides = [1, size[0], size[0] * size[1]] as const;
  const [across, along] = axis === 0 ? ([1, 2] as const) : axis === 1 ? ([0, 2] as const) : ([0, 1] as const);
  const [width, height] = [size[across], size[along]];
  const mask = new Uint8Array(width * height);
  for (let slice = 0; slice < size[axis] && corners.rectangles < MOST_RECTANGLES; slice++) {
    const edge = side ? slice === size[axis] - 1 : slice === 0;
    const beside = edge ? 0 : side ? strides[axis] : -strides[axis];
    let any = false;
    for (let v = 0, n = 0; v < height; v++) {
      let at = slice * strides[axis] + v * strides[along];
      for (let u = 0; u < width; u++, n++, at += strides[across]) {
        const exposed = shown[at] === 1 && (edge || shown[at + beside] === 0);
        mask[n] = exposed ? 1 : 0;
        any ||= exposed;
      }
    }
    if (any) addRectangles(mask, [width, height], (u, v) => place(axis, slice + side, u, v), 2 * axis + side, corners);
  }
}

function place(axis: 0 | 1 | 2, slice: number, u: number, v: number): [number, number, number] {
  return axis === 0 ? [slice, u, v] : axis === 1 ? [u, slice, v] : [u, v, slice];
}

/** Rectangles that cover a mask; the mask is empty afterwards. */
function addRectangles(
  mask: Uint8Array,
  [width, height]: [number, number],
  at: (u: number, v: number) => [number, number, number],
  direction: number,
  corners: Corners,
): void {
  for (let v = 0; v < height; v++) {
    for (let u = 0; u < width; u++) {
      if (!mask[v * width + u]) continue;
      let right = u + 1;
      while (right < width && mask[v * width + right]) right++;
      let top = v + 1;
      while (top < height && isFull(mask, top * width + u, right - u)) top++;
      for (let row = v; row < top; row++) mask.fill(0, row * width + u, row * width + right);
      const told = direction < 4 && top - v === 1 ? direction + STEP : direction;
      for (const [one, other] of [[u, v], [right, v], [right, top], [u, top]] as const) corners.add(at(one, other), told);
      u = right - 1;
    }
  }
}

function isFull(mask: Uint8Array, start: number, count: number): boolean {
  for (let n = start; n < start + count; n++) if (!mask[n]) return false;
  return true;
}
