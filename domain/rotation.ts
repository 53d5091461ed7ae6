/**
 * How refresh tokens turn over, a property of the connection: `none` the same token stays; `tolerant` a new one
 * comes, the old one stays good; `grace` the old one works for `graceSeconds` more; `strict` a second use of a spent
 * token destroys the grant.
 */
export type Rotation =
  | { mode: 'none' }
  | { mode: 'tolerant' }
  | { mode: 'grace'; graceSeconds: number }
  | { mode: 'strict' };

/**
 * How the refresh tokens of one connection turn over, as far as it is known:
 *
 * - `unproven`: no refresh has answered yet. Treated as strict: a blind second use would destroy a strict grant, while
 *   treating a tolerant one so costs a later refresh once.
 * - otherwise the words of `Rotation`.
 */
export type KnownRotation = Rotation | { mode: 'unproven' };

export function parseRotation(text: string): KnownRotation {
  const [mode = '', seconds] = text.split(':');
  switch (mode) {
    case 'none':
    case 'tolerant':
    case 'strict':
      return { mode };
    case 'grace':
      return { mode, graceSeconds: Number(seconds) };
    default:
      return { mode: 'unproven' };
  }
}

export function rotationText(rotation: KnownRotation): string {
  return rotation.mode === 'grace' ? `grace:${rotation.graceSeconds}` : rotation.mode;
}

/**
 * What a refresh answer taught. A provider that returned another token rotates, even if its documentation denies it;
 * the declared mode says how, and without one it is taken for strict. A connection seen to rotate stays so: some
 * providers return another token only every few times.
 */
export function learnRotation(
  { declared, known }: { declared: Rotation; known: KnownRotation },
  returnedAnother: boolean,
): string {
  if (declared.mode !== 'none') return rotationText(declared);
  return rotationText(returnedAnother || known.mode === 'strict' ? { mode: 'strict' } : declared);
}
