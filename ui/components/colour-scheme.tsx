import { useMantineColorScheme } from '@mantine/core';

const NEXT = { auto: 'light', light: 'dark', dark: 'auto' } as const;
const WORDS = { auto: 'as the system', light: 'light', dark: 'dark' } as const;

/** Goes round: as the system, light, dark. Remembered in this browser. */
export function ColourScheme() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <button
      type="button"
      className="link-button"
      title={`Switch to ${WORDS[NEXT[colorScheme]]}`}
      onClick={() => setColorScheme(NEXT[colorScheme])}
    >
      Colours: {WORDS[colorScheme]}
    </button>
  );
}
