/** Where the page learns what it may join: `/netbed.json`, written by whoever serves it, and its own address line. */

export interface PageConfig {
  /** Address of the running match, by topology; for lockstep and mesh that is its rendezvous. */
  urls: Readonly<Record<string, string>>;
  /** Where rooms are made and found; empty when no rendezvous runs. */
  rendezvousUrl: string;
  /** From the address line: `?topology=lockstep&room=ABCDEF&name=Ada&autojoin=1`. */
  topology: string | null;
  /** Code of a room, in capitals; null for the match that runs. */
  room: string | null;
  name: string | null;
  autojoin: boolean;
}

/** Reads both. A missing or broken file means that nothing can be joined; the menu says so. */
export async function loadConfig(): Promise<PageConfig> {
  const query = new URLSearchParams(location.search);
  const urls = await loadUrls();
  return {
    urls,
    rendezvousUrl: urls['lockstep'] ?? urls['mesh'] ?? '',
    topology: query.get('topology'),
    room: query.get('room')?.trim().toUpperCase() || null,
    name: query.get('name'),
    autojoin: query.get('autojoin') === '1',
  };
}

/** Address of this page that leads others into a room. */
export function invitationUrl(topology: string, room: string): string {
  const url = new URL(location.pathname, location.origin);
  url.search = new URLSearchParams({ topology, room }).toString();
  return url.toString();
}

async function loadUrls(): Promise<Record<string, string>> {
  const urls: Record<string, string> = {};
  try {
    const answer = await fetch('/netbed.json', { cache: 'no-store' });
    const { topologies } = (await answer.json()) as {
      topologies?: Record<string, { url?: unknown }>;
    };
    for (const [id, { url }] of Object.entries(topologies ?? {})) {
      if (typeof url === 'string') urls[id] = reachable(url);
    }
  } catch {
    // Nothing is served there: the menu shows every topology as not running.
  }
  return urls;
}

/** A page that was opened from another machine must not look for the match on its own. */
function reachable(url: string): string {
  const parsed = new URL(url, location.href);
  const isLocal = (host: string) => host === '127.0.0.1' || host === 'localhost' || host === '0.0.0.0';
  if (isLocal(parsed.hostname) && !isLocal(location.hostname)) parsed.hostname = location.hostname;
  return parsed.toString().replace(/\/$/, '');
}
