/** Putting indicators of the library into a pack, with the attributes they need. */
import type { Indicator } from '../api/indicators';
import type { Pack } from '../api/packs';
import { free, taken } from './naming';

/** Add an indicator of the library; attributes that are not there yet are added, and it becomes a part of the goal. */
export function addFromLibrary(pack: Pack, indicator: Indicator): string {
  const inputs: Record<string, string> = {};
  for (const [name, input] of Object.entries(indicator.inputs)) {
    const source = sourceOf(pack, name, input.unit, indicator.id);
    if (source !== name) inputs[name] = source;
    if (!(source in pack.attributes) && !(source in pack.indicators)) {
      pack.attributes[source] = { title: { ...input.title }, unit: input.unit, ...(input.quantity ? { quantity: input.quantity } : {}) };
    }
  }
  const used = [...Object.keys(pack.indicators), ...Object.keys(pack.criteria), ...Object.keys(pack.attributes)];
  const id = free(indicator.id, used);
  pack.indicators[id] = { library: indicator.id, ...(Object.keys(inputs).length ? { inputs } : {}) };
  pack.criteria[pack.goal]?.parts.push(id);
  return id;
}

/** What an input is taken from: the attribute or indicator of its name where the unit may fit, else a new attribute. */
function sourceOf(pack: Pack, name: string, unit: string, own: string): string {
  const there = pack.attributes[name];
  if (there) return (there.unit ?? '') === unit || Boolean(there.unit && unit !== '1' && there.unit !== '1') ? name : free(name, taken(pack));
  if (name in pack.indicators) return name;
  // A formula that is its input only: the indicator takes the name, and the attribute another.
  return name === own ? free(`${name}_measured`, taken(pack)) : name;
}
