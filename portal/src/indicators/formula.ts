/** Formulas of indicators: their text becomes a tree that is set as mathematics. */

export type Term =
  | { kind: 'number'; text: string }
  | { kind: 'name'; name: string }
  /** A quantity in quotes, or a unit. */
  | { kind: 'text'; text: string }
  | { kind: 'binary'; op: string; left: Term; right: Term }
  | { kind: 'unary'; op: string; of: Term }
  | { kind: 'call'; name: string; parts: Term[] };

const TOKEN = /\s*(\*\*|<=|>=|==|!=|[-+*/()<>,]|\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|[A-Za-z_]\w*|'[^']*'|"[^"]*")/y;

/** How strongly an operation binds; the stronger is done first. */
const BINDS: Record<string, number> = {
  or: 1, and: 2, '<': 4, '<=': 4, '>': 4, '>=': 4, '==': 4, '!=': 4, '+': 5, '-': 5, '*': 6, '/': 6, '**': 8,
};
const NOT = 3;
const SIGN = 7;
const ATOM = 9;

/** Tree of a formula; nothing where it cannot be read. */
export function read(text: string): Term | undefined {
  const tokens = tokensOf(text);
  if (!tokens) return undefined;
  let at = 0;
  const fail = (): never => {
    throw new SyntaxError(text);
  };

  function expression(least: number): Term {
    let left = operand();
    for (let op = tokens![at]; op !== undefined && (BINDS[op] ?? 0) >= least && BINDS[op]; op = tokens![at]) {
      at += 1;
      // A power takes what stands right of it first.
      const right = expression(op === '**' ? SIGN : (BINDS[op] ?? 0) + 1);
      left = { kind: 'binary', op, left, right };
    }
    return left;
  }

  function operand(): Term {
    const token = tokens![at++] ?? fail();
    if (token === '(') return closed(expression(1));
    if (token === 'not') return { kind: 'unary', op: 'not', of: expression(NOT) };
    if (token === '-' || token === '+') return { kind: 'unary', op: token, of: expression(SIGN) };
    if (/^['"]/.test(token)) return { kind: 'text', text: token.slice(1, -1) };
    if (/^[\d.]/.test(token)) return { kind: 'number', text: token };
    if (!/^\w/.test(token)) return fail();
    return tokens![at] === '(' ? call(token) : { kind: 'name', name: token };
  }

  function call(name: string): Term {
    const parts: Term[] = [];
    do {
      at += 1;
      parts.push(expression(1));
    } while (tokens![at] === ',');
    return closed({ kind: 'call', name, parts });
  }

  function closed(term: Term): Term {
    if (tokens![at++] !== ')') fail();
    return term;
  }

  try {
    const tree = expression(1);
    return at === tokens.length ? tree : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

function tokensOf(text: string): string[] | undefined {
  const found: string[] = [];
  TOKEN.lastIndex = 0;
  const whole = text.trim();
  while (TOKEN.lastIndex < whole.length) {
    const token = TOKEN.exec(whole)?.[1];
    if (token === undefined) return undefined;
    found.push(token);
  }
  return found;
}

/** How strongly the outermost operation of a term binds. */
export function binds(term: Term): number {
  if (term.kind === 'binary') return BINDS[term.op] ?? ATOM;
  if (term.kind === 'unary') return term.op === 'not' ? NOT : SIGN;
  return ATOM;
}

/** Lines of a choice: what it is, and when; the last one has no condition. */
export function casesOf(parts: Term[]): { value: Term; when?: Term }[] {
  const [when, value, other] = parts;
  if (!when || !value || !other) return [];
  const rest = other.kind === 'call' && other.name === 'where' ? casesOf(other.parts) : [{ value: other }];
  return [{ value, when }, ...rest];
}

/** Mantissa and power of ten of a number as it is written. */
export function decimal(text: string): { number: string; power?: string } {
  const [number = '', power] = text.toLowerCase().split('e');
  return power === undefined ? { number } : { number, power: String(Number(power)).replace('-', '−') };
}
