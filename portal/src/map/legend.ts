/** The node's legend of a layer: a ramp of values, or classes by age or name. */
import { NONE } from './colours';
import type { NodeClass, NodeStyle } from './infos.svelte';

type Said = Record<string, unknown>;

/** Legend in a reply; `null` where it says none that can be drawn. */
export function readLegend(reply: unknown): NodeStyle | null {
  const said = (reply ?? {}) as Said;
  const legend = (said.legend ?? said.style ?? said) as Said;
  if (Array.isArray(legend.stops)) return legend as unknown as NodeStyle;
  if (typeof legend.colour === 'string' || typeof legend.color === 'string') return { colour: String(legend.colour ?? legend.color) };
  const list = (legend.classes ?? legend.entries ?? legend.items) as unknown;
  if (!Array.isArray(list) || !list.length) return null;
  return { ...(legend as NodeStyle), classes: list.map(readClass) };
}

function readClass(one: unknown): NodeClass {
  if (Array.isArray(one)) return { value: one[0], colour: String(one[1]), label: String(one[2] ?? one[0]) };
  const said = one as Said;
  const value = (said.value ?? said.id ?? said.label ?? '') as string | number;
  return {
    value,
    colour: String(said.colour ?? said.color ?? said.fill ?? NONE),
    label: String(said.label ?? said.title ?? value),
    ...(said.ageLabel ? { age: String(said.ageLabel) } : {}),
    ...(typeof said.count === 'number' ? { count: said.count } : {}),
  };
}
