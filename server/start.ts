/**
 * Starts the authoritative server of the `server` topology: one Colyseus process with one room around one
 * `AuthoritySession`. One per process, because the framework's matchmaker is a module of which there is one.
 */
import './silence-pm2.ts';
import { createServer } from 'node:http';
import { defineRoom, defineServer, matchMaker } from '@colyseus/core';
import { monitor } from '@colyseus/monitor';
import type { Application, NextFunction, Request, Response } from 'express';
import { AuthorityDriver } from '../links/authority-driver.ts';
import { ARENA_ROOM } from '../links/colyseus-frames.ts';
import { listen, urlOf } from '../links/listen.ts';
import { systemTimer } from '../links/timer.ts';
import { type AuthorityOptions, AuthoritySession } from '../netcode/authority-session.ts';
import { ArenaRoom } from './arena-room.ts';
import { type GuardCounters, GuardedTransport, guardRequests } from './guarded-transport.ts';

export interface ServerOptions {
  authority: AuthorityOptions;
  /** TCP port; 0 lets the system choose. */
  port: number;
  /** Address to listen on. Default: this machine only. */
  bind?: string;
  /** Called before anybody can connect: add hooks here. */
  attach?: (driver: AuthorityDriver) => void;
  /** Adds routes of its own to the same port, such as the built page. */
  configureHttp?: (app: Application) => void;
  /** Where the framework's complaints go; silent by default, because bad peers are counted and not news. */
  log?: (level: 'info' | 'warn' | 'error', text: string) => void;
}

export interface RunningServer {
  /** `http://127.0.0.1:<port>` */
  url: string;
  port: number;
  driver: AuthorityDriver;
  guard: GuardCounters;
  /** Says goodbye to everybody and frees the port. */
  stop(reason?: string): Promise<void>;
}

/** Anybody who reaches the monitor may end rooms, so it is for this machine only. */
function thisMachineOnly(request: Request, response: Response, next: NextFunction): void {
  const address = request.socket.remoteAddress ?? '';
  if (/^(::1|(::ffff:)?127\.)/.test(address)) next();
  else response.status(403).send('The monitor answers to this machine only.');
}

/** Starts the server. Rejects with a ListenError, or a RangeError for a bad config. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { authority, port, bind = '127.0.0.1', attach, configureHttp, log = () => {} } = options;
  const http = createServer();
  // First the port: everything after this can only fail by a mistake of ours.
  const boundPort = await listen(http, port, bind);
  http.on('error', (error) => log('error', error.message));

  const session = new AuthoritySession(authority, systemTimer.nowMs());
  const driver = new AuthorityDriver({ session, timer: systemTimer });
  attach?.(driver);
  const guard: GuardCounters = { refusedFrames: 0, faultyFrames: 0, refusedRequests: 0 };
  const transport = new GuardedTransport(http, guard);
  // The port is open already: the framework's own listen would bind it again.
  transport.listen = (_port, _bind, _backlog, done) => {
    done?.();
    return transport;
  };
  const text = (parts: unknown[]): string => parts.map((part) => String(part)).join(' ');
  const game = defineServer({
    transport,
    greet: false,
    gracefullyShutdown: false,
    logger: {
      debug: () => {},
      trace: () => {},
      info: (...parts: unknown[]) => log('info', text(parts)),
      warn: (...parts: unknown[]) => log('warn', text(parts)),
      error: (...parts: unknown[]) => log('error', text(parts)),
    },
    rooms: { [ARENA_ROOM]: defineRoom(ArenaRoom, { driver }) },
    express: (app) => {
      app.use('/monitor', thisMachineOnly, monitor());
      configureHttp?.(app);
    },
  });
  // One match per process: rooms are not made to order, and a seat is kept by the session.
  matchMaker.controller.exposedMethods = ['join', 'joinById'];
  await game.listen(boundPort, bind);
  guardRequests(http, guard);
  await matchMaker.createRoom(ARENA_ROOM, {});
  driver.start();

  return {
    url: urlOf(bind, boundPort),
    port: boundPort,
    driver,
    guard,
    async stop(reason = 'the server is closing') {
      driver.stop(reason);
      await game.gracefullyShutdown(false);
      http.closeAllConnections();
    },
  };
}
