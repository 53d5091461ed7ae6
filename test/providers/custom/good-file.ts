import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file that is right. */
export const GOOD = `name: desk
label: Desk
servers:
  api: https://desk.example
authorization:
  url: \${api}/authorize
token:
  url: \${api}/token
revocation:
  help: Remove the app.
identity:
  url: \${api}/me
  id: id
  email: email
`;

/** A folder with files, as an environment names it. */
export function environmentWith(files: Record<string, string>): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-files-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return {
    DATABASE_URL: 'postgres://mooring@127.0.0.1/mooring',
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    MOORING_VAULT_KEYS_FILE: 'keys.json',
    MOORING_PROVIDERS_DIR: folder,
  };
}
