/** Where the page learns what it may join: `/netbed.json`, written by whoever serves it, and its own address line. */

export interface PageConfig {
  /** Address of the running match, by topology. */
  urls: Readonly<Record<string, string>>;
  /** From the address line: `?topology=server&name=Ada&autojoin=1`. */
  topology: string | null;
  name: string | null;
  autojoin: boolean;
}

/** Reads both. A missing or broken file means that nothing can be joined; the menu says so. */
export async function loadConfig(): Promise<PageConfig> {
  const query = new URLSearchParams(location.search);
  return {
    urls: await loadUrls(),
    topology: query.get('topology'),
    name: query.get('name'),
    autojoin: query.get('autojoin') === '1',
  };
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
