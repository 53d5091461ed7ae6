import { relative } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, expect } from 'vitest';
import { Secret } from '../../domain/secret.ts';
import { ProviderError } from '../../domain/verdict.ts';
import { throwDrifts } from './drift.ts';
import { keep } from './evidence.ts';
import { learnSecret } from './minting.ts';

/*
 * Before every test file (vitest's `setupFiles`): every value that our code treats as a secret is put on the list when
 * it is used, and every error about a provider is kept with all its fields.
 */

const file = relative(process.cwd(), expect.getState().testPath ?? 'unknown');
process.env['TEST_FILE'] = file.replace(/\.test\.ts$/, '').replaceAll('/', '-');

/**
 * JSON, a form, HTML, bytes, nothing: a token endpoint's answer as it came is no single secret. Those in it are used one by
 * one, or known to the sandbox.
 */
const WHOLE_ANSWER = /^$|^null$|^\w+=[^&]*&\w+=|[{}<>[\]\p{Cc}\uFFFD]/u;

// oxlint-disable-next-line typescript/unbound-method -- it is called with the secret it is of
const { reveal } = Secret.prototype;
Secret.prototype.reveal = function revealed(this: Secret): string {
  const value = reveal.call(this);
  if (!WHOLE_ANSWER.test(value)) learnSecret('used', value);
  return value;
};

// The constructor sets the name, and then the rest; what is thrown is complete a moment later.
Object.defineProperty(ProviderError.prototype, 'name', {
  set(this: ProviderError, name: string) {
    Object.defineProperty(this, 'name', { value: name, configurable: true, writable: true });
    queueMicrotask(() => keep('error', inspect(this, { depth: 9, showHidden: true })));
  },
});

// A server's answer is complete a moment after its client has it: what the test did not see yet, the end of the file does.
afterEach(throwDrifts);
afterAll(throwDrifts);
