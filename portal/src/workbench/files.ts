/** Files that the page itself makes: saved work, tables of numbers, pictures. */

/** Give `text` to the visitor as a file. */
export function saveText(text: string, name: string, type: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const anchor = Object.assign(document.createElement('a'), { href: address, download: name });
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Rows as CSV (RFC 4180); text that a spreadsheet would run as a formula is marked as text. */
export function csv(header: string[], rows: unknown[][]): string {
  const cell = (value: unknown): string => {
    if (typeof value === 'number') return String(value);
    const text = value === null || value === undefined ? '' : String(value);
    const safe = /^[=+@\t\r-]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
  };
  return [header, ...rows].map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n';
}

/** Give a drawing of the page as an SVG file. */
export function saveDrawing(svg: Element, name: string): void {
  const copy = svg.cloneNode(true) as Element;
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  saveText(new XMLSerializer().serializeToString(copy), name, 'image/svg+xml');
}
