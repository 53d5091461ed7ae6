import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { accentOn, contrast } from '../../domain/colour/accent.ts';

const channel = fc.integer({ min: 0, max: 255 });
const color = fc
  .tuple(channel, channel, channel)
  .map((rgb) => `#${rgb.map((value) => value.toString(16).padStart(2, '0')).join('')}`);

test('any accent colour gives text that can be read, in it and on both surfaces', () => {
  fc.assert(
    fc.property(color, (accent) => {
      const { light, dark } = accentOn(accent);
      for (const [on, surface] of [[light, '#ffffff'] as const, [dark, '#1a2125'] as const]) {
        expect(contrast(on.ink, on.fill)).toBeGreaterThanOrEqual(4.5);
        expect(contrast(on.text, surface)).toBeGreaterThanOrEqual(4.5);
        expect(contrast(on.edge, surface)).toBeGreaterThanOrEqual(3);
      }
    }),
  );
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
});

test('a colour that can be read stays as it is', () => {
  expect(accentOn('#0e5f73').light).toEqual({ fill: '#0e5f73', ink: '#ffffff', edge: '#0e5f73', text: '#0e5f73' });
});
