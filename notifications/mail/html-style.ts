import type { Locale } from '../../domain/locale.ts';
import { accentOn, contrast } from '../../domain/colour/accent.ts';

/** Colours of a mail on light paper; every one is inline, because Gmail drops what it does not know. */
export const LIGHT = {
  paper: '#f3f5f6',
  card: '#ffffff',
  panel: '#f3f6f7',
  line: '#dfe4e7',
  ink: '#1b2429',
  muted: '#56636a',
};
const DARK = { paper: '#12171a', card: '#1a2125', panel: '#232c31', line: '#364148', ink: '#e6ebee', muted: '#a3b0b7' };
const DEFAULT_ACCENT = '#0e5f73';

const LATIN = "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif";
const JAPANESE =
  "-apple-system,BlinkMacSystemFont,'Hiragino Sans','Yu Gothic UI','Noto Sans JP','Noto Sans CJK JP',Meiryo,sans-serif";

export const fontOf = (locale: Locale): string => (locale === 'ja' ? JAPANESE : LATIN);

/** The accent in both colour schemes. */
export const accentOf = (color: string | null) => accentOn(color ?? DEFAULT_ACCENT);

/**
 * Colours for dark screens: by media query (Apple Mail, Thunderbird), and by the attributes with which Outlook marks
 * what it has darkened itself. Gmail reads neither and inverts the inline colours, which have the contrast for it;
 * `gmailStyle` keeps the grounds that must not be inverted.
 */
export function darkStyle(color: string | null): string {
  const { dark } = accentOf(color);
  const rules: [selector: string, property: 'color' | 'background' | 'border', value: string][] = [
    ['.paper', 'background', DARK.paper],
    ['.card', 'background', DARK.card],
    ['.card', 'border', DARK.line],
    ['.panel', 'background', DARK.panel],
    ['.ink', 'color', DARK.ink],
    ['.muted', 'color', DARK.muted],
    ['.link', 'color', dark.text],
    ['.button', 'background', dark.fill],
    ['.button', 'border', dark.edge],
    ['.label', 'color', dark.ink],
    ['.plate', 'background', '#ffffff'],
  ];
  const lines = (prefixOf: (property: string) => string) =>
    rules.map(([selector, property, value]) => {
      const declared = property === 'color' ? 'color' : `${property}-color`;
      return `${prefixOf(property)}${selector}{${declared}:${value}!important}`;
    });
  const outlook = lines((property) => (property === 'color' ? '[data-ogsc] ' : '[data-ogsb] '));
  return `@media (prefers-color-scheme:dark){${lines(() => '').join('')}}${outlook.join('')}`;
}

/** WCAG 2.2 AA, of bold text. */
const LABEL_CONTRAST = 3;

/**
 * Gmail inverts colours on dark screens, but neither images nor gradients. A dark logo would stand on black; and a black
 * label turns white, so its button keeps its ground where white can be read on it. `u+` before the body matches in Gmail
 * alone. The rules have a style element of their own, because Gmail drops one with a rule that it cannot read.
 */
export function gmailStyle(color: string | null): string {
  const { fill, ink } = accentOf(color).light;
  const keepsButton = ink === '#000000' && contrast(fill, '#ffffff') >= LABEL_CONTRAST;
  return keptGround('plate', '#ffffff') + (keepsButton ? keptGround('button', fill) : '');
}

const keptGround = (name: string, ground: string) =>
  `u+.paper .${name}{background-image:linear-gradient(${ground},${ground})}`;
