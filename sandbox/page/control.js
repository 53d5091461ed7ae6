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

/** A value that a click copies; it stays text, for a browser without a clipboard. */
export function copyable(value, label) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      notice(`${value} is copied.`, false);
    } catch {
      notice(`This browser does not copy here. Select it by hand: ${value}`, true);
    }
  };
  return element(
    'button',
    { type: 'button', class: 'copyable', title: `Copy ${label.toLowerCase()}`, click: () => void copy() },
    value,
  );
}

export async function call(method, path, body) {
  const [answer, json] = await send(method, path, body);
  if (!answer.ok) throw new Error(json.error?.message ?? `${method} ${path}: ${answer.status}`);
  return json;
}

const LIMIT_MS = 8000;

async function send(method, path, body) {
  try {
    const answer = await fetch(`/control${path}`, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    return [answer, await answer.json()];
  } catch {
    const silence = navigator.onLine ? 'The sandbox does not answer.' : 'You are offline.';
    throw new Error(`${silence} It may have done this all the same; look before you press again.`);
  }
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
