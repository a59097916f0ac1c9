/** Who visits: known by name or not, and what goes with requests that change something. */
import { get } from '../api/client';

export interface Me {
  name?: string;
  title?: string;
  role?: string;
  signedIn?: boolean;
  /** Whether the visitor may run processes, change data, read the audit. */
  mayRun?: boolean;
  mayChange?: boolean;
  mayAudit?: boolean;
  /** Whether the node lets people in by a provider of identities. */
  provider?: boolean;
  csrfToken?: string;
  csrfHeader?: string;
}

class Session {
  me: Me = $state.raw({});
  /** Whether the node was asked already. */
  asked = $state(false);
  signedIn = $derived(Boolean(this.me.signedIn));

  /** Header that shows that a request comes from this page and not from another one. */
  get proof(): Record<string, string> {
    const { csrfToken, csrfHeader } = this.me;
    return csrfToken && csrfHeader ? { [csrfHeader]: csrfToken } : {};
  }

  /** Ask the node who we are; a node that knows no names has only unnamed visitors. */
  async load(): Promise<void> {
    try {
      this.me = await get<Me>('/me');
    } catch {
      this.me = {};
    }
    this.asked = true;
  }

  /** Whether the visitor's role is one of `roles`. */
  is(...roles: string[]): boolean {
    return roles.includes(this.me.role ?? 'public');
  }
}

export const session = new Session();
