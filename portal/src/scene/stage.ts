/** The stage: draws the layers when something has changed, and never else. */
import { Color, Group, HemisphereLight, DirectionalLight, PerspectiveCamera, Scene, Vector3, WebGLRenderer } from 'three';
import type { Extent, Triple } from './api';
import { axesOf, handle } from './controls';
import type { Aim, Drawn, Hit, Plane } from './drawn';
import { Frame } from './frame';
import type { Eye } from './state.svelte';

const ANGLE = 35;
const PAPER = '#f1efe9';

/** Milliseconds without a change after which the view rests. */
const REST = 160;

/** Milliseconds a picture may take while the view moves; if it takes longer, fewer pixels are drawn. */
const SLOW = 42;

/** Milliseconds between pictures from which they are no run. */
const PAUSE = 200;

const COARSEST = 0.5;

/** Share of the pixels below which layers are drawn coarser too. */
const SLOWEST = 0.75;

/** Pixels drawn for each of the screen at rest, which smooths edges. */
const SHARP = 1.5;

/** Share of the screen that the whole box takes. */
const ROOM = 0.78;

interface Told {
  /** The view has changed; in the coordinates of the data. */
  view: (eye: Eye) => void;
  click: (hit: Hit | null) => void;
  drawn: () => void;
  /** The graphics card has taken the picture away, and may give it back. */
  lost: () => void;
}

export class Stage {
  readonly renderer: WebGLRenderer;
  readonly scene = new Scene();
  readonly stretched = new Group();
  readonly camera = new PerspectiveCamera(ANGLE, 1, 1, 1e5);
  readonly frame: Frame;
  readonly layers = new Map<string, Drawn>();
  readonly shift: Triple = [0, 0, 0];
  eye: Eye = { azimuth: 155, tilt: 28, distance: 1000, target: [0, 0, 0] };
  exaggeration = 1;
  planes: Plane[] = [];
  /** Cells along an axis that a volume may have. */
  readonly most: number;
  /** Pictures that were drawn. */
  pictures = 0;
  readonly #leave: () => void;
  readonly #watch: ResizeObserver;
  #gone = false;
  #asked = 0;
  #resting = 0;
  #moving = false;
  #last = 0;
  /** When the next picture was asked for. */
  #wanted = 0;
  /** Milliseconds from picture to picture while the view moves. */
  #took = 0;
  #quality = 1;
  #size: [number, number] = [1, 1];
  #reach = 1000;

