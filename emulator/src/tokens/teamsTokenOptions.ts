import { randomUUID } from 'node:crypto';
import type { TeamsTokenClaims } from '../api';
import { isGuid } from '../guid';

const FIELDS = ['appId', 'userId', 'expiresInSeconds'];
/** A hundred years. */
const MOST_SECONDS = 3_155_760_000;

/**
 * What the body of POST /emulator/teamsTokens asks for; ids that it does not name are made up.
 * @throws TypeError that names what is wrong
 */
export function readTeamsTokenOptions(value: unknown): TeamsTokenClaims {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError('The body is a JSON object, or empty.');
  }
  const unknown = Object.keys(value).filter((name) => !FIELDS.includes(name));
  if (unknown.length > 0) {
    throw new TypeError(`There is no field ${unknown.join(', ')}; there are ${FIELDS.join(', ')}.`);
  }
  const { appId, userId, expiresInSeconds } = value as Record<string, unknown>;
  const ids = { appId: readId('appId', appId), userId: readId('userId', userId) };
  if (expiresInSeconds === undefined) return ids;
  if (!Number.isInteger(expiresInSeconds) || Math.abs(Number(expiresInSeconds)) > MOST_SECONDS) {
    throw new TypeError(`expiresInSeconds is a whole number from -${MOST_SECONDS} to ${MOST_SECONDS}.`);
  }
  return { ...ids, expiresInSeconds: Number(expiresInSeconds) };
}

function readId(name: string, value: unknown): string {
  if (value === undefined) return randomUUID();
  if (typeof value !== 'string' || !isGuid(value)) throw new TypeError(`${name} is not a guid.`);
  return value;
}
