/** The code of a room, large enough to read out, and a link for others to open. */
import { invitationUrl } from '../config.ts';
import { fromMarkup, part, setText } from '../dom.ts';

const MARKUP = `<section class="invitation card" aria-label="Room" hidden>
  <p>Others join this room with its code, or by the link.</p>
  <strong class="code" data-part="code"></strong>
  <a data-part="link" target="_blank" rel="noopener"></a>
  <div class="row"><button type="button" data-part="copy-code">Copy code</button>
    <button type="button" data-part="copy-link">Copy link</button></div>
</section>`;

const COPIED_SHOWN_MS = 1500;

export class Invitation {
  readonly element = fromMarkup(MARKUP);
  readonly #link = part<HTMLAnchorElement>(this.element, 'link');
  #code = '';

  constructor() {
    this.#copies('copy-code', () => this.#code);
    this.#copies('copy-link', () => this.#link.href);
  }

  show(topology: string, code: string): void {
    this.#code = code;
    this.#link.href = invitationUrl(topology, code);
    setText(part(this.element, 'code'), code);
    setText(this.#link, this.#link.href.replace(/^https?:\/\//, ''));
    this.element.hidden = false;
  }

  toggle(): boolean {
    this.element.hidden = !this.element.hidden;
    return !this.element.hidden;
  }

  #copies(name: string, text: () => string): void {
    const button = part<HTMLButtonElement>(this.element, name);
    const label = button.textContent!;
    button.addEventListener('click', async () => {
      const isCopied = await copy(text());
      setText(button, isCopied ? 'Copied' : 'Select it, please');
      button.blur();
      setTimeout(() => setText(button, label), COPIED_SHOWN_MS);
    });
  }
}

/** Pages of other machines without https have no clipboard of their own; the old way still works there. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    document.body.append(field);
    field.select();
    const isCopied = document.execCommand('copy');
    field.remove();
    return isCopied;
  }
}
