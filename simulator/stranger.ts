/** Somebody with a link and no session: says what a test wants, and keeps what is answered. */
export interface StrangersLink {
  send(bytes: Uint8Array): void;
  close(): void;
}

export class SimulatedStranger {
  readonly heard: Uint8Array[] = [];
  isOpen = true;
  readonly #link: StrangersLink;

  constructor(link: StrangersLink) {
    this.#link = link;
  }

  send(bytes: Uint8Array): void {
    if (this.isOpen) this.#link.send(bytes);
  }

  close(): void {
    if (this.isOpen) this.#link.close();
    this.isOpen = false;
  }

  /** The other side has closed the link. */
  ended(): void {
    this.isOpen = false;
  }
}
