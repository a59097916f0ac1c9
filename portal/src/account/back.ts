/** Where to go after signing in: to the page that asked for it, or back to where one was. */
import { BASE, go, router, to } from '../router.svelte';

/** Address of the portal that `next` names; nothing where it names none. */
function wanted(): string | undefined {
  const next = router.query.get('next');
  if (!next) return undefined;
  const url = new URL(next, location.href);
  return url.origin === location.origin && url.pathname.startsWith(BASE) ? url.pathname + url.search + url.hash : undefined;
}

/** Address for a way that leads over another host. */
export function nextAddress(): string {
  return wanted() ?? to('');
}

export function goBack(): void {
  const next = wanted();
  if (next) return go(next, { replace: true });
  // Only pages of this node count as back: the browser tells whether there is one.
  const { navigation } = window as { navigation?: { canGoBack: boolean } };
  if (navigation?.canGoBack) history.back();
  else go(to(''), { replace: true });
}
