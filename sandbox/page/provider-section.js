// A provider: its accounts, its settings, and all the ways to break it.
import { act, call, copyable, element, find } from './control.js';

const TOGGLES = [
  { fault: 'unavailable', label: 'Down', parameters: {} },
  { fault: 'slow', label: 'Slow (5 s)', parameters: { ms: 5000 } },
  { fault: 'rate_limited', label: 'Rate-limited', parameters: { retry_after_s: 30 } },
];
/** Events with a button of their own. */
const OFTEN = ['password_changed', 'access_revoked', 'cursor_expired'];
/** What an account may have besides, where its provider knows such things. */
const DETAIL_FIELDS = {
  personal: () => element('label', {}, element('input', { type: 'checkbox', name: 'personal' }), ' personal'),
  upn: () =>
    element('label', {}, 'signs in as ', element('input', { name: 'upn', placeholder: 'ana@example.onmicrosoft.com' })),
  delegates: () =>
    element('label', {}, 'readable by ', element('input', { name: 'delegates', placeholder: 'bob@example.com' })),
  guest_of: () => element('label', {}, 'guest of ', element('input', { name: 'guest_of', placeholder: 'fabrikam' })),
};
const ANY_ADDRESS = 'Create one, or sign in with any address when Mooring asks.';
const withPassword = (title) => `Create one; then sign in to ${title} with its address and password.`;
const sections = new Map();

/** Shows a provider as it is now, and the faults that hold. */
export function showProvider(provider, faults) {
  if (!sections.has(provider.name)) sections.set(provider.name, buildSection(provider));
  const view = sections.get(provider.name);
  view.faults = faults.filter((held) => held.provider === provider.name && !held.email && !held.kind);
  for (const button of view.section.querySelectorAll('button[data-fault]')) {
    const holds = view.faults.some((held) => held.fault === button.dataset.fault);
    button.setAttribute('aria-pressed', String(holds));
  }
  showAccounts(provider, view);
}

const listed = (text) => text.split(/[\s,]+/).filter(Boolean);
const accountPath = (provider, email) => `/accounts/${provider}/${encodeURIComponent(email)}`;

function deliver(provider, email, count) {
  return act(
    () => call('POST', `${accountPath(provider, email)}/messages`, { count }),
    () => `${count === 1 ? 'A message was' : `${count} messages were`} delivered to ${email}.`,
  );
}

function happen(provider, email, event) {
  const extra = {};
  let password;
  if (event.asks === 'password') {
    password = prompt(`New password of ${email}`);
    if (!password) return;
  }
  if (event.asks === 'scope') {
    extra.scope = prompt('Which scope is taken away?', event.example);
    if (!extra.scope) return;
  }
  void act(
    async () => {
      await call('POST', '/faults', { provider, email, fault: event.fault, ...extra });
      if (password) await call('PUT', accountPath(provider, email), { password });
    },
    () => `${email}: ${event.label.toLowerCase()}, done.`,
  );
}

function buildSection({ name, title, live, events, conditions, settings, server, accountDetails = [] }) {
  const rows = element('tbody');
  const account = element('input', { type: 'email', name: 'email', required: true, placeholder: 'ana@example.com' });
  const password = settings
    ? undefined
    : element('input', { name: 'password', required: true, placeholder: 'password' });
  const toggles = TOGGLES.filter(({ fault }) => conditions.includes(fault)).map((toggle) =>
    element(
      'button',
      { type: 'button', 'data-fault': toggle.fault, click: () => void flip(name, toggle) },
      toggle.label,
    ),
  );
  const section = element(
    'section',
    { 'aria-labelledby': `${name}-title` },
    element('h2', { id: `${name}-title` }, title),
    element('div', { class: 'buttons', role: 'group', 'aria-label': `${title} as a whole` }, ...toggles),
    element('h3', {}, 'Accounts'),
    element('p', { class: 'empty' }, `No account yet. ${password ? withPassword(title) : ANY_ADDRESS}`),
    element(
      'table',
      { class: 'accounts' },
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          element('th', { scope: 'col' }, 'Account'),
          password && element('th', { scope: 'col' }, 'Password'),
          element('th', { scope: 'col', class: 'number' }, 'Messages'),
          element('th', { scope: 'col', class: 'number' }, `Live ${live}`),
          element('th', { scope: 'col' }, 'Do'),
        ),
      ),
      rows,
    ),
    element(
      'form',
      { class: 'line', submit: (event) => void createAccount(event, name) },
      element('label', {}, 'New account ', account),
      password && element('label', {}, 'with password ', password),
      ...accountDetails.map((detail) => DETAIL_FIELDS[detail]?.()),
      element('button', {}, 'Create'),
    ),
    settings && settingsForm(name, settings),
    server && serverBox(server),
    faultForm(name, conditions),
  );
  find('#providers').append(section);
  return { section, rows, events, live, shown: '', faults: [] };
}

/** What to type where a form asks for the server. */
function serverBox(server) {
  return element(
    'div',
    { class: 'server', role: 'group', 'aria-label': 'Mail server' },
    element('h3', {}, 'Mail server'),
    element(
      'p',
      { class: 'soft' },
      'Mooring finds it by the address of an account above. Type it for any other user name, or into a mail program.',
    ),
    element(
      'dl',
      {},
      ...server.map(({ label, value }) =>
        element('div', {}, element('dt', {}, label), element('dd', {}, copyable(value, label))),
      ),
    ),
  );
}

