/** What the node says of itself. */
import { get } from '../api/client';

class Node {
  title = $state('Craton');
  description = $state('');

  async load(): Promise<void> {
    try {
      const said = await get<{ title?: string; description?: string }>('/', { f: 'json' });
      this.title = said.title || this.title;
      this.description = said.description ?? '';
    } catch {
      // the page has a name of its own
    }
  }
}

export const node = new Node();
