import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { personInput } from '../../src/auth/inputs';
import { personOf } from '../../src/auth/person';
import { OBJECT_ID, TENANT } from './authority';

const ENTRA = `https://login.microsoftonline.com/${TENANT}/v2.0`;
const OTHER_ISSUER = 'https://contoso.eu.auth0.com/';
const hashOf = (issuer: string) => `iss-${createHash('sha256').update(issuer).digest('hex').slice(0, 32)}`;

test.each([
  ENTRA,
  `https://contoso.ciamlogin.com/${TENANT}/v2.0`,
  `https://login.microsoftonline.com/${TENANT.toUpperCase()}/v2.0`,
])('tid and oid name the person if the issuer is of that tenant: %s', (issuer) => {
  expect(personOf(issuer, { tid: TENANT.toUpperCase(), oid: OBJECT_ID.toUpperCase(), sub: 'x' })).toEqual({
    tenantId: TENANT,
    objectId: OBJECT_ID,
  });
});

test.each<[string, string, object]>([
  ['another issuer claims the tenant', OTHER_ISSUER, { tid: TENANT, oid: OBJECT_ID, sub: 'x' }],
  ['the tenant is in the query of a path only', `https://evil.example/a${TENANT}/`, { tid: TENANT, sub: 'x' }],
  ['the tenant is in the host', `https://${TENANT}.example/`, { tid: TENANT, sub: 'x' }],
  ['the token names no tenant', ENTRA, { oid: OBJECT_ID, sub: 'x' }],
  ['the tenant is a list', ENTRA, { tid: [TENANT], oid: OBJECT_ID, sub: 'x' }],
  ['the tenant is a segment but no GUID', ENTRA, { tid: 'v2.0', oid: OBJECT_ID, sub: 'x' }],
])('the issuer and sub name the person if %s', (_why, issuer, claims) => {
  expect(personOf(issuer, claims)).toEqual({ tenantId: hashOf(issuer), objectId: 'x' });
});

test('sub is used if oid is no GUID', () => {
  expect(personOf(ENTRA, { tid: TENANT, oid: 'ada', sub: 'S1' })).toEqual({ tenantId: TENANT, objectId: 'S1' });
});

test('a sub that is a GUID is in lower case, as paths take it', () => {
  const person = { tenantId: TENANT, objectId: OBJECT_ID };
  expect(personOf(ENTRA, { tid: TENANT, sub: OBJECT_ID.toUpperCase() })).toEqual(person);
  const shown = personOf(ENTRA, { tid: TENANT, oid: 'ada', sub: OBJECT_ID.toUpperCase() });
  expect(v.parse(personInput.params, shown)).toEqual(shown);
});

test('different subjects are different people, in a form that paths take', () => {
  const subjects = [
    'abc',
    'ABC',
    'a.b_c-d',
    '.',
    '..',
    '~abc',
    'auth0|123',
    'a/b',
    'a\\b',
    'a b',
    'é',
    'e\u0301',
    '😀',
    'x'.repeat(128),
    'x'.repeat(129),
    `~${Buffer.from('a b').toString('base64url')}`,
  ];
  const ids = subjects.map((sub) => personOf(OTHER_ISSUER, { sub }).objectId);
  expect(new Set(ids).size).toBe(subjects.length);
  for (const id of ids) expect(id).toMatch(/^(?:[A-Za-z0-9][A-Za-z0-9._-]{0,127}|~[A-Za-z0-9_-]+)$/);
});

test.each([undefined, '', 5, null, ['x'], 'é'.repeat(257), '\ud800', 'a\udc00b'])(
  'a token without a usable owner is refused: %j',
  (sub) => {
    expect(() => personOf(OTHER_ISSUER, { sub })).toThrow(/owner/);
  },
);
