/** Which page is shown: addresses below `/portal/`, kept by the browser's own history. */
import type { Component } from 'svelte';

type Load = () => Promise<{ default: Component }>;

interface Route {
  name: string;
  path: string;
  load: Load;
  /** A page that fills the window, such as the map. */
  full?: boolean;
}

/** The page, with the library that draws its map on its way at the same time. */
async function withMap(page: Promise<{ default: Component }>): Promise<{ default: Component }> {
  void import('./map/base').catch(() => undefined); // the page says what fails
  return await page;
}

/** Pages by address; each comes as a file of its own when it is first opened. */
export const ROUTES: Route[] = [
  { name: 'home', path: '', load: () => import('./pages/Home.svelte') },
  { name: 'map', path: 'map', load: () => withMap(import('./pages/Map.svelte')), full: true },
  { name: 'scene', path: 'scene', load: () => import('./pages/Scene.svelte'), full: true },
  { name: 'site', path: 'site', load: () => withMap(import('./pages/Site.svelte')) },
  { name: 'record', path: 'data/:id', load: () => import('./pages/Record.svelte') },
  { name: 'processes', path: 'processes', load: () => import('./pages/Processes.svelte') },
  { name: 'process', path: 'processes/:id', load: () => import('./pages/Process.svelte') },
  { name: 'indicators', path: 'indicators', load: () => import('./pages/Indicators.svelte') },
  { name: 'indicator', path: 'indicators/:id', load: () => import('./pages/Indicator.svelte') },
  { name: 'apps', path: 'apps', load: () => import('./pages/Apps.svelte') },
  { name: 'app', path: 'apps/:id', load: () => import('./pages/App.svelte') },
  { name: 'build', path: 'build', load: () => import('./pages/Build.svelte') },
  { name: 'jobs', path: 'jobs', load: () => import('./pages/Jobs.svelte') },
  { name: 'job', path: 'jobs/:id', load: () => import('./pages/Job.svelte') },
  { name: 'decision', path: 'decision', load: () => withMap(import('./pages/Decision.svelte')) },
  { name: 'decision-compare', path: 'decision/compare', load: () => withMap(import('./pages/DecisionCompare.svelte')) },
  { name: 'decision-front', path: 'decision/front', load: () => withMap(import('./pages/DecisionFront.svelte')) },
  { name: 'upload', path: 'upload', load: () => import('./pages/Upload.svelte') },
  { name: 'sign-in', path: 'sign-in', load: () => import('./pages/SignIn.svelte') },
];

const LOST: Route = { name: 'lost', path: '*', load: () => import('./pages/Lost.svelte') };

/** Start of all addresses of the portal, such as `/portal/`. */
export const BASE = new URL(document.baseURI).pathname;

class Router {
  /** Path below the base, without strokes at its ends. */
  path = $state(pathOf(location.pathname));
  /** Parameters after the question mark. */
  query = $state.raw(new URLSearchParams(location.search));

  #matched = $derived(match(this.path));
  route = $derived(this.#matched[0]);
  /** Parts of the path by name, such as `id`. */
  parameters: Record<string, string> = $derived(this.#matched[1]);

  /** Take over what stands in the address bar. */
  read(): void {
    this.path = pathOf(location.pathname);
    this.query = new URLSearchParams(location.search);
  }
}

export const router = new Router();

function pathOf(pathname: string): string {
  return pathname.startsWith(BASE) ? pathname.slice(BASE.length).replace(/\/+$/, '') : '';
}

function match(path: string): [Route, Record<string, string>] {
  const parts = path.split('/');
  for (const route of ROUTES) {
    const wanted = route.path.split('/');
    if (wanted.length !== parts.length) continue;
    const found: Record<string, string> = {};
    const fits = wanted.every((want, n) => {
      const part = parts[n] ?? '';
      if (!want.startsWith(':')) return want === part;
      found[want.slice(1)] = decoded(part);
      return part !== '';
    });
    if (fits) return [route, found];
  }
  return [LOST, {}];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Address of a page: `to('data', id)`, `to('map', {query})`; parts are encoded. */
export function to(page: string, ...rest: (string | Record<string, string>)[]): string {
  const parts = rest.filter((one): one is string => typeof one === 'string');
  const query = rest.find((one): one is Record<string, string> => typeof one !== 'string');
  const path = [page, ...parts.map(encodeURIComponent)].filter(Boolean).join('/');
  return BASE + path + (query ? `?${new URLSearchParams(query)}` : '');
}

/** Go to an address of the portal. */
export function go(address: string, { replace = false } = {}): void {
  history[replace ? 'replaceState' : 'pushState'](null, '', address);
  router.read();
  if (!replace) window.scrollTo(0, 0);
}

/** Lets ordinary links of the portal change the page without loading it anew; call once. */
export function listen(): void {
  addEventListener('popstate', () => router.read());
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
      return;
    const anchor = (event.target as Element).closest?.('a');
    if (!anchor || anchor.target || anchor.hasAttribute('download')) return;
    const url = new URL(anchor.href, document.baseURI);
    if (url.origin !== location.origin || !url.pathname.startsWith(BASE)) return;
    event.preventDefault();
    go(url.pathname + url.search + url.hash);
  });
}
