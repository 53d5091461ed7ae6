import { describe, expect, test } from 'vitest';
import { contrast } from '../../domain/colour/accent.ts';
import { MAIL_KINDS } from '../../notifications/mail-kinds.ts';
import { composeMail } from '../../notifications/mail/compose.ts';
import { sampleOf } from './mail-samples.ts';

/* Outlook, Gmail and Apple Mail run on no machine of ours: what each of them is known to do to a mail is done here. */

const ACCENTS = [null, '#7a3cff', '#ffee00', '#e8590c', '#777777', '#00b894', '#ffffff', '#000000'];
const mails = ACCENTS.flatMap((accentColor) =>
  MAIL_KINDS.map((kind) => {
    const branding = { ...sampleOf(kind).branding, accentColor, logoUrl: 'https://cdn.example/logo.png' };
    return { name: `${kind} in ${accentColor ?? 'no colour'}`, html: composeMail(sampleOf(kind, { branding })).html };
  }),
);

type Colours = { color?: string; ground?: string };

/** The colours that a style sheet gives to each class. */
function rulesIn(style: string): Map<string, Colours> {
  const rules = new Map<string, Colours>();
  for (const [, name = '', property, value = ''] of style.matchAll(
    /\.(\w+)\{(color|background-color):(#\w{6})!important\}/g,
  ))
    rules.set(name, { ...rules.get(name), [property === 'color' ? 'color' : 'ground']: value });
  return rules;
}

const inline = (attributes: string): Colours => {
  const color = /[";]color:(#\w{6})/.exec(attributes)?.[1];
  const ground = /background-color:(#\w{6})/.exec(attributes)?.[1];
  return { ...(color ? { color } : {}), ...(ground ? { ground } : {}) };
};

/** Every text that a reader sees, with its colour and what is behind it. */
function textsOf(html: string, rules = new Map<string, Colours>()) {
  const stack = [{ color: '#000000', ground: '#ffffff', isLabel: false }];
  const texts: (typeof stack)[number][] = [];
  const body = html
    .slice(html.indexOf('<body'), html.indexOf('</html>'))
    .replaceAll(/<!--.*?-->|<div style="display:none.*?<\/div>/gs, '');
  for (const [, slash, tag = '', attributes = '', text = ''] of body.matchAll(/<(\/?)(\w+)([^>]*)>|([^<]+)/g)) {
    const current = stack.at(-1)!;
    if (text.trim() !== '') texts.push(current);
    else if (slash === '/') stack.pop();
    else if (tag !== '' && !['br', 'img'].includes(tag)) {
      const name = /class="(\w+)"/.exec(attributes)?.[1] ?? '';
      stack.push({
        ...current,
        ...inline(attributes),
        ...rules.get(name),
        isLabel: current.isLabel || name === 'label',
      });
    }
  }
  expect(stack).toHaveLength(1);
  return texts;
}

/** `filter: invert(1) hue-rotate(180deg)`: what a full inversion makes of a colour. */
function inverted(colour: string): string {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => 255 - Number.parseInt(colour.slice(at, at + 2), 16));
  const rotated = [
    -0.574 * r + 1.43 * g + 0.144 * b,
    0.426 * r + 0.43 * g + 0.144 * b,
    0.426 * r + 1.43 * g - 0.856 * b,
  ];
  const hex = rotated.map((value) =>
    Math.round(Math.min(255, Math.max(0, value)))
      .toString(16)
      .padStart(2, '0'),
  );
  return `#${hex.join('')}`;
}

describe.each(mails)('a mail $name', ({ html }) => {
  const media = /@media \(prefers-color-scheme:dark\)\{((?:[^{}]+\{[^{}]*\})+)\}/.exec(html)?.[1] ?? '';

  test('can be read in light, in dark, and where a program has inverted its colours', () => {
    const texts = textsOf(html);
    expect(texts.length).toBeGreaterThan(5);
    for (const { color, ground } of texts)
      expect(contrast(color, ground), `${color} on ${ground}`).toBeGreaterThan(4.5);
    for (const { color, ground } of textsOf(html, rulesIn(media)))
      expect(contrast(color, ground), `dark: ${color} on ${ground}`).toBeGreaterThan(4.5);
    const keepsButton = /u\+\.paper \.button\{background-image:linear-gradient/.test(html);
    for (const { color, ground, isLabel } of texts) {
      // The label of a button is bold, and its ground the product's own colour.
      const behind = isLabel && keepsButton ? ground : inverted(ground);
      expect(contrast(inverted(color), behind), `inverted: ${color} on ${ground}`).toBeGreaterThan(isLabel ? 3 : 4.5);
    }
  });

  test('names a dark colour wherever it names a light one, by media query and by Outlook’s marks', () => {
    const outlook = html.replaceAll(/\[data-ogs[cb]\] /g, '').replace(media, '');
    expect(html).toMatch(/\[data-ogsc\] \.ink\{color:[^]*\[data-ogsb\] |\[data-ogsb\] [^]*\[data-ogsc\] \.ink\{color:/);
    const [byQuery, byMark] = [rulesIn(media), rulesIn(outlook)];
    expect(byMark).toEqual(byQuery);
    // The text in place of a logo stands on its plate, which stays light.
    for (const [, attributes = ''] of html.matchAll(/<(?!img)\w+([^>]*style="[^"]*#\w{6}[^>]*)>/g)) {
      const rule = byQuery.get(/class="(\w+)"/.exec(attributes)?.[1] ?? '') ?? {};
      expect(Object.keys(rule).toSorted(), attributes).toEqual(Object.keys(inline(attributes)).toSorted());
    }
  });

  test('says that it knows both schemes, and has Word’s own markup in whole conditions', () => {
    for (const name of ['color-scheme', 'supported-color-schemes'])
      expect(html).toContain(`<meta name="${name}" content="light dark">`);
    expect(html).toContain(':root{color-scheme:light dark');
    const [opened, closed] = [/<!--\[if mso\]>/g, /<!\[endif\]-->/g].map((part) => html.match(part)?.length ?? 0);
    expect(opened).toBeGreaterThan(2);
    expect(closed).toBe(opened);
    expect(html).toMatch(/<!--\[if mso\]><table role="presentation" width="600"/);
    const word = [...html.matchAll(/<!--\[if mso\]>(.*?)<!\[endif\]-->/gs)].map(([, inner]) => inner).join('');
    for (const tag of ['table', 'tr', 'td', 'span', 'i', 'style', 'noscript'])
      expect(word.split(`</${tag}>`), tag).toHaveLength(word.split(new RegExp(`<${tag}[ >]`)).length);
  });

  test('keeps a light ground behind the logo: by a rule of its own in Gmail, which inverts colours and no gradients', () => {
    expect(html).toMatch(/<body class="paper"/);
    expect(html).toMatch(/<style>u\+\.paper \.plate\{background-image:linear-gradient\(#ffffff,#ffffff\)\}/);
    expect(html).toMatch(/<span class="plate"[^>]*><img /);
    expect(rulesIn(media).get('plate')).toEqual({ ground: '#ffffff' });
  });
});
