/**
 * A constructed style sheet, which no content security policy refuses. Colours follow the product's own `color-scheme`;
 * custom properties let the product choose others.
 */
export function bannerStyle(): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(CSS);
  return sheet;
}

const CSS = `
:host {
  --text: var(--mooring-text, light-dark(#2b1d10, #f6ece0));
  --back: var(--mooring-background, light-dark(#fff6e9, #33261a));
  --line: var(--mooring-border, light-dark(#d98b2b, #b9762a));
  --accent: var(--mooring-accent, light-dark(#1f5fa8, #8ec2ff));
  --on-accent: var(--mooring-on-accent, light-dark(#fff, #0b1a2b));
  display: block;
  font-family: var(--mooring-font, inherit);
  font-size: var(--mooring-font-size, 0.9375rem);
  line-height: 1.45;
  text-align: start;
}
:host([hidden]) { display: none; }
/* Out of the way, but there for a screen reader, which announces what appears in it later. */
:host(:not([data-shown])) { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; }
section {
  color: var(--text);
  background: var(--back);
  border: 1px solid var(--line);
  border-inline-start-width: 4px;
  border-radius: var(--mooring-radius, 8px);
}
ul { list-style: none; margin: 0; padding: 0; }
li {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 0.5rem 1rem;
  padding: 0.75rem 1rem;
}
li + li { border-top: 1px solid var(--line); }
.words { flex: 1 1 16rem; min-width: 0; }
p { margin: 0; }
.head { display: flex; flex-wrap: wrap; gap: 0 0.6rem; align-items: baseline; }
.email { font-weight: 600; overflow-wrap: anywhere; }
.state::before { content: "▲ " / ""; }
.message { overflow-wrap: anywhere; }
button {
  font: inherit;
  min-height: 44px;
  padding: 0.4rem 1rem;
  color: var(--on-accent);
  background: var(--accent);
  border: 1px solid transparent;
  border-radius: var(--mooring-radius, 8px);
  cursor: pointer;
}
button.more { margin: 0 1rem 0.75rem; color: var(--accent); background: none; border-color: currentColor; }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
@media (max-width: 30rem) { li button { flex: 1 1 100%; } }
@media (forced-colors: active) { button { border-color: ButtonText; } }
`;
