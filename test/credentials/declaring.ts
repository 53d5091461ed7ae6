import type { Context } from '../../runtime/context.ts';
import type { Rotation } from '../../domain/rotation.ts';

export type Mode = Rotation['mode'];
export const GRACE_SECONDS = 30;

/** The same context with an adapter that documents its rotation. */
export function declaring(context: Context, rotation: Rotation): Context {
  const gmail = context.providers.get('gmail');
  const [oauth] = gmail?.signIn.oauth ?? [];
  if (!gmail || !oauth) throw new Error('Gmail is not configured');
  const declared = { ...gmail, signIn: { ...gmail.signIn, oauth: [{ ...oauth, rotation }] } };
  return { ...context, providers: new Map([...context.providers, ['gmail', declared]]) };
}

export function rotationOf(mode: Mode): Rotation {
  return mode === 'grace' ? { mode, graceSeconds: GRACE_SECONDS } : { mode };
}
