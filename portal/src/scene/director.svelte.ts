/** Brings the layers that are wanted onto the stage, and tells how far each has come. */
import { isAbort, ProblemError } from '../api/client';
import { kindOf, recordOf, titleOf } from '../api/records';
import { t } from '../stores/language.svelte';
import { workspace } from '../stores/workspace.svelte';
import { heightsOf, holesOf, partColours, pointsOf, sceneOf, systemName, valuesAt, type Extent, type Points, type SceneOf, type Triple, type Variable } from './api';
import type { Drawn, Hit, Plane } from './drawn';
import { filled, HolesDrawn } from './holes';
import { MeshDrawn } from './mesh';
import { PlacesDrawn } from './places';
import { SheetDrawn } from './sheet';
import type { Stage } from './stage';
import { work, type Eye, type LayerState, type SceneLayer } from './state.svelte';
import { tellNumbers } from './tell';
import { VolumeDrawn } from './volume';

/** Exaggerations that are offered by themselves, and how high a scene shall look as a share of its width. */
const STRETCHES = [1, 2, 5, 10, 20, 50];
const HIGH = 0.3;

/** Most that the ground by itself is exaggerated. */
const HIGHEST_GROUND = 5;

/** Cells along each side of the terrain that points without heights are laid on. */
const NODES = 512;

/** Kinds of data whose extents make the box, the first that are there; what lies on the ground goes with it. */
const TIERS: (SceneOf['kind'] | 'draped')[][] = [['volume', 'mesh'], ['boreholes', 'table'], ['grid', 'draped']];

export class Director {
  readonly #coming = new Map<string, AbortController>();
  /** What the node tells of each layer, as soon as it does. */
  readonly #scenes = new Map<string, Promise<SceneOf | null>>();
  /** Tables that tell no heights, and so lie on the ground. */
  readonly #draped = new Set<string>();
  /** How each layer was told to look last. */
  readonly #dressed = new Map<string, string>();
  #placed = false;
  /** The box that the view was made for, and that view as long as nobody has moved it. */
  #box = '';
  #own: Eye | null = null;

  /** `early` are scenes that were asked for before the stage was there. */
  constructor(
    readonly stage: Stage,
    readonly early: Map<string, Promise<SceneOf>>,
  ) {}

