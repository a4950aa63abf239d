import { MappingCache } from '../../src/auth/mappingCache';
import { keyOf } from './directoryUnderTest';

const mapping = (n: number) => ({
  ...keyOf({ tenantId: 'iss-0', objectId: `person-${n}` }),
  identity: `8:acs:x_${n}`,
  connection: 'AcsIdentity',
  createdOn: '2026-11-26T07:00:00.000Z',
});

test('10,000 mappings are kept, those that were used last', () => {
  const cache = new MappingCache();
  for (let n = 0; n < 10_000; n += 1) cache.set(mapping(n));
  expect(cache.get(mapping(0))).toEqual(mapping(0));
  cache.set(mapping(10_000));
  expect([0, 1, 2, 10_000].map((n) => cache.get(mapping(n))?.identity)).toEqual([
    '8:acs:x_0',
    undefined,
    '8:acs:x_2',
    '8:acs:x_10000',
  ]);
});

test('a mapping is kept for 10 minutes after it was read from the directory, however often it is used', () => {
  let now = 0;
  const cache = new MappingCache(() => now);
  cache.set(mapping(1));
  now = 599_000;
  expect(cache.get(mapping(1))).toBeDefined();
  now = 601_000;
  expect(cache.get(mapping(1))).toBeUndefined();
});

test('a mapping is found by person, device and resource, until it is dropped', () => {
  const cache = new MappingCache();
  cache.set(mapping(1));
  for (const other of [{ tenantId: 'iss-1' }, { objectId: 'x' }, { device: 'phone' }, { resource: 'y' }]) {
    expect(cache.get({ ...mapping(1), ...other })).toBeUndefined();
  }
  cache.delete(mapping(1));
  expect(cache.get(mapping(1))).toBeUndefined();
});
