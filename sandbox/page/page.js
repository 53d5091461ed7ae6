// The provider's side, on top of the control API alone. State is the server's; this page asks for it every two seconds.

import { act, call, element, find, notice } from './control.js';
import { showProvider } from './provider-section.js';

const POLL_MS = 2000;

function showFaults(list) {
  find('#faults').hidden = list.length === 0;
  find('#faults ul').replaceChildren(
    ...list.map(({ id, provider, fault, email, kind, times, ...parameters }) => {
      const details = Object.entries(parameters).map(([name, value]) => `${name} ${value}`);
      const scope = [email ?? 'every account', kind && `${kind} requests`, ...details, times && `${times} more times`];
      const end = () =>
        void act(
          () => call('DELETE', `/faults/${id}`),
          () => `${fault} ended.`,
        );
      return element(
        'li',
        {},
        element('b', {}, `${provider}: ${fault}`),
        element('span', {}, scope.filter(Boolean).join(', ')),
        element('button', { type: 'button', click: end }, 'End'),
      );
    }),
  );
}

function showRequests(requests) {
  find('#no-requests').hidden = requests.length > 0;
  find('#requests').hidden = requests.length === 0;
  find('#requests tbody').replaceChildren(
    ...requests.toReversed().map(({ at, provider, kind, operation, grant_type, email, status }) => {
      const outcome = status === null ? '' : status < 400 ? 'answered' : 'refused';
      return element(
        'tr',
        {},
        element('td', {}, element('time', { datetime: at, title: at }, new Date(at).toLocaleTimeString())),
        element('td', {}, provider),
        element('td', {}, `${kind}${grant_type ? ` (${grant_type})` : ''} `, element('small', {}, operation ?? '')),
        element('td', {}, email ?? ''),
        element('td', { class: `number ${outcome}` }, status === null ? 'no answer' : String(status)),
      );
    }),
  );
}

const readState = () =>
  Promise.all([call('GET', '/providers'), call('GET', '/faults'), call('GET', '/requests?limit=30')]);

/** An error in one part of the page is reported to the console, and keeps no other part from being shown. */
function show([providers, held, requests]) {
  const parts = [
    ...providers.data.map((provider) => () => showProvider(provider, held.data)),
    () => showFaults(held.data),
    () => showRequests(requests.data),
  ];
  for (const part of parts) {
    try {
      part();
    } catch (error) {
      reportError(error);
    }
  }
}

find('#clock').addEventListener('submit', (event) => {
  event.preventDefault();
  const offset = Number(find('#clock input').value);
  void act(
    () => call('PUT', '/clock', { offset_s: offset }),
    ({ now }) => `It is ${new Date(now).toLocaleString()} in the sandbox.`,
  );
});
find('#reset').addEventListener('click', () => {
  if (!confirm('Forget all accounts, mail, grants, faults and requests?')) return;
  void act(
    () => call('POST', '/reset'),
    () => 'Everything is as new.',
  );
});

let away = false;

/** Asks again when the last answer is in; a sandbox that is being restarted is waited for. */
async function poll() {
  try {
    const state = await readState().catch(() => null);
    if (state === null) notice('The sandbox does not answer. This page goes on by itself once it does.', true);
    else if (away) find('#notice').hidden = true;
    away = state === null;
    if (state) show(state);
  } finally {
    setTimeout(poll, POLL_MS);
  }
}

addEventListener('acted', () => void readState().then(show, () => {}));
find('#clock input').value = String((await call('GET', '/clock').catch(() => ({ offset_s: 0 }))).offset_s);
void poll();