  /** Fetch what is new, and take away what is not wanted any more. */
  sync(ids: string[]): void {
    for (const [id, control] of this.#coming) {
      if (ids.includes(id)) continue;
      control.abort();
      this.#forget(id);
    }
    if (work.crs && ![...this.#coming.keys()].some((id) => !work.known[id]?.failed)) this.#clear();
    for (const id of ids) {
      if (this.#coming.has(id)) continue;
      const control = new AbortController();
      this.#coming.set(id, control);
      const scene = this.early.get(id) ?? sceneOf(id, control.signal);
      this.early.delete(id);
      this.#scenes.set(id, scene.catch(() => null));
      void this.#bring(id, scene, control.signal);
    }
    this.boxes();
  }

  #forget(id: string): void {
    for (const kept of [this.#coming, this.#scenes, this.#dressed, this.#draped]) kept.delete(id);
    this.stage.take(id);
  }

  /** With nothing left of what decided where the scene lies, the next layer decides it. */
  #clear(): void {
    [work.crs, work.box, work.eye] = ['', null, null];
    [this.#placed, this.#box, this.#own] = [false, '', null];
    this.stage.clear();
  }

  again(id: string): void {
    this.#forget(id);
    this.sync(work.layers.map((layer) => layer.id));
  }

  async #bring(id: string, asked: Promise<SceneOf>, signal: AbortSignal): Promise<void> {
    const known: LayerState = { title: id, kind: 'document', scene: null, variables: [], parts: [], holes: [], note: '', share: 0, failed: null, bounds: undefined, extent: null, seen: false };
    work.known[id] = known;
    const state = work.known[id]!;
    try {
      const [record, own] = await Promise.all([recordOf(id, signal), asked]);
      [state.title, state.kind, state.bounds] = [titleOf(record), kindOf(record), record.bbox];
      this.#settle(isRigid(own) ? own : await this.#deciding(own));
      const scene = await this.#fitting(id, own, signal);
      this.#scenes.set(id, Promise.resolve(scene));
      const drawn = await this.#make(id, scene, state, signal, scene === own ? '' : scene.crs);
      if (signal.aborted) return drawn.dispose();
      [state.scene, state.extent, state.variables] = [scene, state.extent ?? scene.extent, scene.kind === 'volume' || scene.kind === 'grid' ? scene.variables : state.variables];
      const layer = work.layer(id);
      if (!layer) return;
      choose(layer, state, work.box ?? joined((await this.#solid()).filter((one) => isRigid(one) && one.crs === work.crs).map((one) => one.extent)));
      if (signal.aborted) return drawn.dispose();
      this.stage.put(id, drawn);
      if ('stretch' in drawn) (drawn as MeshDrawn | SheetDrawn).stretch(work.exaggeration, this.stage.planes);
      if (scene.kind !== 'volume') state.seen = true;
      this.dress(layer);
      if (scene.kind !== 'volume' && scene.kind !== 'grid') state.share = 1;
      this.boxes();
      this.#recall(id, layer);
    } catch (error) {
      if (isAbort(error) || signal.aborted) return;
      [state.failed, state.share] = [error instanceof ProblemError && error.status === 404 && !error.detail ? new Error(t('scene.no-scene')) : error, 1];
    }
  }

  /** Scenes of all that is no grid: a grid is cut to them, and drawn in their system. */
  async #solid(): Promise<SceneOf[]> {
    const all = await Promise.all(this.#scenes.values());
    return all.filter((one): one is SceneOf => one !== null && one.kind !== 'grid');
  }

  /** The scene that decides the system: the first that cannot be told in another one, else the first of all. */
  async #deciding(own: SceneOf): Promise<SceneOf> {
    if (work.crs) return own;
    const all = (await Promise.all(this.#scenes.values())).filter((one): one is SceneOf => one !== null);
    return all.find(isRigid) ?? all.find(({ kind }) => kind !== 'grid') ?? own;
  }

  /** A layer in the system of the scene. */
  async #fitting(id: string, own: SceneOf, signal: AbortSignal): Promise<SceneOf> {
    if (own.crs === work.crs || own.kind === 'grid') return own;
    const other = new Error(t('scene.other-crs', { crs: systemName(own.crs), own: systemName(work.crs) }));
    if (isRigid(own)) throw other;
    return await sceneOf(id, signal, work.crs).catch((error: unknown) => {
      throw isAbort(error) ? error : other;
    });
  }

  /** Take up what was chosen on the map or in a table, or what the address says. */
  #recall(id: string, layer: SceneLayer): void {
    const { selection } = workspace;
    const part = selection?.layer === id ? this.stage.layers.get(id)?.partOf?.(String(selection.feature)) : '';
    if (part || layer.chosen) this.show(id, part || layer.chosen);
  }

  /** Tell of a hole or a row what a click on it would tell. */
  show(id: string, part: string): void {
    work.hit = this.stage.layers.get(id)?.spot?.(part) ?? null;
    work.choose(id, part);
  }

  /** What stands in the data where a volume or a grid was clicked: colours know but 255 steps, and one variable. */
  async explain(hit: Hit): Promise<void> {
    const scene = work.known[hit.layer]?.scene;
    const at = hit.cell ?? (scene?.kind === 'grid' ? hit.place : undefined);
    if (!at || !scene || (scene.realizations?.length ?? 0) > 1) return;
    const place = at.map((one, n) => one + this.stage.shift[n]!) as Triple;
    const time = scene.times?.length ? work.time || scene.times.at(-1) : undefined;
    try {
      const values = await valuesAt(hit.layer, { crs: work.crs, place, isVolume: scene.kind === 'volume', time });
      const told = tellNumbers(scene.variables, values);
      if (work.hit === hit && told.length) work.hit = { ...hit, facts: [...told, ...hit.facts.slice(1)] };
    } catch {
      // What the colours tell stays.
    }
  }

  /** The first layer decides where the origin of the scene lies, and in what system. */
  #settle({ crs, extent }: SceneOf): void {
    if (work.crs) return;
    work.crs = crs;
    const middle = [extent.easting, extent.northing, extent.upward].map(([low, high]) => Math.round((low + high) / 2)) as Triple;
    this.stage.shift.splice(0, 3, ...middle);
  }

  async #make(id: string, scene: SceneOf, state: LayerState, signal: AbortSignal, crs: string): Promise<Drawn> {
    const { shift, most } = this.stage;
    const changed = (): void => this.stage.move();
    const told = (share: number, error?: unknown): void => {
      [state.share, state.failed] = [share, error ?? null];
      changed();
    };
    const seen = (extent: Extent): void => {
      [state.seen, state.extent] = [true, extent];
      this.boxes();
    };
    if (scene.kind === 'volume') return new VolumeDrawn(id, scene, [...shift], { changed, told, seen, most });
    if (scene.kind === 'mesh') {
      const mesh = new MeshDrawn(id, changed);
      state.parts = await mesh.load(shift, scene.origin, partColours(scene), signal);
      return mesh;
    }
    if (scene.kind === 'boreholes') {
      const [told, colours] = await Promise.all([holesOf(id, crs, signal), this.#colours()]);
      const holes = { ...told, tables: Object.fromEntries(Object.entries(told.tables).map(([name, table]) => [name, { ...filled(table), columns: table.columns.map((one) => coloured(one, colours)) }])) };
      state.holes = holes.holes.map((one) => one.id);
      state.note = notes(told.left_out, holes.holes.filter(({ assumed }) => assumed?.includes('elevation')).length);
      const several = Object.keys(holes.tables).length > 1;
      state.variables = Object.entries(holes.tables).flatMap(([name, table]) => table.columns.map((one): Variable => ({ ...one, name: `${name}.${one.name}`, title: several ? `${name} · ${one.title}` : one.title })));
      return new HolesDrawn(id, holes, shift, changed);
    }
    if (scene.kind === 'table') {
      const [told, colours] = await Promise.all([pointsOf(id, crs, signal), this.#colours()]);
      state.note = notes(told.left_out);
      const points = { ...told, columns: told.columns.map((one) => coloured(one, colours)) };
      if (points.heights === 'none') {
        this.#draped.add(id);
        state.extent = scene.extent = await this.#drape(points, signal);
      }
      state.variables = points.columns;
      return new PlacesDrawn(id, points, shift, changed);
    }
    const around = joined((await this.#solid()).filter((one) => one.crs === work.crs).map((one) => one.extent));
    if (scene.crs !== work.crs && !around) throw new Error(t('scene.other-crs', { crs: systemName(scene.crs), own: systemName(work.crs) }));
    const extent = cropped(scene, work.crs, around);
    state.extent = extent;
    const heightName = (one: string): string => work.known[one]?.scene?.variables.find((variable) => variable.is_height)?.name ?? '';
    return new SheetDrawn(id, { crs: work.crs, extent, shift: [...shift], heightName }, changed, told);
  }

  /** Colours of the classes of volumes by their titles: the same unit looks alike in holes. */
  async #colours(): Promise<Map<string, string>> {
    const volumes = (await this.#solid()).filter(({ kind }) => kind === 'volume');
    const classes = volumes.flatMap(({ variables }) => variables.flatMap((one) => one.classes ?? []));
    return new Map(classes.map(({ title, colour }) => [title.trim().toLowerCase(), colour]));
  }

  /** Lay points and lines that tell no heights on the terrain, or on top of all else; their extent then. */
  async #drape(points: Points, signal: AbortSignal): Promise<Extent> {
    const { extent, origin } = points;
    const all = await Promise.all([...this.#scenes].map(async ([id, scene]) => ({ id, scene: await scene })));
    const terrain = all.find(({ scene }) => scene?.variables.some((one) => one.is_height));
    const top = Math.max(0, ...all.flatMap(({ scene }) => (scene && scene.kind !== 'table' ? [scene.extent.upward[1]] : [])));
    const size: [number, number] = [NODES, NODES];
    const name = terrain?.scene?.variables.find((one) => one.is_height)?.name ?? '';
    const heights = terrain ? await heightsOf(terrain.id, name, { crs: points.crs, extent, size }, signal) : null;
    const places = [...points.points.flatMap((one) => (one ? [one] : [])), ...points.lines.flatMap(({ path }) => path)];
    let [low, high] = [Infinity, -Infinity];
    for (const place of places) {
      const [i, j] = ([extent.easting, extent.northing] as const).map(([from, to], n) => Math.min(NODES - 1, Math.max(0, Math.floor((NODES * (place[n]! + origin[n]! - from)) / (to - from || 1)))));
      const height = heights?.[j! * NODES + i!] ?? top;
      place[2] = (Number.isFinite(height) ? height : top) - origin[2];
      [low, high] = [Math.min(low, place[2] + origin[2]), Math.max(high, place[2] + origin[2])];
    }
    return { ...extent, upward: low <= high ? [low, high] : [top, top] };
  }

  /** Tell a layer how it shall look. */
  dress(layer: SceneLayer): void {
    const drawn = this.stage.layers.get(layer.id);
    if (!drawn) return;
    const look = { ...$state.snapshot(layer), time: work.known[layer.id]?.scene?.times?.length ? work.time : '' };
    const text = JSON.stringify(look);
    if (this.#dressed.get(layer.id) === text) return;
    this.#dressed.set(layer.id, text);
    drawn.root.visible = layer.visible;
    drawn.dress(look);
    drawn.cut(this.stage.planes, work.fence);
    this.stage.draw();
  }

  /** The box of all that is shown, and the first view of it. */
  boxes(): void {
    const there = work.layers.flatMap(({ id }) => {
      const known = this.stage.layers.has(id) && work.known[id];
      return known && known.seen && known.scene ? [{ ...known, tier: this.#draped.has(id) ? ('draped' as const) : known.scene.kind }] : [];
    });
    // Holes may reach far below a model, and a grid far beside it: the model decides.
    const first = TIERS.map((kinds) => there.filter(({ tier }) => kinds.includes(tier))).find((found) => found.length);
    const box = joined((first ?? []).flatMap(({ extent }) => extent ?? []));
    if (!box) return;
    const text = JSON.stringify(box);
    if (text !== this.#box) work.box = box;
    const fresh = text !== this.#box;
    this.#box = text;
    if (!work.stretched) work.exaggeration = Math.min(stretchOf(box), first?.some(({ tier }) => tier !== 'table' && tier !== 'draped' && tier !== 'grid') ? Infinity : HIGHEST_GROUND);
    this.stage.exaggeration = work.exaggeration;
    this.stage.setBox(box);
    if (!fresh) return;
    const kept = this.#placed ? this.stage.eye === this.#own : !work.eye;
    if (kept) this.stage.look((this.#own = this.stage.whole(box)));
    else if (!this.#placed && work.eye) this.stage.lookFrom(work.eye);
    this.#placed = true;
  }

  /** Cut all layers. */
  cut(planes: Plane[]): void {
    this.stage.planes = planes;
    for (const layer of this.stage.layers.values()) layer.cut(planes, work.fence);
    this.stage.frame.outline(loopsOf(planes, work.box, this.stage.shift));
  }

  /** Heights so many times as large. */
  stretch(exaggeration: number): void {
    this.stage.exaggeration = exaggeration;
    for (const layer of this.stage.layers.values()) if ('stretch' in layer) (layer as MeshDrawn | SheetDrawn).stretch(exaggeration, this.stage.planes);
    if (work.box) this.stage.setBox(work.box);
  }

  dispose(): void {
    for (const control of this.#coming.values()) control.abort();
    this.stage.dispose();
  }
}

/** Whether a dataset can be told in its own system alone. */
function isRigid({ kind }: SceneOf): boolean {
  return kind === 'volume' || kind === 'mesh';
}

/** What is not drawn, or not where it lies. */
function notes(leftOut = 0, assumed = 0): string {
  return [leftOut && t('scene.left-out', { count: leftOut }), assumed && t('scene.assumed', { count: assumed })].filter(Boolean).join(' ');
}

/** What a layer shows at first: its first class, else its first number; thick enough to be seen. */
function choose(layer: SceneLayer, state: LayerState, box: Extent | null): void {
  const { variables, scene } = state;
  if (!variables.some((one) => one.name === layer.variable)) {
    const shown = variables.filter((one) => typeof one.probability_of !== 'number' && !DULL.test(one.name));
    const any = scene?.kind === 'table' ? undefined : (shown.find((one) => one.type === 'class') ?? shown[0] ?? variables[0]);
    layer.variable = (shown.find(isUnit) ?? any)?.name ?? '';
  }
  if (scene?.kind === 'grid' && !layer.relief && !layer.height) {
    if (variables.some((one) => one.is_height)) layer.relief = layer.id;
    else layer.height = Math.round(box?.upward[1] ?? 0);
  }
  if (state.kind === 'boreholes' || state.kind === 'table') {
    const extent = box ?? scene?.extent;
    if (layer.size === 1 && extent) layer.size = nice(Math.hypot(extent.easting[1] - extent.easting[0], extent.northing[1] - extent.northing[0]) / 400);
    layer.cut = false;
  }
}

/** Columns that seldom tell anything by their colours. */
const DULL = /length|depth|elapsed|time|(^|[._ ])(id|nr|no|number|name|x|y|z)$|_id$/i;

/** Columns that most often tell what a geologist looks for. */
function isUnit({ name, type }: Variable): boolean {
  return type === 'class' && /(^|\.|_)(unit|strat|lith|geol|rock|soil)/i.test(name);
}

function nice(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1e-3, value)));
  return [1, 2, 5, 10].map((one) => one * power).findLast((one) => one <= value * 1.0001) ?? 1;
}

function stretchOf(box: Extent): number {
  const wide = Math.max(box.easting[1] - box.easting[0], box.northing[1] - box.northing[0]);
  const high = box.upward[1] - box.upward[0] || wide;
  return STRETCHES.findLast((one) => one * high <= HIGH * wide) ?? 1;
}

function joined(extents: Extent[]): Extent | null {
  if (!extents.length) return null;
  const span = (name: keyof Extent): [number, number] => [Math.min(...extents.map((one) => one[name][0])), Math.max(...extents.map((one) => one[name][1]))];
  return { easting: span('easting'), northing: span('northing'), upward: span('upward') };
}

/** The part of a grid around what is shown already, with a quarter more on each side. */
function cropped({ crs, extent }: SceneOf, own: string, box: Extent | null): Extent {
  if (!box) return extent;
  const crop = (name: 'easting' | 'northing'): [number, number] => {
    const [low, high] = box[name];
    const more = (high - low) / 4;
    if (crs !== own) return [low - more, high + more];
    const found: [number, number] = [Math.max(extent[name][0], low - more), Math.min(extent[name][1], high + more)];
    return found[0] < found[1] ? found : extent[name];
  };
  return { ...extent, easting: crop('easting'), northing: crop('northing') };
}

/** Outlines of the planes inside the box. */
function loopsOf(planes: Plane[], box: Extent | null, shift: Triple): Triple[][] {
  if (!box) return [];
  return planes.flatMap((plane, n) => {
    const cut = work.cuts[n];
    if (!plane.on || !cut) return [];
    const [low, high] = box.upward.map((one) => one - shift[2]) as [number, number];
    const [west, east] = box.easting.map((one) => one - shift[0]) as [number, number];
    const [south, north] = box.northing.map((one) => one - shift[1]) as [number, number];
    if (cut.axis === 'z') {
      const up = work.placeOf(cut) - shift[2];
      return [[[west, south, up], [east, south, up], [east, north, up], [west, north, up]] as Triple[]];
    }
    const line = work.lineOf(cut);
    if (!line) return [];
    const [one, other] = line.map(([easting, northing]) => [easting - shift[0], northing - shift[1]] as const);
    return [[[...one!, low], [...other!, low], [...other!, high], [...one!, high]] as Triple[]];
  });
}

/** A column whose classes have the colours that the same titles have elsewhere. */
function coloured(column: Variable, colours: Map<string, string>): Variable {
  if (!column.classes) return column;
  return { ...column, classes: column.classes.map((one) => ({ ...one, colour: colours.get(one.title.trim().toLowerCase()) ?? one.colour })) };
}
