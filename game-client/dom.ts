/** The few things that the page's overlays need of the document. */

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

/** A table row with so many empty cells. */
export function createRow(cells: number): HTMLElement {
  const row = document.createElement('tr');
  for (let i = 0; i < cells; i++) row.append(document.createElement('td'));
  return row;
}

/** The row of a table's body at `index`; ask for rows in order, for one that is missing is added at the end. */
export function rowAt(body: HTMLElement, index: number, cells: number): HTMLElement {
  const row = body.children[index] as HTMLElement | undefined;
  if (row) return row;
  const made = createRow(cells);
  body.append(made);
  return made;
}

/** Removes the rows beyond the first `count`. */
export function keepRows(body: HTMLElement, count: number): void {
  while (body.childElementCount > count) body.lastElementChild!.remove();
}

/** One text per cell of a row. */
export function setTexts(row: HTMLElement, texts: readonly string[]): void {
  texts.forEach((text, column) => {
    setText(row.children[column] as HTMLElement, text);
  });
}
