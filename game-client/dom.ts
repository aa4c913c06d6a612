/** The two things that the page's overlays need of the document. */

/** Makes an element from markup that is written in this project; never give it text from outside. */
export function fromMarkup(markup: string): HTMLElement {
  const template = document.createElement('template');
  template.innerHTML = markup.trim();
  return template.content.firstElementChild as HTMLElement;
}

/** The element inside `root` with `data-part="name"`. Throws when the markup has none: a mistake of ours. */
export function part<T extends HTMLElement = HTMLElement>(root: HTMLElement, name: string): T {
  const found = root.querySelector<T>(`[data-part="${name}"]`);
  if (!found) throw new Error(`no part '${name}' in ${root.className || root.id}`);
  return found;
}

/** Sets text only when it differs: writing the same text again still costs a layout. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
