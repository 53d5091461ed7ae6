/** The surfaces that an accent stands on: the card of a page in each colour scheme, and the paper of a mail. */
const SURFACES = { light: '#ffffff', dark: '#1a2125' } as const;
/** WCAG 2.2 AA: text, and the edge of a control. */
const TEXT_CONTRAST = 4.5;
const EDGE_CONTRAST = 3;

type Rgb = [number, number, number];

/** An accent on one surface. */
export interface Accent {
  /** The accent as it was given: a button's ground. */
  fill: string;
  /** Text on `fill`: black or white. */
  ink: string;
  /** A button's edge: `fill`, or a shade of it that stands out from the surface. */
  edge: string;
  /** The accent as text on the surface, darkened or lightened until it can be read. */
  text: string;
}

/** An accent colour (`#rrggbb`) adjusted to the light and the dark surface: every text on it can be read. */
export function accentOn(color: string): Record<keyof typeof SURFACES, Accent> {
  return { light: accentOnSurface(color, 'light'), dark: accentOnSurface(color, 'dark') };
}

function accentOnSurface(color: string, scheme: keyof typeof SURFACES): Accent {
  const surface = SURFACES[scheme];
  return {
    fill: color,
    ink: contrast(color, '#ffffff') >= TEXT_CONTRAST ? '#ffffff' : '#000000',
    edge: shadeOf(color, surface, EDGE_CONTRAST),
    text: shadeOf(color, surface, TEXT_CONTRAST),
  };
}

/** The nearest mix of a colour with black or white that has this contrast on a surface. */
function shadeOf(color: string, surface: string, least: number): string {
  const end: Rgb = luminance(surface) > 0.5 ? [0, 0, 0] : [255, 255, 255];
  for (let part = 0; part < 1; part += 0.05) {
    const mixed = hexOf(rgbOf(color).map((value, at) => value + ((end[at] ?? 0) - value) * part));
    if (contrast(mixed, surface) >= least) return mixed;
  }
  return hexOf(end);
}

/** The contrast of two colours as WCAG counts it, from 1 to 21. */
export function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].toSorted((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  const [red, green, blue] = rgbOf(color).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const rgbOf = (color: string): Rgb => [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16)) as Rgb;
const hexOf = (rgb: readonly number[]) =>
  `#${rgb.map((value) => Math.round(value).toString(16).padStart(2, '0')).join('')}`;
