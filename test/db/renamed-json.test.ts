import { expect, test } from 'vitest';
import { adoptions } from '../../db/schema/adoptions.ts';
import { links } from '../../db/schema/links.ts';
import { tenants } from '../../db/schema/tenants.ts';

const SPEC = {
  kind: 'individual',
  owner: { email: 'ana@example.com', name: null },
  access_types: ['gmail'],
  uses: ['read'],
  import: 'continuous',
  import_from: '2026-05-01T00:00:00Z',
  mailbox: null,
};

test('JSON of a row keeps the names that it always had, and older rows are read', () => {
  const spec = links.spec.mapFromDriverValue(JSON.stringify(SPEC));
  expect(spec).toMatchObject({ accessTypes: ['gmail'], importFrom: SPEC.import_from, owner: SPEC.owner });
  expect(JSON.parse(String(links.spec.mapToDriverValue(spec)))).toEqual(SPEC);
  expect(tenants.policy.mapFromDriverValue('{"retention_days":7}')).toEqual({ retentionDays: 7 });
  expect(adoptions.request.mapFromDriverValue({ covered_until: null })).toEqual({ coveredUntil: null });
});
