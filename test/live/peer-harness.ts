/** A live rendezvous in a process of its own, and peers over real sockets that meet there. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { openNodeDataChannelEnd } from '../../links/data-channel-node.ts';
import { createNodePeerConnection } from '../../links/peer-connection-node.ts';
import { PeerDriver, type PeerDriverOptions } from '../../links/peer-driver.ts';
import { monotonicMs, systemTimer } from '../../links/timer.ts';
import type { PeerId, SessionEvent } from '../../netcode/session.ts';
import type {
  RendezvousAnswer,
  RendezvousOrder,
  RendezvousProcessStatus,
  RendezvousSettings,
} from '../../p2p-host/rendezvous-process.ts';
import { until } from './harness.ts';
import { type TinyOptions, TinyPeerSession, withoutBridges } from './tiny-peer-session.ts';

const ENTRY = new URL('../../p2p-host/rendezvous-main.ts', import.meta.url);

export class LiveRendezvous {
  readonly child: ChildProcess;
  url = '';
  port = 0;
  /** What the process wrote on standard error. */
  complaints = '';
  readonly #peers: TestPeer[] = [];

  private constructor() {
    this.child = fork(ENTRY, [], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.complaints += text;
    });
  }

  /** Starts a rendezvous with a room MAIN of eight. Rejects with its own message when it cannot. */
  static async start(settings: Partial<RendezvousSettings> = {}): Promise<LiveRendezvous> {
    const rendezvous = new LiveRendezvous();
    const room = { settings: [1, 2, 3], maxPeers: 8 };
    const ready = await rendezvous.ask({ type: 'start', settings: { port: 0, room, ...settings } }, 'ready');
    rendezvous.url = ready.url;
    rendezvous.port = ready.port;
    return rendezvous;
  }

  get isUp(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Sends an order and waits for an answer of a type. */
  ask<T extends RendezvousAnswer['type']>(
    order: RendezvousOrder,
    answer: T,
  ): Promise<Extract<RendezvousAnswer, { type: T }>> {
    return new Promise((resolve, reject) => {
      const { child } = this;
      const settle = (): void => {
        child.off('message', heard);
        child.off('exit', died);
      };
      const heard = (message: RendezvousAnswer): void => {
        if (message.type === answer) {
          settle();
          resolve(message as Extract<RendezvousAnswer, { type: T }>);
        } else if (message.type === 'failed') {
          settle();
          reject(new Error(message.message));
        }
      };
      const died = (): void => {
        settle();
        reject(new Error(`the rendezvous ended with code ${child.exitCode}:\n${this.complaints}`));
      };
      child.on('message', heard);
      child.on('exit', died);
      child.send(order);
    });
  }

  status(): Promise<RendezvousProcessStatus> {
    return this.ask({ type: 'status' }, 'status');
  }

  /** A peer that is about to enter. */
  enter(name: string, options: Partial<TinyOptions> & Partial<PeerDriverOptions<TinyPeerSession>> = {}): TestPeer {
    const peer = new TestPeer(this.url, name, options);
    this.#peers.push(peer);
    return peer;
  }

  /** A peer that is in the room. */
  async entered(name: string, options: Parameters<LiveRendezvous['enter']>[1] = {}): Promise<TestPeer> {
    const peer = this.enter(name, options);
    await until(
      () => `${name} is in the room (${peer.session.rendezvous.state}; ${peer.closed}; ${this.complaints})`,
      () => peer.id > 0,
    );
    return peer;
  }

  /** Ends the rendezvous and its peers; returns its exit code. */
  async stop(): Promise<number | null> {
    for (const peer of this.#peers) peer.stop();
    if (!this.isUp) return this.child.exitCode;
    const exited = once(this.child, 'exit');
    this.child.send({ type: 'stop' } satisfies RendezvousOrder);
    await exited;
    return this.child.exitCode;
  }

  /** Ends it without a word, as a machine does that loses its power. */
  async kill(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}

/** A tiny peer session over real sockets, pumped every few milliseconds. */
export class TestPeer {
  readonly session: TinyPeerSession;
  readonly driver: PeerDriver<TinyPeerSession>;
  readonly events: SessionEvent[] = [];
  /** Why its link to the rendezvous closed; empty while it is open. */
  closed = '';
  readonly #pumping: ReturnType<typeof setInterval>;

  constructor(url: string, name: string, options: Partial<TinyOptions> & Partial<PeerDriverOptions<TinyPeerSession>>) {
    const { room = 'MAIN', create = null, dials = 'present', ...rest } = options;
    this.session = new TinyPeerSession({ name, room: create ? null : room, create, dials }, monotonicMs());
    this.driver = new PeerDriver({
      end: openNodeDataChannelEnd({ url }),
      createConnection: createNodePeerConnection,
      timer: systemTimer,
      onEvent: (event) => this.events.push(event),
      onClose: (reason) => {
        this.closed = reason;
      },
      ...rest,
      session: this.session,
    });
    this.#pumping = setInterval(() => this.driver.pump(), 5);
  }

  get id(): PeerId {
    return this.session.rendezvous.self;
  }

  /** Every change of every link that was meant to last. */
  get changes(): string[] {
    return withoutBridges(this.session.changes);
  }

  /** Resolves when this one hears the other over a direct link. */
  async hears(other: TestPeer, way: 'direct' | 'relayed' = 'direct'): Promise<void> {
    const before = this.session.heard.get(other.id)?.[way] ?? 0;
    await until(
      () => `${this.id} hears ${other.id} ${way} (${this.session.changes.join(', ')})`,
      () => (this.session.heard.get(other.id)?.[way] ?? 0) > before + 2,
    );
  }

  /** Resolves when the link to another is as it should be. */
  async link(other: PeerId, state: 'direct' | 'relayed' | 'none'): Promise<void> {
    await until(
      () => `${this.id} reaches ${other} ${state} (${this.session.changes.join(', ')})`,
      () => this.driver.linkOf(other) === state,
    );
  }

  stop(): void {
    clearInterval(this.#pumping);
    this.driver.close();
  }
}
