import { Button, createTheme } from '@mantine/core';
import type { MantineColorsTuple } from '@mantine/core';

/** The one accent colour: deep harbour water. White on shade 7 (light) and ink on shade 3 (dark) both pass WCAG AA. */
const harbour: MantineColorsTuple = [
  '#e8f5f8',
  '#d0e8ee',
  '#a3d2dd',
  '#72bccc',
  '#4aa6b9',
  '#2c8ea3',
  '#18778c',
  '#0e5f73',
  '#0b4d5e',
  '#083c4a',
];

export const theme = createTheme({
  colors: { harbour },
  primaryColor: 'harbour',
  primaryShade: { light: 7, dark: 3 },
  defaultRadius: 'md',
  // Named, so that app.css can find the filled ones and give them the right ink in both schemes.
  components: { Button: Button.extend({ defaultProps: { variant: 'filled' } }) },
  cursorType: 'pointer',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace',
  respectReducedMotion: true,
});
