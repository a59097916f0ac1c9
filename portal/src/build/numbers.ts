/** Numbers as people write them in fields. */

/** The number that a text is; nothing where it is none. */
export function numberOf(text: string): number | undefined {
  const plain = text.trim().replace(/−/g, '-');
  if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain)) return undefined;
  const value = Number(plain);
  return Number.isFinite(value) ? value : undefined;
}

/** The numbers of a list parted by commas or blanks; nothing where one of them is none. */
export function numbersOf(text: string): number[] | undefined {
  const parts = text.split(/[\s,;，；]+/).filter(Boolean);
  const found = parts.map(numberOf);
  return found.every((one) => one !== undefined) ? found : undefined;
}

/** A number with few digits behind the point, without rounding what is small to nothing. */
export function short(value: number): number {
  return Number(value.toPrecision(6));
}
