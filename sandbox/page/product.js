// Plays the product: shows the banner with the token, and opens the link, that came in the address.
const given = new URLSearchParams(window.location.hash.slice(1));
const banner = document.querySelector('mooring-banner');
const connect = document.querySelector('#connect');
const say = (id, text) => (document.querySelector(id).textContent = text);

banner.addEventListener('mooring-state', ({ detail: { channels } }) =>
  say('#state', channels.length === 0 ? 'All is well: the banner shows nothing.' : `${channels.length} need someone.`),
);
banner.addEventListener('mooring-token-refused', () => say('#state', 'The token has expired. Open this page anew.'));
banner.addEventListener('mooring-success', ({ detail }) => say('#outcome', `Signed in again: ${detail.channel}`));

if (given.has('token')) banner.setAttribute('token', given.get('token'));
else say('#state', 'Open this page from Mooring’s page “Banner and popup”, which gives it a token.');

connect.disabled = !given.has('link');
connect.addEventListener('click', () => {
  say('#outcome', 'The popup is open.');
  window.mooring.open(given.get('link'), {
    onSuccess: ({ channel }) => say('#outcome', `Connected: ${channel}`),
    onExit: ({ code }) => say('#outcome', code === null ? 'Closed without a sign-in.' : `Not connected: ${code}`),
  });
});
