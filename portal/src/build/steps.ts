/** The steps of building, and which of them holds a place that the checks name. */

export const STEPS = ['question', 'attributes', 'indicators', 'hierarchy', 'grades', 'rules', 'scenarios', 'uncertainty', 'report', 'overlay', 'text'] as const;
export type Step = (typeof STEPS)[number];

const HOLDERS: Record<string, Step> = {
  id: 'question', version: 'question', title: 'question', question: 'question', description: 'question', limits: 'question',
  supports: 'question', label: 'question', area: 'question',
  attributes: 'attributes', indicators: 'indicators', criteria: 'hierarchy', goal: 'hierarchy', grades: 'grades',
  rules: 'rules', scenarios: 'scenarios', uncertainty: 'uncertainty', report: 'report', overlay: 'overlay',
};

/** Step that holds a place such as `criteria.soil.weights`. */
export function stepOf(place: string): Step {
  return HOLDERS[place.split('.')[0] ?? ''] ?? 'text';
}

/** The element that stands for a place, or for the nearest place around it. */
export function elementOf(root: ParentNode, place: string): HTMLElement | null {
  for (let at = place; at; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const found = root.querySelector<HTMLElement>(`[data-place="${CSS.escape(at)}"]`);
    if (found) return found;
  }
  return null;
}

/** Bring a place into view, and give it the focus. */
export function show(root: ParentNode, place: string): void {
  const element = elementOf(root, place);
  if (!element) return;
  for (let fold = element.closest('details'); fold; fold = fold.parentElement?.closest('details') ?? null) fold.open = true;
  if (element instanceof HTMLDetailsElement) element.open = true;
  const control = element.matches('input, select, textarea, button') ? element : element.querySelector<HTMLElement>('input, select, textarea, summary, button');
  control?.focus({ preventScroll: true });
  (element instanceof HTMLDetailsElement ? (element.querySelector('summary') ?? element) : element).scrollIntoView({ block: 'center', behavior: 'smooth' });
}
