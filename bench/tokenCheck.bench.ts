// What the token check of signed-in callers costs, compared with checking the signature alone, and what refused tokens cost. The issuer is a real
// server, whose keys are fetched once.
import { HttpRequest } from '@azure/functions';
import { createVerify } from 'node:crypto';
import { jwtVerify } from 'jose';
import { tokenCheck } from '../src/auth/signedInPerson';
import { CLIENT_ID, newKey, startAuthority } from '../test/auth/authority';
import { median, printTable, times } from './measure';

const ROUNDS = 15;
const CALLS_A_ROUND = 1_000;

async function main(): Promise<void> {
  const authority = await startAuthority();
  Object.assign(process.env, {
    ENTRA_ISSUERS: authority.issuer,
    ENTRA_AUDIENCE: CLIENT_ID,
    MY_TOKEN_SCOPES: 'chat',
    MY_TOKENS_PER_MINUTE: '999999',
  });
  const check = tokenCheck();
  const requestWith = (token: string) =>
    new HttpRequest({ method: 'GET', url: 'http://localhost/api/me', headers: { authorization: `Bearer ${token}` } });
  const checking = (token: string, isGood = false) => {
    const request = requestWith(token);
    return async () => {
      const accepted = await check(request).then(
        () => true,
        () => false,
      );
      if (accepted !== isGood) throw new Error('The check has another result than expected.');
    };
  };
  const good = authority.token();
  const [header = '', claims = '', signature = ''] = good.split('.');
  const { publicKey, id } = authority.key;
  const ways: [string, () => Promise<unknown>][] = [
    ['a good token: signature alone, node:crypto', () => Promise.resolve(verify(`${header}.${claims}`, signature))],
    ['a good token: signature and claims, jose', () => jwtVerify(good, publicKey, { algorithms: ['RS256'] })],
    ['a good token: the whole check', checking(good, true)],
    ['refused: wrong signature', checking(authority.token({}, {}, { ...newKey(), id }))],
    ['refused: unknown key', checking(authority.token({}, { kid: 'unknown' }))],
    ['refused: another issuer', checking(authority.token({ iss: 'https://other.example' }))],
    ['refused: no JSON Web Token', checking('x'.repeat(2_000))],
    ['refused: 30,000 characters', checking('x'.repeat(30_000))],
  ];
  function verify(input: string, text: string): void {
    if (!createVerify('RSA-SHA256').update(input).verify(publicKey, text, 'base64url')) throw new Error('wrong');
  }

  const figures = ways.map((): number[] => []);
  for (let round = -2; round < ROUNDS; round += 1) {
    for (const [i, [, work]] of ways.entries()) {
      const startedAt = performance.now();
      for (let n = 0; n < CALLS_A_ROUND; n += 1) await work();
      if (round >= 0) figures[i]?.push(((performance.now() - startedAt) / CALLS_A_ROUND) * 1_000);
    }
  }
  const medians = figures.map(median);
  printTable(
    [`median of ${ROUNDS} rounds of ${CALLS_A_ROUND}, one at a time`, 'one call', 'relative to jose'],
    ways.map(([name], i) => [
      name,
      `${(medians[i] ?? NaN).toFixed(1)} µs`,
      times((medians[i] ?? NaN) / (medians[1] ?? NaN)),
    ]),
  );
  console.log(`Requests to the issuer in all: ${authority.requests.length}.`);
  await authority.stop();
}

void main();
