/** Opening a port, for Node only. */
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A port that cannot be had; the message says what to do. */
export class ListenError extends Error {}

function advice(code: string | undefined, message: string): string {
  if (code === 'EADDRINUSE') return 'something else listens there; choose another port, or 0 for any that is free';
  if (code === 'EADDRNOTAVAIL') return 'this machine has no such address';
  if (code === 'EACCES') return 'this user may not; choose a port above 1023';
  return message;
}

/** Listens and returns the port, which the system chooses for 0; or rejects with a ListenError. */
export function listen(server: HttpServer, port: number, bind: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = ({ code, message }: NodeJS.ErrnoException): void => {
      reject(new ListenError(`cannot listen on ${bind}:${port}: ${advice(code, message)}`));
    };
    server.once('error', failed);
    server.listen(port, bind, () => {
      server.off('error', failed);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** The address under which a bound port is reached from this machine. */
export function urlOf(bind: string, port: number): string {
  const everywhere = bind === '0.0.0.0' || bind === '::';
  const host = everywhere ? '127.0.0.1' : bind.includes(':') ? `[${bind}]` : bind;
  return `http://${host}:${port}`;
}
