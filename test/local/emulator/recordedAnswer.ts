// The answers of the real service that public recordings hold, each behaviour once: status, body, content type, length or chunks, and
// whether api-supported-versions is told. Recordings that repeat a behaviour with another SDK are left out.
// Differences, on purpose: ids and tokens have their real length where recordings have it masked; api-supported-versions lists what the
// emulator serves; "ExpiresInMinutes value 59 is invalid." was also recorded, for the same version, without its second sentence.
import type { IdentityEmulator } from '../../../local/emulator';
import { send, type CallToSend } from './sentCall';

export interface Recorded {
  behaviour: string;
  version: string;
  call: () => CallToSend;
  status: number;
  body?: object;
  /** Whether the answer tells api-supported-versions. */
  versions: boolean;
}

const TOKEN = expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) as string;
const EXPIRES_ON = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?\+00:00$/) as string;
export const accessToken = { token: TOKEN, expiresOn: EXPIRES_ON };

export const error = (code: string, message: string, target?: string) => ({
  error: { code, message, ...(target === undefined ? {} : { target }) },
});

/** Sends the call in its version and compares everything that was recorded of the answer. */
export async function expectRecorded(
  emulator: IdentityEmulator,
  { version, call, status, body, versions }: Recorded,
): Promise<void> {
  const wanted = call();
  const answer = await send(emulator, { ...wanted, path: `${wanted.path}?api-version=${version}` });

  expect({ status: answer.status, body: answer.json }).toEqual({ status, body });
  const { headers } = answer;
  expect('api-supported-versions' in headers).toBe(versions);
  if (versions) expect(headers['api-supported-versions']).toContain('2021-10-31-preview, 2022-06-01, 2022-10-01');
  expect(headers).toMatchObject({
    'request-context': 'appId=',
    'strict-transport-security': 'max-age=2592000',
    'x-cache': 'CONFIG_NOCACHE',
  });
  expect({
    type: headers['content-type'],
    length: headers['content-length'],
    transfer: headers['transfer-encoding'],
  }).toEqual(
    status === 204
      ? {}
      : status < 300
        ? { type: 'application/json; charset=utf-8', length: String(Buffer.byteLength(answer.text)) }
        : { type: 'application/json', transfer: 'chunked' },
  );
}
