import { describe, expect, it } from 'vitest';
import { createLogins, loginOf } from '../../providers/salesforce/login.ts';

const CONFIG = { loginUrl: 'https://login.salesforce.com' };
const logins = createLogins(CONFIG);
const OWN = 'https://acme.my.salesforce.com';

const first = (loginUrl: string) => createLogins({ loginUrl }).places[0]?.kind;

describe('where a person signs in at Salesforce', () => {
  it.each([
    ['acme', OWN],
    ['Acme.my.salesforce.com/', OWN],
    ['acme.lightning.force.com', OWN],
    ['http://acme.my.salesforce.com', OWN],
    [
      'https://acme--dev.sandbox.lightning.force.com/lightning/page/home',
      'https://acme--dev.sandbox.my.salesforce.com',
    ],
    ['https://acme-dev-ed.develop.my.salesforce.com/home', 'https://acme-dev-ed.develop.my.salesforce.com'],
    ['test', 'https://test.salesforce.com'],
    ['Login', 'https://login.salesforce.com'],
    ['test.salesforce.com', 'https://test.salesforce.com'],
    ['https://login.salesforce.com', 'https://login.salesforce.com'],
  ])('%s is %s', (entered, url) => {
    expect(logins.contextOf(entered)).toMatchObject({ login_url: url });
  });

  it.each([
    'https://evil.example',
    'acme.my.salesforce.com.evil.example',
    'https://acme.my.salesforce.com@evil.example',
    'https://ana:pw@acme.my.salesforce.com',
    'acme.my.salesforce.com:8443',
    // Pages that customers write.
    'acme.my.site.com',
    'acme.secure.force.com',
    'acme.vf.force.com',
    '127.0.0.1',
    '[::1]',
    'javascript:alert(1)',
    'evil.example/.my.salesforce.com',
    'my.salesforce.com',
    '',
  ])('is not %s', (entered) => {
    expect(logins.contextOf(entered)).toBeNull();
  });

  it('offers the operator’s own choice first', () => {
    expect(first('https://login.salesforce.com')).toBe('production');
    expect(first('https://test.salesforce.com')).toBe('sandbox');
    expect(createLogins({ loginUrl: OWN }).places).toMatchObject([
      { kind: 'domain', url: OWN },
      { kind: 'production', url: 'https://login.salesforce.com' },
      { kind: 'sandbox', url: 'https://test.salesforce.com' },
    ]);
  });

  it('is where it was, or where the last answer says; a domain that was renamed is the instance’s', () => {
    const told = { told_login_url: 'https://test.salesforce.com' };
    expect(loginOf(CONFIG, {})).toBe('https://login.salesforce.com');
    expect(loginOf(CONFIG, told)).toBe('https://test.salesforce.com');
    expect(loginOf(CONFIG, { ...told, login_url: OWN })).toBe(OWN);
    const renamed = { login_url: OWN, instance_url: 'https://newname.my.salesforce.com' };
    expect(loginOf(CONFIG, renamed)).toBe('https://newname.my.salesforce.com');
    expect(loginOf(CONFIG, { ...renamed, ...logins.contextOf('other') })).toBe('https://other.my.salesforce.com');
    const production = { login_url: 'https://login.salesforce.com', instance_url: OWN };
    expect(loginOf(CONFIG, production)).toBe('https://login.salesforce.com');
    expect(() => loginOf(CONFIG, { login_url: 'https://acme.secure.force.com' })).toThrow(
      'is no address of Salesforce',
    );
  });
});
