/**
 * Builds the page and serves it, with `/netbed.json` telling it which matches run: what `netbed play` and the tests use.
 * Runs in Node; nothing in the page imports it.
 */
import type { AddressInfo } from 'node:net';
import { build, type Plugin, preview } from 'vite';

export interface PageOptions {
  /** Address of the running match, by topology: `{ server: { url: 'http://127.0.0.1:2567' } }`. */
  topologies: Readonly<Record<string, { url: string }>>;
  /** TCP port; 0 lets the system choose. */
  port?: number;
  /** Address to listen on. Default: this machine only. */
  bind?: string;
  /** Further files by path, `/match.replay`: served as they are. */
  files?: Readonly<Record<string, Uint8Array>>;
}

export interface RunningPage {
  /** Ends in a slash. */
  url: string;
  close(): Promise<void>;
}

const ROOT = import.meta.dirname;
/** Where a replay is served, and the page that plays it. */
export const REPLAY_FILE = '/match.replay';
export const REPLAY_PAGE = `replay.html?file=${REPLAY_FILE}`;

/** Bundles the page into game-client/dist: about two seconds. Rejects with Vite's error when it does not build. */
export async function buildPage(): Promise<void> {
  await build({ root: ROOT, logLevel: 'error' });
}

/** Serves the page as `buildPage` left it. Rejects when the port cannot be had. */
export async function servePage({
  topologies,
  port = 0,
  bind = '127.0.0.1',
  files = {},
}: PageOptions): Promise<RunningPage> {
  const matches: Plugin = {
    name: 'netbed-matches',
    configurePreviewServer(server) {
      server.middlewares.use('/netbed.json', (_request, response) => {
        response.setHeader('Content-Type', 'application/json');
        response.setHeader('Cache-Control', 'no-store');
        response.end(JSON.stringify({ topologies }));
      });
      for (const [path, bytes] of Object.entries(files)) {
        server.middlewares.use(path, (_request, response) => {
          response.setHeader('Content-Type', 'application/octet-stream');
          response.setHeader('Cache-Control', 'no-store');
          response.end(bytes);
        });
      }
    },
  };
  const server = await preview({
    root: ROOT,
    logLevel: 'error',
    plugins: [matches],
    // A host name of the local network is as good as an address; the page holds no secrets.
    preview: { host: bind, port, strictPort: port !== 0, allowedHosts: true },
  });
  const address = server.httpServer.address() as AddressInfo;
  const host = bind.includes(':') ? `[${bind}]` : bind;
  return {
    url: `http://${host}:${address.port}/`,
    close: () => server.close(),
  };
}
