/** Values that records can be narrowed down by, and how many there are of each. */

export interface FacetValue {
  value: string;
  count: number;
}

export type Facets = Record<string, FacetValue[]>;

/** Facets of the node's reply: an object of lists, or a list of facets with `buckets` or `values`. */
export function readFacets(reply: unknown): Facets {
  const said = (reply as { facets?: unknown } | null)?.facets ?? {};
  const pairs: [string, unknown][] = Array.isArray(said)
    ? said.map((one: Record<string, unknown>) => [String(one.id ?? one.name ?? one.property), one])
    : Object.entries(said as Record<string, unknown>);
  return Object.fromEntries(pairs.map(([name, one]) => [name, readValues(one)]));
}

function readValues(said: unknown): FacetValue[] {
  const one = said as { buckets?: unknown; values?: unknown };
  const list = Array.isArray(said) ? said : (one.buckets ?? one.values ?? said);
  if (!Array.isArray(list))
    return Object.entries((list ?? {}) as Record<string, unknown>)
      .filter((pair): pair is [string, number] => typeof pair[1] === 'number')
      .map(([value, count]) => ({ value, count }));
  return list
    .map((each: Record<string, unknown>) => ({ value: String(each.value ?? each.key ?? ''), count: Number(each.count ?? 0) }))
    .filter(({ value }) => value !== '');
}
