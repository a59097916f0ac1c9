/** Radially averaged power spectrum of a part of a grid, as the process for depths from spectra has it. */

export interface Ring {
  /** Waves in a metre. */
  wavenumber: number;
  /** Mean power, in the square of the unit of the field times square metres. */
  power: number;
  /** Number of waves in the ring. */
  waves: number;
}

/** Cells of a field by rows; NaN where there is none. */
export interface Field {
  values: Float64Array;
  rows: number;
  columns: number;
  /** Metres from row to row, and from column to column. */
  spacing: [down: number, across: number];
}

/**
 * Rings as wide as the lowest wavenumber of the longer side, up to the Nyquist wavenumber of the coarser axis.
 * A plane is taken away, gaps are filled with it, and the field is tapered by half a cosine wave along each axis.
 */
export function radialSpectrum({ values, rows, columns, spacing }: Field): Ring[] {
  const [down, across] = spacing;
  const tapers = [taper(rows), taper(columns)] as const;
  const cells = withoutPlane(values, rows, columns).map((value, n) => value * tapers[0][Math.floor(n / columns)]! * tapers[1][n % columns]!);
  const scale = (down * across) / (squares(tapers[0]) * squares(tapers[1]));
  const half = Math.floor(columns / 2) + 1;
  const step = 1 / Math.max(rows * down, columns * across);
  const most = 1 / (2 * Math.max(down, across));
  const rings = new Map<number, Ring>();
  const { real, imaginary } = transform(cells, rows, columns, half);
  for (let row = 0; row < rows; row++) {
    const north = (row <= rows / 2 ? row : row - rows) / (rows * down);
    for (let column = 0; column < half; column++) {
      const length = Math.hypot(north, column / (columns * across));
      const place = Math.round(length / step);
      if (place === 0 || length > most * (1 + 1e-9)) continue;
      // A wave along the columns other than the first (and the last of an even count) stands for two.
      const times = column === 0 || 2 * column === columns ? 1 : 2;
      const n = column * rows + row;
      const ring = rings.get(place) ?? { wavenumber: 0, power: 0, waves: 0 };
      ring.waves += times;
      ring.wavenumber += times * length;
      ring.power += times * scale * (real[n]! ** 2 + imaginary[n]! ** 2);
      rings.set(place, ring);
    }
  }
  return [...rings.entries()]
    .sort(([a], [b]) => a - b)
    .map(([, { wavenumber, power, waves }]) => ({ wavenumber: wavenumber / waves, power: power / waves, waves }));
}

function taper(count: number): number[] {
  return Array.from({ length: count }, (_, n) => Math.sin((Math.PI * (n + 0.5)) / count) ** 2);
}

function squares(numbers: number[]): number {
  return numbers.reduce((sum, one) => sum + one * one, 0);
}

/** Values less the plane that fits them best; 0 where there is no value. */
function withoutPlane(values: Float64Array, rows: number, columns: number): Float64Array {
  const sums = Array.from({ length: 3 }, () => [0, 0, 0, 0]);
  const terms = (n: number): number[] => [1, Math.floor(n / columns) / rows - 0.5, (n % columns) / columns - 0.5];
  values.forEach((value, n) => {
    if (!Number.isFinite(value)) return;
    const row = terms(n);
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) sums[i]![j]! += row[i]! * row[j]!;
      sums[i]![3]! += row[i]! * value;
    }
  });
  const plane = solved(sums);
  return values.map((value, n) => (Number.isFinite(value) ? terms(n).reduce((rest, term, i) => rest - term * plane[i]!, value) : 0));
}

/** Unknowns of three equations; 0 for one that they do not tell, as where all values lie in one row. */
function solved(equations: number[][]): number[] {
  const size = equations.length;
  for (let i = 0; i < size; i++) {
    const pivot = equations[i]!;
    if (Math.abs(pivot[i]!) < 1e-9 * Math.max(1, Math.abs(equations[0]![0]!))) continue;
    equations.forEach((row, n) => {
      if (n === i) return;
      const factor = row[i]! / pivot[i]!;
      for (let j = i; j <= size; j++) row[j]! -= factor * pivot[j]!;
    });
  }
  return equations.map((row, i) => (Math.abs(row[i]!) < 1e-12 ? 0 : row[size]! / row[i]!));
}

/** Fourier transform of real numbers by columns of the answer: the first `half` waves along the rows are kept. */
function transform(cells: Float64Array, rows: number, columns: number, half: number): Complex {
  const [cosine, sine] = turns(columns);
  const found = complex(rows * half);
  for (let row = 0; row < rows; row++)
    for (let wave = 0; wave < half; wave++) {
      let [a, b, at] = [0, 0, 0];
      for (let n = row * columns; n < (row + 1) * columns; n++) {
        a += cells[n]! * cosine[at]!;
        b -= cells[n]! * sine[at]!;
        at += wave;
        if (at >= columns) at -= columns;
      }
      found.real[wave * rows + row] = a;
      found.imaginary[wave * rows + row] = b;
    }
  return alongColumns(found, rows, half);
}

function alongColumns({ real, imaginary }: Complex, rows: number, half: number): Complex {
  const [cosine, sine] = turns(rows);
  const found = complex(real.length);
  for (let column = 0; column < half; column++)
    for (let wave = 0; wave < rows; wave++) {
      let [a, b, at] = [0, 0, 0];
      for (let n = column * rows; n < (column + 1) * rows; n++) {
        a += real[n]! * cosine[at]! + imaginary[n]! * sine[at]!;
        b += imaginary[n]! * cosine[at]! - real[n]! * sine[at]!;
        at += wave;
        if (at >= rows) at -= rows;
      }
      found.real[column * rows + wave] = a;
      found.imaginary[column * rows + wave] = b;
    }
  return found;
}

interface Complex {
  real: Float64Array;
  imaginary: Float64Array;
}

function complex(count: number): Complex {
  return { real: new Float64Array(count), imaginary: new Float64Array(count) };
}

function turns(count: number): [Float64Array, Float64Array] {
  const angles = Float64Array.from({ length: count }, (_, n) => (2 * Math.PI * n) / count);
  return [angles.map(Math.cos), angles.map(Math.sin)];
}
