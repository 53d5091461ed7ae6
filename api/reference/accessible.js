// Swagger UI leaves controls without a name, links within buttons, and boxes that scroll out of the keyboard's reach.

const NAMES = [
  ['textarea.body-param__text', 'Request body'],
  ['.content-type-wrapper select, select.content-type', 'Media type'],
  ['.servers select', 'Server'],
];
const SCROLLING = '.microlight, .curl, .highlight-code pre, .wrapper pre, .responses-inner pre';

function mend(root) {
  for (const [selector, name] of NAMES) {
    for (const control of root.querySelectorAll(selector)) {
      if (!control.hasAttribute('aria-label')) control.setAttribute('aria-label', name);
    }
  }
  // The button around the link does the same.
  for (const link of root.querySelectorAll('button a[href]')) link.removeAttribute('href');
  for (const box of root.querySelectorAll(SCROLLING)) {
    if (!box.hasAttribute('tabindex')) box.setAttribute('tabindex', '0');
  }
}

/** Mends what Swagger UI renders, now and later. */
export function keepAccessible(root) {
  mend(root);
  new MutationObserver(() => mend(root)).observe(root, { childList: true, subtree: true });
}
