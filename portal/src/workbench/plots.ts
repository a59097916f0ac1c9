/** Make a chart one picture with a name: its parts, which the library names each, are not read out. */
export function asPicture(chart: Element, label: string): Element {
  for (const part of chart.querySelectorAll('g[aria-label]')) part.removeAttribute('aria-label');
  chart.setAttribute('role', 'img');
  chart.setAttribute('aria-label', label);
  return chart;
}