/** What was typed, by field; text all of it. */
function fieldsOf(form) {
  return Object.fromEntries(
    [...new FormData(form)].map(([name, value]) => [name, typeof value === 'string' ? value : '']),
  );
}

function createAccount(event, provider) {
  event.preventDefault();
  const form = event.currentTarget;
  const { email, password, personal, upn, delegates, guest_of } = fieldsOf(form);
  const details = {
    ...(password && { password }),
    ...(personal && { personal: true }),
    ...(upn && { upn }),
    ...(delegates && { delegates: listed(delegates) }),
    ...(guest_of && { guest_of: listed(guest_of) }),
  };
  return act(
    () => call('PUT', accountPath(provider, email), details),
    () => {
      form.reset();
      return `${email} exists now.`;
    },
  );
}

function settingsForm(name, settings) {
  const life = element('input', {
    type: 'number',
    name: 'token_life_s',
    min: 1,
    required: true,
    value: settings.token_life_s,
  });
  const rotation = element(
    'select',
    { name: 'refresh_rotation' },
    ...['none', 'tolerant', 'grace', 'strict'].map((mode) =>
      element('option', { selected: mode === settings.refresh_rotation }, mode),
    ),
  );
  const submit = (event) => {
    event.preventDefault();
    const body = { token_life_s: Number(life.value), refresh_rotation: rotation.value };
    void act(
      () => call('PUT', `/providers/${name}`, body),
      (now) => `New access tokens live ${now.token_life_s} s; rotation of refresh tokens: ${now.refresh_rotation}.`,
    );
  };
  return element(
    'form',
    { class: 'line', submit },
    element('label', {}, 'Access tokens live ', life, ' seconds,'),
    element('label', {}, 'rotation of refresh tokens ', rotation),
    element('button', {}, 'Save'),
  );
}

const options = (names) => names.map((name) => element('option', {}, name));
const button = (label, click) => element('button', { type: 'button', click: () => void click() }, label);

function faultForm(provider, conditions) {
  const submit = (event) => {
    event.preventDefault();
    const { fault, email, kind, times } = fieldsOf(event.currentTarget);
    const body = {
      provider,
      fault,
      ...(email && { email }),
      ...(kind && { kind }),
      ...(times && { times: Number(times) }),
    };
    void act(
      () => call('POST', '/faults', body),
      () => `${fault} holds now.`,
    );
  };
  return element(
    'details',
    {},
    element('summary', {}, 'More ways to break it'),
    element(
      'form',
      { class: 'line', submit },
      element('label', {}, 'Fault ', element('select', { name: 'fault' }, ...options(conditions))),
      element('label', {}, 'for ', element('input', { type: 'email', name: 'email', placeholder: 'every account' })),
      element(
        'label',
        {},
        'in ',
        element(
          'select',
          { name: 'kind' },
          element('option', { value: '' }, 'every request'),
          ...options(['token', 'api', 'login', 'authorize', 'revoke', 'push']),
        ),
      ),
      element(
        'label',
        {},
        'times ',
        element('input', { type: 'number', name: 'times', min: 1, placeholder: 'until ended' }),
      ),
      element('button', {}, 'Break'),
    ),
  );
}

function showAccounts({ name, accounts }, view) {
  const now = JSON.stringify(accounts);
  if (view.shown === now) return; // rows with a focused button stay as they are
  view.shown = now;
  find('.empty', view.section).hidden = accounts.length > 0;
  find('.accounts', view.section).hidden = accounts.length === 0;
  view.rows.replaceChildren(...accounts.map((account) => accountRow(name, account, view)));
}

function accountRow(provider, { email, messages, live, password }, { events, live: liveName }) {
  const often = events.filter(({ fault }) => OFTEN.includes(fault));
  const seldom = events.filter(({ fault }) => !OFTEN.includes(fault));
  const pick = element(
    'select',
    {
      'aria-label': `More that can happen to ${email}`,
      change: () => {
        const event = seldom.find(({ fault }) => fault === pick.value);
        pick.value = '';
        if (event) happen(provider, email, event);
      },
    },
    element('option', { value: '' }, 'More…'),
    ...seldom.map(({ fault, label }) => element('option', { value: fault }, label)),
  );
  return element(
    'tr',
    {},
    element('td', {}, copyable(email, 'address')),
    password !== undefined &&
      element('td', { 'data-name': 'Password' }, password === null ? 'taken away' : copyable(password, 'password')),
    element('td', { class: 'number', 'data-name': 'Messages' }, String(messages)),
    element('td', { class: 'number', 'data-name': `Live ${liveName}` }, String(live)),
    element(
      'td',
      {},
      element(
        'div',
        { class: 'buttons' },
        button('Send 1', () => deliver(provider, email, 1)),
        button('Send 25', () => deliver(provider, email, 25)),
        button('Send 40', () => deliver(provider, email, 40)),
        ...often.map((event) => button(event.label, () => happen(provider, email, event))),
        seldom.length > 0 && pick,
      ),
    ),
  );
}

async function flip(provider, { fault, label, parameters }) {
  const holding = sections.get(provider).faults.filter((held) => held.fault === fault);
  if (holding.length === 0) {
    return act(
      () => call('POST', '/faults', { provider, fault, ...parameters }),
      () => `${provider} is ${label.toLowerCase()} now.`,
    );
  }
  return act(
    () => Promise.all(holding.map(({ id }) => call('DELETE', `/faults/${id}`))),
    () => `${provider} is well again.`,
  );
}
