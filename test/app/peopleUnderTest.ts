// Signed-in people: a real issuer, and the built app on the emulator and Azurite, each behind a proxy that can go wrong.
import { TableClient } from '@azure/data-tables';
import { DIRECTORY_TABLE } from '../../src/auth/directory';
import { CLIENT_ID, OBJECT_ID, startAuthority, type Authority } from '../auth/authority';
import type { Answer, AppUnderTest } from './appUnderTest';
import { startSurroundings, type Surroundings } from './appWithProxies';

export interface PeopleUnderTest {
  around: Surroundings;
  authority: Authority;
  /** Of the app, for tokens of the authority. */
  settings: Record<string, string>;
  /** The access token of a person whom no test has had. */
  somebody(claims?: Record<string, unknown>): string;
  /** The ids of the ACS users that exist. */
  existing(): string[];
  /** The rows of the directory, those of pending users included. */
  rows(): Promise<DirectoryRow[]>;
  close(): Promise<void>;
}

export type DirectoryRow = Record<'partitionKey' | 'rowKey' | 'objectId' | 'device' | 'identity', string>;

export async function startPeople(): Promise<PeopleUnderTest> {
  const [around, authority] = await Promise.all([startSurroundings(), startAuthority()]);
  let people = 0;
  return {
    around,
    authority,
    settings: {
      ENTRA_ISSUERS: authority.issuer,
      ENTRA_AUDIENCE: CLIENT_ID,
      MY_TOKEN_SCOPES: 'chat,voip',
      MY_TOKENS_PER_MINUTE: '100000',
    },
    somebody(claims = {}) {
      people += 1;
      return authority.token({ oid: `${OBJECT_ID.slice(0, -6)}${String(people).padStart(6, '0')}`, ...claims });
    },
    existing: () => around.emulator.users().map(({ id }) => id),
    async rows() {
      const client = TableClient.fromConnectionString(around.storageConnectionString, DIRECTORY_TABLE, {
        allowInsecureConnection: true,
      });
      const found: DirectoryRow[] = [];
      for await (const row of client.listEntities()) found.push(row as unknown as DirectoryRow);
      return found;
    },
    async close() {
      await Promise.all([around.close(), authority.stop()]);
    },
  };
}

/** Calls a function with an access token. */
export const callAs = (app: AppUnderTest, token: string, method: string, path: string, body?: unknown) =>
  app.call(method, path, body, { authorization: `Bearer ${token}` });

export const userOf = ({ body }: Answer): string => body.identity?.id ?? '';

export const codeOf = ({ status, body }: Answer): string => [status, body.error?.code].join(' ').trimEnd();
