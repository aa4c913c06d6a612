/**
 * Timers of a worker keep their pace while the tab is hidden; the page's own are slowed to one a second, and its player
 * would stand still. The page asks for a wake-up by number, and is told when it is time.
 */

/** Page to worker: wake `id` after `delayMs`. Worker to page: the number alone. */
export interface WakeRequest {
  id: number;
  delayMs: number;
}

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<WakeRequest>) => void) | null;
  postMessage(id: number): void;
};

scope.onmessage = ({ data }) => {
  setTimeout(() => scope.postMessage(data.id), data.delayMs);
};
