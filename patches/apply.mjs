// Mends what is wrong in a dependency, as patches/*.patch says, until its maintainers do: each file begins with why.
// In plain JavaScript, because the bootstrap needs it before anything else. Done again it does nothing.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { applyPatch, parsePatch, reversePatch } from 'diff';

const PATCHES = dirname(fileURLToPath(import.meta.url));
const CHECKOUT = dirname(PATCHES);

/** Throws when a patch does not fit: the dependency is another version, and whether it still needs it is to be decided. */
export function applyPatches() {
  for (const name of readdirSync(PATCHES).filter((file) => file.endsWith('.patch'))) {
    for (const patch of parsePatch(readFileSync(join(PATCHES, name), 'utf8'))) apply(name, patch);
  }
}

function apply(name, patch) {
  const file = join(CHECKOUT, patch.newFileName.replace(/^b\//, ''));
  const source = readFileSync(file, 'utf8');
  if (applyPatch(source, reversePatch(patch)) !== false) return;
  const mended = applyPatch(source, patch);
  if (mended === false) throw new Error(`patches/${name} does not fit ${patch.newFileName}`);
  writeFileSync(file, mended);
}
