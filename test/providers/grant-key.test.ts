import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { grantKeyOf } from '../../providers/grant-key.ts';

test('a grant’s key is what earlier versions have stored: provider, client and login, hashed', () => {
  const stored = createHash('sha256').update('["google","client","1045"]').digest('hex');
  expect(grantKeyOf('google', 'client', '1045')).toBe(stored);
  expect(grantKeyOf('google', 'other-client', '1045')).not.toBe(stored);
  expect(grantKeyOf('google', 'client', '1046')).not.toBe(stored);
});
