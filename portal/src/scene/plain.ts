/** Volumes and holes as ordinary coloured triangles, for programs that know nothing of ours. */
import { BufferAttribute, BufferGeometry, Color, DoubleSide, Mesh, MeshStandardMaterial, type Object3D } from 'three';
import { t } from '../stores/language.svelte';
import type { Triple } from './api';
import { facesOf } from './mesher';
import type { Grid } from './levels';
import type { Look } from './looks';

interface What {
  isShown: (cell: number) => boolean;
  isKept: (place: Triple) => boolean;
  name: string;
}

/** The cells that are shown and not cut off, as blocks of one colour each. */
export function plainVolume(grid: Grid, look: Look, { isShown, isKept, name }: What): Object3D {
  const { size, spacing, corner, codes } = grid;
  const kept = new Uint8Array(codes.length);
  let cell = 0;
  for (let k = 0; k < size[2]; k++) {
    for (let j = 0; j < size[1]; j++) {
      for (let i = 0; i < size[0]; i++, cell++) {
        const middle = [i, j, k].map((one, n) => corner[n]! + (one + 0.5) * spacing[n]!) as Triple;
        if (isShown(cell) && isKept(middle)) kept[cell] = codes[cell]!;
      }
    }
  }
  const group = new Mesh();
  group.name = name;
  for (const code of new Set(kept)) {
    if (!code) continue;
    const shown = new Uint8Array(256);
    shown[code] = 1;
    const { corners, index, whole } = facesOf({ size, codes: kept, shown });
    if (!whole) throw new Error(t('scene.too-fine'));
    const places = new Float32Array((corners.length / 4) * 3);
    for (let n = 0; n < corners.length / 4; n++) for (let axis = 0; axis < 3; axis++) places[3 * n + axis] = corner[axis]! + corners[4 * n + axis]! * spacing[axis]!;
    const colour = [...look.table.slice(4 * code, 4 * code + 3)];
    group.add(plainMesh(places, index, colour as Triple, `${name} ${code}`));
  }
  return group;
}

/** Triangles of one colour, red, green and blue to 255. */
export function plainMesh(places: Float32Array, index: Uint32Array, colour: Triple, name: string): Mesh {
  const geometry = new BufferGeometry();
  geometry.setAttribute('position', new BufferAttribute(places, 3));
  geometry.setIndex(new BufferAttribute(index, 1));
  geometry.computeVertexNormals();
  const [red, green, blue] = colour.map((one) => one / 255) as Triple;
  const mesh = new Mesh(geometry, new MeshStandardMaterial({ color: new Color().setRGB(red, green, blue, 'srgb'), side: DoubleSide, roughness: 1 }));
  mesh.name = name;
  return mesh;
}
