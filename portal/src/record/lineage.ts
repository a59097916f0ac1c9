/** Places of the boxes of a graph of provenance: sources on the left, what was made of them to the right. */
import type { Graph, GraphNode } from '../api/dataset';

/** Several files of one reading are one box from this number on. */
const FEW_FILES = 3;
const MOST_BOXES = 60;
const SWEEPS = 4;

export const BOX = { width: 184, height: 64, across: 56, down: 18 };

export interface Box extends GraphNode {
  x: number;
  y: number;
  /** Titles of the files that the box stands for. */
  files?: string[];
}

export interface Drawing {
  boxes: Box[];
  lines: { id: string; d: string; role: string; x: number; y: number }[];
  width: number;
  height: number;
  /** Boxes that there was no room for: those farthest from the dataset. */
  left: number;
}

type Edge = Graph['edges'][number];

interface Boxes {
  nodes: Box[];
  edges: Edge[];
}

/** The drawing of a graph that ends in `target`. */
export function draw(given: Graph, target: string): Drawing {
  const graph = nearest(gathered(given), target);
  const columns = columnsOf(graph);
  order(columns, graph.edges);
  const tallest = Math.max(...columns.map((column) => column.length), 1);
  const height = tallest * (BOX.height + BOX.down) - BOX.down;
  const boxes = columns.flatMap((column, across) => {
    const top = (height - (column.length * (BOX.height + BOX.down) - BOX.down)) / 2;
    return column.map((node, down) => ({ ...node, x: across * (BOX.width + BOX.across), y: top + down * (BOX.height + BOX.down) }));
  });
  const places = new Map(boxes.map((box) => [box.id, box]));
  const lines = graph.edges.flatMap((edge) => lineOf(edge, places));
  return { boxes, lines, width: columns.length * (BOX.width + BOX.across) - BOX.across, height, left: graph.left };
}

/** Many files of one reading as one box. */
function gathered({ nodes, edges }: Graph): Boxes {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const ofFiles = edges.filter((edge) => byId.get(edge.from)?.type === 'file');
  const gone = new Set<string>();
  const added: Box[] = [];
  const more: Edge[] = [];
  for (const end of new Set(ofFiles.map((edge) => edge.to))) {
    const several = ofFiles.filter((edge) => edge.to === end);
    if (several.length < FEW_FILES) continue;
    const files = several.map((edge) => byId.get(edge.from)?.title ?? '');
    for (const edge of several) gone.add(edge.from);
    added.push({ id: `files-of-${end}`, type: 'file', title: files[0] ?? '', files, x: 0, y: 0 });
    more.push({ from: `files-of-${end}`, to: end, role: '' });
  }
  return {
    nodes: [...added, ...nodes.filter((node) => !gone.has(node.id)).map((node) => ({ ...node, x: 0, y: 0 }))],
    edges: [...more, ...edges.filter((edge) => !gone.has(edge.from))],
  };
}

/** The boxes nearest to the target, if there are too many to draw. */
function nearest(graph: Boxes, target: string): Boxes & { left: number } {
  const kept = new Set([target]);
  let front = [target];
  while (front.length && kept.size < MOST_BOXES) {
    const before = graph.edges.filter((edge) => front.includes(edge.to) && !kept.has(edge.from)).map((edge) => edge.from);
    front = [...new Set(before)].slice(0, MOST_BOXES - kept.size);
    for (const id of front) kept.add(id);
  }
  const nodes = graph.nodes.filter((node) => kept.has(node.id));
  const edges = graph.edges.filter((edge) => kept.has(edge.from) && kept.has(edge.to));
  return { nodes, edges, left: graph.nodes.length - nodes.length };
}

/** Boxes by how many steps lie between them and the end, the sources first. */
function columnsOf({ nodes, edges }: Boxes): Box[][] {
  const steps = new Map(nodes.map((node) => [node.id, 0]));
  // Each round moves causes one step away from their effects; a circle ends with the rounds.
  for (let round = 0, moved = true; moved && round < nodes.length; round += 1) {
    moved = false;
    for (const { from, to } of edges) {
      const wanted = (steps.get(to) ?? 0) + 1;
      if ((steps.get(from) ?? 0) >= wanted || wanted >= nodes.length) continue;
      steps.set(from, wanted);
      moved = true;
    }
  }
  const last = Math.max(...steps.values(), 0);
  return Array.from({ length: last + 1 }, (_, n) => nodes.filter((node) => steps.get(node.id) === last - n));
}

/** Put boxes near the middle of those they are joined to, so that few lines cross. */
function order(columns: Box[][], edges: Edge[]): void {
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const places = new Map(columns.flatMap((column) => column.map((node, n) => [node.id, n - column.length / 2] as const)));
    for (const column of columns) {
      const wanted = new Map(column.map((node) => [node.id, middle(node.id, edges, places)]));
      column.sort((a, b) => (wanted.get(a.id) ?? 0) - (wanted.get(b.id) ?? 0));
    }
  }
}

function middle(id: string, edges: Edge[], places: Map<string, number>): number {
  const joined = edges.flatMap(({ from, to }) => (from === id ? [to] : to === id ? [from] : []));
  const found = joined.map((one) => places.get(one) ?? 0);
  return found.length ? found.reduce((sum, one) => sum + one, 0) / found.length : (places.get(id) ?? 0);
}

function lineOf({ from, to, role }: Edge, places: Map<string, Box>): Drawing['lines'] {
  const [start, end] = [places.get(from), places.get(to)];
  if (!start || !end) return [];
  const [x1, y1] = [start.x + BOX.width, start.y + BOX.height / 2];
  const [x2, y2] = [end.x - 5, end.y + BOX.height / 2];
  const bend = Math.max(24, (x2 - x1) / 2);
  const d = `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  return [{ id: `${from}>${to}>${role}`, d, role, x: (x1 + x2) / 2, y: (y1 + y2) / 2 }];
}
