import { isGuid } from '../guid';
import type { SigningKey } from '../tokens/signingKey';
import type { Change, UserState } from './changes';
import { ResourceUsers } from './users';

// The first line is { "acsIdentityEmulator": 1, "signingKey": PKCS #8 in base64 }; every other one is an array:
//   ["created", resource, user, createdAt]   ["revoked", resource, user, at, delayMs]   ["deleted", resource, user]
//   ["user", resource, user, createdAt, revocations]   a user as it was when the file was made anew

const VERSION = 1;

/** The file is not a data file of the emulator, or it can't be read. */
export class DataFileError extends Error {
  constructor(path: string, problem: string) {
    super(
      `The data file ${path} is not one of the identity emulator's, or was damaged: ${problem}. ` +
        'Nothing in it was changed. Name another file, or move this one away to begin with an empty one.',
    );
  }
}

export const headerLine = (signingKey: string): string =>
  `${JSON.stringify({ acsIdentityEmulator: VERSION, signingKey })}\n`;

/** @throws DataFileError */
export function readHeader(line: string, path: string, readKey: (pkcs8: string) => SigningKey): SigningKey {
  const header = parse(line) as { acsIdentityEmulator?: unknown; signingKey?: unknown } | undefined;
  const version = header?.acsIdentityEmulator;
  if (typeof version === 'number' && version > VERSION) {
    throw new DataFileError(path, `it is of a newer version (${version}; this one reads ${VERSION})`);
  }
  if (version !== VERSION || typeof header?.signingKey !== 'string')
    throw new DataFileError(path, 'its first line is not that of a data file');
  try {
    return readKey(header.signingKey);
  } catch {
    throw new DataFileError(path, 'its first line has no valid key pair');
  }
}

export function changeLine(resourceId: string, change: Change): string {
  const { kind, userPart } = change;
  if (change.kind === 'created') return line(kind, resourceId, userPart, change.createdAt);
  if (change.kind === 'revoked') return line(kind, resourceId, userPart, change.at, change.delayMs);
  return line(kind, resourceId, userPart);
}

export function stateLine(resourceId: string, { userPart, createdAt, revocations }: UserState): string {
  return line('user', resourceId, userPart, createdAt, revocations);
}

/** Applies a line to the resources. Returns false if the line is of an unknown kind. */
export function readLine(text: string, resources: Map<string, ResourceUsers>): boolean {
  const fields = parse(text);
  if (!Array.isArray(fields)) return false;
  const [kind, resourceId, userPart, first, second] = fields as unknown[];
  if (typeof resourceId !== 'string' || !isGuid(resourceId) || typeof userPart !== 'string') return false;
  let users = resources.get(resourceId);
  if (users === undefined) resources.set(resourceId, (users = new ResourceUsers(resourceId)));
  if (kind === 'deleted') users.repeat({ kind, userPart });
  else if (typeof first !== 'number') return false;
  else if (kind === 'created') users.repeat({ kind, userPart, createdAt: first });
  else if (kind === 'revoked' && typeof second === 'number')
    users.repeat({ kind, userPart, at: first, delayMs: second });
  else if (kind === 'user' && typeof second === 'object' && second !== null) {
    users.restore({ userPart, createdAt: first, revocations: second });
  } else return false;
  return true;
}

const line = (...fields: unknown[]): string => `${JSON.stringify(fields)}\n`;

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
