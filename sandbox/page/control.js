// Elements, calls of the control API, and telling what came of them.

export const find = (selector, within = document) => within.querySelector(selector);

/** A DOM element; text is always text. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, '');
    else if (value !== false && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter(Boolean));
  return made;
}

export async function call(method, path, body) {
  const answer = await fetch(`/control${path}`, {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const json = await answer.json();
  if (!answer.ok) throw new Error(json.error?.message ?? `${method} ${path}: ${answer.status}`);
  return json;
}

/** Does something, says what came of it, and has the new state shown. */
export async function act(doing, said) {
  try {
    notice(said(await doing()), false);
  } catch (error) {
    notice(error.message, true);
  }
  dispatchEvent(new Event('acted'));
}

export function notice(text, bad) {
  const box = find('#notice');
  box.textContent = text;
  box.classList.toggle('bad', bad);
  box.hidden = false;
}
