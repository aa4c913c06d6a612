/** Asks which room: one whose code somebody told, or a new one. */
import type { Topology } from '../netcode/topologies/index.ts';
import { fromMarkup, part, setText } from './dom.ts';
import type { Place } from './match/ways.ts';

const MARKUP = `<dialog class="rooms" aria-labelledby="rooms-title">
  <header><h2 id="rooms-title" data-part="title"></h2>
    <button type="button" class="close" data-part="close" aria-label="Close" title="Close">✕</button></header>
  <form data-part="join">
    <label>Room code
      <input type="text" data-part="code" maxlength="12" autocomplete="off" autocapitalize="characters"
        spellcheck="false" placeholder="ABC234" required /></label>
    <button type="submit" class="primary">Join the room</button>
  </form>
  <p class="or"><span>or</span></p>
  <form data-part="make">
    <p data-part="about"></p>
    <label class="toggle" data-part="rollback-row"><input type="checkbox" data-part="rollback" checked />
      <i></i><span>rollback: move at once, correct later</span></label>
    <label class="toggle" data-part="defended-row"><input type="checkbox" data-part="defended" />
      <i></i><span data-part="defence"></span></label>
    <button type="submit" data-part="make-button"></button>
  </form>
</dialog>`;

/** What a new room is, by topology. */
const ABOUT: Readonly<Record<string, string>> = {
  host: 'This page decides what is true, for as long as it is open. Guests reach it directly.',
  lockstep: 'An arena of its own for up to eight. It lives for as long as somebody is in it.',
  mesh: 'A small arena of its own for up to eight. Everybody decides about itself; three of you keep each coin.',
};

/** What its peers can do against those who cheat, by topology. */
const DEFENCES: Readonly<Record<string, string>> = {
  lockstep: 'signed heads: nobody can tell each of the others another story',
  mesh: 'all defences: peers sign what they tell, and watch each other',
};

export class RoomDialog {
  readonly element = fromMarkup(MARKUP) as HTMLDialogElement;
  readonly #code = part<HTMLInputElement>(this.element, 'code');
  #topology: Topology | null = null;

  constructor(onChoose: (topology: Topology, place: Place) => void) {
    const choose = (place: Place) => {
      this.element.close();
      if (this.#topology) onChoose(this.#topology, place);
    };
    part(this.element, 'join').addEventListener('submit', (event) => {
      event.preventDefault();
      choose({ type: 'room', code: this.#code.value.trim().toUpperCase() });
    });
    part(this.element, 'make').addEventListener('submit', (event) => {
      event.preventDefault();
      const isChecked = (name: string) => part<HTMLInputElement>(this.element, name).checked;
      choose({ type: 'new', rollback: isChecked('rollback'), defended: isChecked('defended') });
    });
    part(this.element, 'close').addEventListener('click', () => this.element.close());
    // A click beside the box is one on the dialog itself.
    this.element.addEventListener('click', ({ target }) => {
      if (target === this.element) this.element.close();
    });
  }

  /** Opens for a topology; `newRoom` names what making one means. */
  open(topology: Topology, newRoom: string, code = ''): void {
    this.#topology = topology;
    setText(part(this.element, 'title'), `${topology.id} in a room`);
    setText(part(this.element, 'about'), ABOUT[topology.id] ?? '');
    setText(part(this.element, 'make-button'), newRoom);
    part(this.element, 'rollback-row').hidden = topology.id !== 'lockstep';
    setText(part(this.element, 'defence'), DEFENCES[topology.id] ?? '');
    part(this.element, 'defended-row').hidden = !(topology.id in DEFENCES);
    if (code !== '') this.#code.value = code;
    this.element.showModal();
    this.#code.focus();
  }
}
