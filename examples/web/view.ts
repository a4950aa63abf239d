// The few things that the page does with its elements. See index.html for the views.
type View = 'loading' | 'signedOut' | 'token' | 'deleted' | 'problem';

export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no element #${id}.`);
  return element;
}

export function setText(id: string, text: string): void {
  byId(id).textContent = text;
}

/** Shows the section of a view, and hides the others. */
export function show(view: View): void {
  for (const section of document.querySelectorAll<HTMLElement>('[data-view]'))
    section.hidden = section.dataset['view'] !== view;
}

export function problem(title: string, text: string, details = ''): void {
  setText('problem-title', title);
  setText('problem-text', text);
  setText('problem-details', details);
  show('problem');
}

/** Adds a line to the list of what happened. */
export function note(text: string): void {
  const time = document.createElement('time');
  time.textContent = new Date().toLocaleTimeString();
  const item = document.createElement('li');
  item.append(time, ` ${text}`);
  byId('notes').prepend(item);
  byId('activity').hidden = false;
}

/** Runs `work` on each click; the button can't be pressed again until it is done. */
export function onClick(id: string, work: () => Promise<void>, onError: (error: unknown) => void): void {
  const button = byId(id) as HTMLButtonElement;
  button.addEventListener('click', () => {
    button.disabled = true;
    work()
      .catch(onError)
      .finally(() => (button.disabled = false));
  });
}