  constructor(
    readonly element: HTMLElement,
    canvas: HTMLCanvasElement,
    readonly told: Told,
  ) {
    this.renderer = new WebGLRenderer({ canvas, powerPreference: 'high-performance' });
    this.renderer.localClippingEnabled = true;
    const gl = this.renderer.getContext() as WebGL2RenderingContext;
    this.most = gl.getParameter(gl.MAX_3D_TEXTURE_SIZE) as number;
    canvas.addEventListener('webglcontextlost', () => !this.#gone && told.lost());
    canvas.addEventListener('webglcontextrestored', () => this.draw());
    this.scene.background = new Color(PAPER);
    const sun = new DirectionalLight('#ffffff', 1.5);
    sun.position.set(-0.45, -0.25, 0.85);
    this.scene.add(new HemisphereLight('#ffffff', '#c9c4b8', 1.6), sun, this.stretched);
    this.frame = new Frame();
    this.stretched.add(this.frame.root);
    this.camera.up.set(0, 0, 1);
    this.#leave = handle(canvas, {
      eye: () => this.eye,
      set: (eye) => this.look(eye),
      click: (event) => this.#click(event),
      pixel: () => this.#pixel(),
    });
    this.#watch = new ResizeObserver(() => this.#resize());
    this.#watch.observe(element);
    this.#resize();
  }

  #resize(): void {
    const { clientWidth: wide, clientHeight: high } = this.element;
    if (!wide || !high) return;
    this.#size = [wide, high];
    this.camera.aspect = wide / high;
    this.renderer.setSize(wide, high, false);
    this.draw();
  }

  /** Share of the distance that a pixel is wide. */
  #pixel(): number {
    return (2 * Math.tan((ANGLE * Math.PI) / 360)) / this.#size[1];
  }

  /** Look from elsewhere. */
  look(eye: Eye): void {
    this.eye = eye;
    this.told.view({ ...eye, target: eye.target.map((one, n) => one + this.shift[n]!) as Triple });
    this.move();
  }

  /** Look as a view tells that is kept, in the coordinates of the data. */
  lookFrom(kept: Eye): void {
    this.look({ ...kept, target: kept.target.map((one, n) => one - this.shift[n]!) as Triple });
  }

  /** Draw a picture of something that goes on changing. */
  move(): void {
    if (!this.#moving) this.#last = 0;
    this.#moving = true;
    clearTimeout(this.#resting);
    this.draw();
  }

  /** Take a rest when nothing more has come for a while. */
  #rest(): void {
    clearTimeout(this.#resting);
    this.#resting = window.setTimeout(() => {
      this.#moving = false;
      this.draw();
    }, REST + Math.min(REST, this.#took));
  }

  draw(): void {
    if (this.#asked) return;
    this.#wanted = performance.now();
    this.#asked = requestAnimationFrame(() => {
      this.#asked = 0;
      this.#adapt(performance.now());
      this.paint();
      if (this.#moving) this.#rest();
      this.told.drawn();
    });
  }

  /** Draw fewer pixels while pictures come slowly, all of them at rest. */
  #adapt(now: number): void {
    // A picture that was asked for long after the last one tells only how long it took itself.
    const took = now - (this.#wanted - this.#last < PAUSE ? this.#last : this.#wanted);
    this.#took = this.#moving && this.#last ? Math.min(1000, took) : 0;
    if (this.#took) {
      if (took > SLOW) this.#quality = Math.max(COARSEST, this.#quality * 0.85);
      else if (took < SLOW / 2) this.#quality = Math.min(1, this.#quality * 1.05);
    }
    this.#last = now;
    const ratio = this.#moving ? devicePixelRatio * this.#quality : Math.max(SHARP, devicePixelRatio);
    if (Math.abs(this.renderer.getPixelRatio() - ratio) > 0.04 * ratio) this.renderer.setPixelRatio(ratio);
  }

  paint(): void {
    this.#aimCamera();
    const pixel = this.#pixel();
    for (const layer of this.layers.values()) layer.before?.({ pixel, isSlow: this.#moving && this.#quality < SLOWEST, tilt: this.eye.tilt });
    this.renderer.render(this.scene, this.camera);
    if (this.frame.root.visible) this.frame.label(this.renderer, this.camera, this.exaggeration, this.#size);
    this.pictures += 1;
    this.element.dataset.pictures = String(this.pictures);
  }

  #aimCamera(): void {
    const { back } = axesOf(this.eye);
    const { distance, target } = this.eye;
    const seen = new Vector3(target[0], target[1], target[2] * this.exaggeration);
    this.camera.position.set(...back).multiplyScalar(distance).add(seen);
    this.camera.lookAt(seen);
    this.camera.near = Math.max(distance / 500, distance - 4 * this.#reach);
    this.camera.far = distance + 4 * this.#reach;
    this.camera.updateProjectionMatrix();
    this.camera.updateMatrixWorld();
    this.stretched.scale.z = this.exaggeration;
  }

  /** The box of all that is shown. */
  setBox(box: Extent): void {
    const sizes = [box.easting, box.northing, box.upward].map(([low, high]) => high - low);
    this.#reach = Math.hypot(sizes[0]!, sizes[1]!, sizes[2]! * this.exaggeration) || 1;
    this.frame.set(box, this.shift);
    this.frame.root.visible = true;
    this.draw();
  }

  /** Nothing is shown, and so no box around it. */
  clear(): void {
    this.frame.mark(null);
    this.frame.root.visible = false;
    this.draw();
  }

  /** A view of the whole box, from the south-south-east and above. */
  whole(box: Extent): Eye {
    const middle = [box.easting, box.northing, box.upward].map(([low, high], n) => (low + high) / 2 - this.shift[n]!) as Triple;
    const eye = { azimuth: 155, tilt: 28, distance: this.#reach, target: middle };
    return { ...eye, distance: this.#fitting(eye, box) };
  }

  /** Distance from which all corners of the box are seen, with room for the coordinates. */
  #fitting(eye: Eye, box: Extent): number {
    const { back, right, up } = axesOf(eye);
    const slope = Math.tan((ANGLE * Math.PI) / 360);
    const corners = box.easting.flatMap((east) => box.northing.flatMap((north) => box.upward.map((top): Triple => [east, north, top])));
    const wanted = corners.map((corner) => {
      const at = corner.map((one, n) => (one - this.shift[n]! - eye.target[n]!) * (n === 2 ? this.exaggeration : 1)) as Triple;
      const along = (axis: Triple): number => at.reduce((sum, one, n) => sum + one * axis[n]!, 0);
      return along(back) + Math.max(Math.abs(along(right)) / this.camera.aspect / ROOM, Math.abs(along(up)) / ROOM) / slope;
    });
    return Math.max(1e-2, ...wanted);
  }

  #click(event: PointerEvent): void {
    const frame = this.renderer.domElement.getBoundingClientRect();
    this.pick(event.clientX - frame.left, event.clientY - frame.top);
  }

  /** Tell what is at a place of the screen. */
  pick(x: number, y: number): void {
    const aim = this.aim(x, y);
    const hits = [...this.layers.values()].filter(({ root }) => root.visible).map((layer) => layer.hit(aim));
    const found = hits.filter((one): one is Hit => one !== null).sort((a, b) => a.distance - b.distance);
    this.told.click(found[0] ?? null);
  }

  aim(x: number, y: number): Aim {
    const [wide, high] = this.#size;
    this.#aimCamera();
    const origin = this.camera.position.clone();
    const direction = new Vector3((2 * x) / wide - 1, 1 - (2 * y) / high, 0.5).unproject(this.camera).sub(origin).normalize();
    const [planes, exaggeration] = [this.planes, this.exaggeration];
    const ray = {
      origin: [origin.x, origin.y, origin.z / exaggeration] as Triple,
      direction: [direction.x, direction.y, direction.z / exaggeration] as Triple,
    };
    return { ray, pixel: this.#pixel(), planes, exaggeration, camera: this.camera };
  }

  put(id: string, layer: Drawn): void {
    this.layers.set(id, layer);
    this.stretched.add(layer.root);
  }

  take(id: string): void {
    const layer = this.layers.get(id);
    if (!layer) return;
    this.layers.delete(id);
    this.stretched.remove(layer.root);
    layer.dispose();
    this.draw();
  }

  /** A picture in full sharpness. */
  async picture(): Promise<HTMLCanvasElement> {
    this.#moving = false;
    this.renderer.setPixelRatio(Math.max(2, devicePixelRatio));
    this.paint();
    const copy = document.createElement('canvas');
    const { width, height } = this.renderer.domElement;
    [copy.width, copy.height] = [width, height];
    copy.getContext('2d')?.drawImage(this.renderer.domElement, 0, 0);
    this.draw();
    return copy;
  }

  dispose(): void {
    this.#gone = true;
    cancelAnimationFrame(this.#asked);
    clearTimeout(this.#resting);
    this.#leave();
    this.#watch.disconnect();
    for (const id of [...this.layers.keys()]) this.take(id);
    this.frame.dispose();
    this.renderer.dispose();
    this.renderer.forceContextLoss(); // a browser keeps few of them, and takes the oldest away
  }
}
