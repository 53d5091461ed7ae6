import type { SetAside } from '../../api/schemas/parts.ts';
import { capital } from '../../domain/words/sign-in-failures.ts';
import { plural } from './time.ts';

/** Why a folder or messages of it are not read, in a sentence. @param provider as a sentence names it */
export function describeSetAside({ reason, count }: Pick<SetAside, 'reason' | 'count'>, provider: string): string {
  switch (reason) {
    case 'refused':
      return `${capital(provider)} does not let this folder be read. Everything else goes on.`;
    case 'no_answer':
      return `${capital(provider)} does not finish listing this folder. Everything else goes on.`;
    case 'unreadable_name':
      return `${capital(provider)} names a folder in a way that cannot be read, so it is left out.`;
    case 'too_many_folders':
      return 'The mailbox has more folders than are read.';
    case 'unfetchable':
      return `${capital(provider)} does not give ${plural(count, 'message')} of this folder.`;
    case 'unparseable':
      return `${plural(count, 'message')} of this folder cannot be read, and ${count === 1 ? 'is' : 'are'} kept aside.`;
  }
}
