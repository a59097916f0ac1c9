/** What is shown as files: a picture with its legend, a model for other programs. */
import { Group } from 'three';
import { GLTFExporter } from 'three/examples/jsm/exporters/GLTFExporter.js';
import { number, t } from '../stores/language.svelte';
import { systemName } from './api';
import { colourOfClass } from './looks';
import type { Stage } from './stage';
import { work, type SceneLayer } from './state.svelte';

const FONT = "'Noto Sans', 'Noto Sans SC', system-ui, sans-serif";

function save(content: Blob, name: string): void {
  const address = URL.createObjectURL(content);
  Object.assign(document.createElement('a'), { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** The picture, with what its colours mean and how it is drawn written below it. */
export async function savePicture(stage: Stage): Promise<void> {
  const picture = await stage.picture();
  const { width, height } = picture;
  const unit = width / 1280;
  const rows = keyRows();
  const columns = Math.max(1, Math.floor(1240 / 300));
  const keyHeight = (28 + 22 * Math.ceil(rows.length / columns) + 16) * unit;
  const sheet = document.createElement('canvas');
  [sheet.width, sheet.height] = [width, Math.round(height + keyHeight)];
  const pen = sheet.getContext('2d');
  if (!pen) throw new Error(t('scene.no-picture'));
  pen.fillStyle = '#ffffff';
  pen.fillRect(0, 0, sheet.width, sheet.height);
  pen.drawImage(picture, 0, 0);
  pen.translate(0, height);
  pen.scale(unit, unit);
  pen.fillStyle = '#4a585e';
  pen.font = `12px ${FONT}`;
  pen.fillText(caption(), 20, 20);
  rows.forEach(({ colour, text }, n) => {
    const [x, y] = [20 + 300 * (n % columns), 30 + 22 * Math.floor(n / columns)];
    if (colour) {
      pen.fillStyle = colour;
      pen.fillRect(x, y + 2, 18, 13);
    }
    pen.fillStyle = '#1c2a2f';
    pen.font = `${colour ? '' : '600 '}12px ${FONT}`;
    pen.fillText(text, x + (colour ? 26 : 0), y + 13, 300 - 34);
  });
  const content = await new Promise<Blob | null>((done) => sheet.toBlob(done, 'image/png'));
  if (content) save(content, 'scene.png');
}

function caption(): string {
  const names = work.layers.filter(({ visible }) => visible).map(({ id }) => work.known[id]?.title ?? id);
  return [names.join(' · '), [t('scene.heights-times', { times: number(work.exaggeration, 3) }), systemName(work.crs)].filter(Boolean).join(' · ')].join('   ');
}

function keyRows(): { colour: string; text: string }[] {
  return work.layers.filter(({ visible }) => visible).flatMap((layer) => [{ colour: '', text: work.known[layer.id]?.title ?? layer.id }, ...keyOf(layer)]);
}

function keyOf(layer: SceneLayer): { colour: string; text: string }[] {
  const known = work.known[layer.id];
  const variable = known?.variables.find(({ name }) => name === layer.variable);
  const parts = (known?.parts ?? []).filter(({ name }) => !layer.without.includes(name)).map(({ name, colour }) => ({ colour, text: name }));
  const classes = (variable?.classes ?? []).map((one, place) => ({ ...one, colour: colourOfClass(one, place) }));
  const range = variable?.range ? [{ colour: '', text: `${variable.title}: ${number(variable.range[0], 4)} – ${number(variable.range[1], 4)} ${variable.unit ?? ''}` }] : [];
  return [...parts, ...classes.filter(({ value }) => !layer.hidden.includes(value)).map(({ colour, title }) => ({ colour, text: title })), ...range];
}

/** What is shown as binary glTF: metres from an origin in its extras, the second axis up. */
export async function saveModel(stage: Stage): Promise<void> {
  const root = new Group();
  root.name = 'scene';
  // glTF has the second axis up; here it is the third.
  root.rotation.x = -Math.PI / 2;
  root.userData = { origin: stage.shift, crs: work.crs, axes: ['easting', 'upward', '-northing'] };
  for (const layer of stage.layers.values()) {
    if (!layer.root.visible) continue;
    const plain = await layer.plain();
    if (plain) root.add(plain);
  }
  root.updateMatrixWorld(true);
  const content = await new GLTFExporter().parseAsync(root, { binary: true, onlyVisible: true });
  save(new Blob([content as ArrayBuffer], { type: 'model/gltf-binary' }), 'scene.glb');
}
