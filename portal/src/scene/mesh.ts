/** A mesh as it is stored: its parts one by one, such as the surfaces of units and the faults. */
import { type BufferGeometry, DoubleSide, Group, Mesh, MeshLambertMaterial, Plane as Half, Raycaster, Vector3, type Object3D } from 'three';
import { GLTFLoader } from 'three/examples/jsm/loaders/GLTFLoader.js';
import { ask } from '../api/client';
import { SET } from '../map/colours';
import { t } from '../stores/language.svelte';
import { meshAddress, type Triple } from './api';
import { halvesOf, type Aim, type Drawn, type Hit, type Plane } from './drawn';
import type { Part, SceneLayer } from './state.svelte';

type Surface = Mesh<BufferGeometry, MeshLambertMaterial>;

type Extras = Record<string, unknown>;

export class MeshDrawn implements Drawn {
  readonly root = new Group();
  readonly #clips: Half[] = [];
  #meshes: Surface[] = [];
  #layer: SceneLayer | undefined;
  #exaggeration = 1;

  constructor(
    readonly id: string,
    readonly changed: () => void,
  ) {}

  /** Fetch the file; the parts that it has. */
  async load(shift: Triple, origin: Triple, colours: Map<string, string>, signal: AbortSignal): Promise<Part[]> {
    const reply = await ask(meshAddress(this.id), { signal, headers: { Accept: 'model/gltf-binary' } });
    const file = await new GLTFLoader().parseAsync(await reply.arrayBuffer(), '');
    const [east, north, up] = (originIn(file.scene.userData as Extras) ?? origin).map((one, n) => one - shift[n]!) as Triple;
    // In the file the second axis points up; here it is the third.
    file.scene.rotation.x = Math.PI / 2;
    file.scene.position.set(east, north, up);
    this.root.add(file.scene);
    file.scene.updateMatrixWorld(true);
    file.scene.traverse((one) => {
      if (one instanceof Mesh) this.#meshes.push(one as Surface);
    });
    return this.#meshes.map((mesh, n) => this.#prepare(mesh, n, colours));
  }

  #prepare(mesh: Surface, n: number, colours: Map<string, string>): Part {
    // The loader changes blanks in names, and keeps the names as they were beside them.
    const name = (mesh.userData.name as string | undefined) || mesh.name || mesh.parent?.name || String(n + 1);
    const stored = mesh.material as unknown as { color?: { getHexString(): string } };
    const told = stored.color?.getHexString();
    const colour = colours.get(name) ?? (told && told !== 'ffffff' ? `#${told}` : SET[n % SET.length]!);
    if (!mesh.geometry.getAttribute('normal')) mesh.geometry.computeVertexNormals();
    mesh.material = new MeshLambertMaterial({ color: colour, side: DoubleSide, clippingPlanes: this.#clips });
    mesh.name = name;
    return { name, colour };
  }

  dress(layer: SceneLayer): void {
    this.#layer = layer;
    for (const mesh of this.#meshes) {
      mesh.visible = !layer.without.includes(mesh.name);
      mesh.material.opacity = layer.opacity;
      mesh.material.transparent = layer.opacity < 1;
      mesh.material.depthWrite = layer.opacity >= 1;
      mesh.material.needsUpdate = true;
    }
    this.changed();
  }

  cut(planes: Plane[]): void {
    this.#clips.splice(0, Infinity, ...halvesOf(this.#layer?.cut ? planes : [], this.#exaggeration));
    for (const { material } of this.#meshes) material.needsUpdate = true;
  }

  /** The planes of this kind of material are told as they are seen. */
  stretch(exaggeration: number, planes: Plane[]): void {
    this.#exaggeration = exaggeration;
    this.cut(planes);
  }

  hit({ ray, exaggeration }: Aim): Hit | null {
    const direction = new Vector3(...ray.direction);
    direction.z *= exaggeration;
    const origin = new Vector3(...ray.origin);
    origin.z *= exaggeration;
    const caster = new Raycaster(origin, direction);
    const found = caster
      .intersectObjects(this.#meshes.filter((one) => one.visible), false)
      .find(({ point }) => this.#clips.every((half) => half.distanceToPoint(point) >= 0));
    if (!found) return null;
    const place: Triple = [found.point.x, found.point.y, found.point.z / exaggeration];
    const { name } = found.object;
    const colour = `#${(found.object as Surface).material.color.getHexString()}`;
    return { layer: this.id, part: name, title: name, colour, place, distance: found.distance, facts: [[t('scene.part'), name]] };
  }

  async plain(): Promise<Object3D | null> {
    const copy = this.root.clone(true);
    copy.traverse((one) => {
      if (one instanceof Mesh) (one.material = (one.material as MeshLambertMaterial).clone()).clippingPlanes = null;
    });
    return copy;
  }

  dispose(): void {
    for (const { geometry, material } of this.#meshes) {
      geometry.dispose();
      material.dispose();
    }
  }
}

/** Where the file says that its places are counted from. */
function originIn(extras: Extras): Triple | undefined {
  const told = Object.values(extras).find((one): one is { origin: Triple } => Array.isArray((one as { origin?: unknown } | null)?.origin));
  return told?.origin ?? (Array.isArray(extras.origin) ? (extras.origin as Triple) : undefined);
}
