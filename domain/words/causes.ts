import { capital } from './sign-in-failures.ts';

/** Causes that a provider's answer leaves open, or names otherwise than the reason does; each has words in every language. */
const VAGUE_CAUSES = {
  access_ended: '{provider} ended our access: the password changed, or a person withdrew the access.',
  password_refused: '{provider} no longer accepts the password of {login}; it was probably changed.',
} as const;
export type VagueCause = keyof typeof VAGUE_CAUSES;
export const VAGUE_CAUSE_NAMES = Object.keys(VAGUE_CAUSES) as [VagueCause, ...VagueCause[]];

/** A vague cause as a sentence of the API, in English. */
export function vagueCauseSentence(
  cause: VagueCause,
  { provider, login }: { provider: string; login: string },
): string {
  return capital(VAGUE_CAUSES[cause].replace('{provider}', provider).replace('{login}', login));
}
