// What is compared with a recorded answer of the real service: status, body, content type, length or chunks, and whether
// api-supported-versions is told. It lists what the emulator serves, on purpose: the service served other versions when it was recorded.
import type { IdentityEmulator } from '../src';
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
    'ms-cv': expect.stringMatching(/^[\w+/]{22}\.2\.0$/) as string,
    'x-azure-ref': expect.stringMatching(/^0[\w+/=]{20,}$/) as string,
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
