// What the emulator keeps in its data file, over the ends that a process can have.
import { request } from 'node:http';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createIdentityEmulator, DEFAULT_ACCESS_KEY, type IdentityEmulator } from '../src';
import { chatWith, deletePath, newToken, newUser, revokePath, send } from './sentCall';
import { COMMAND, endStarted, start as startCommand } from './startedCommand';

const open: IdentityEmulator[] = [];
let directory: string;
let dataFile: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'emulator-data-'));
  dataFile = join(directory, 'data', 'users.jsonl');
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((emulator) => emulator.close()));
  endStarted();
  await rm(directory, { recursive: true });
});

async function start(options: Parameters<typeof createIdentityEmulator>[0] = {}): Promise<IdentityEmulator> {
  const emulator = await createIdentityEmulator({ dataFile, ...options });
  open.push(emulator);
  return emulator;
}

async function stop(emulator: IdentityEmulator): Promise<void> {
  open.splice(open.indexOf(emulator), 1);
  await emulator.close();
}

const revoke = (emulator: IdentityEmulator, id: string) => send(emulator, { path: revokePath(id) });
/** What a call needs of an emulator in another process. */
const targetOf = (output: string) =>
  ({ port: Number(/http:\S+:(\d+)\//.exec(output)?.[1]), accessKey: DEFAULT_ACCESS_KEY }) as IdentityEmulator;
const ids = (emulator: IdentityEmulator) => emulator.users().map(({ id }) => id);

test('users, revocations, deletions and the key pair are there after a restart', async () => {
  const first = await start();
  const [kept, revoked, deleted] = [await newUser(first), await newUser(first), await newUser(first)];
  const keptToken = await newToken(first, kept);
  const revokedToken = await newToken(first, revoked);
  await revoke(first, revoked);
  await send(first, { method: 'DELETE', path: deletePath(deleted) });
  const before = first.users();
  const keys = await (await fetch(first.jwksUrl)).json();
  await stop(first);

  for (let restarts = 0; restarts < 2; restarts += 1) {
    const again = await start();
    expect(again.users()).toEqual(before);
    expect(await (await fetch(again.jwksUrl)).json()).toEqual(keys);
    expect((await chatWith(again, keptToken)).status).toBe(200);
    expect(await chatWith(again, revokedToken)).toMatchObject({
      status: 401,
      why: expect.stringMatching(/revoked/) as string,
    });
    expect((await chatWith(again, await newToken(again, revoked))).status).toBe(200);
    await stop(again);
  }
});

test('a revocation that is not yet in effect comes into effect after a restart', async () => {
  let nowMs = Date.now();
  const options = { now: () => nowMs, revocationDelayMs: 10_000 };
  const first = await start(options);
  const user = await newUser(first);
  const token = await newToken(first, user);
  await revoke(first, user);
  await stop(first);

  const compacted = await start(options);
  expect((await chatWith(compacted, token)).status).toBe(200);
  await stop(compacted);
  nowMs += 10_000;
  expect((await chatWith(await start(options), token)).status).toBe(401);
});

test('kill -9 in the middle of 1,000 creates: every user that was answered is there afterwards', async () => {
  const killed = startCommand(['--port', '0', '--data', dataFile], directory);
  const target = targetOf(await killed.until(/http:\S+:(\d+)\//));
  const answered: string[] = [];
  let left = 1000;
  const caller = async () => {
    for (; left > 0;) {
      left -= 1;
      answered.push(await newUser(target));
      if (answered.length === 400) killed.child.kill('SIGKILL');
    }
  };
  await Promise.allSettled(Array.from({ length: 50 }, caller));
  await killed.ended;

  expect(answered.length).toBeGreaterThanOrEqual(400);
  expect(answered.length).toBeLessThan(1000);
  const there = new Set(ids(await start()));
  expect(answered.filter((id) => !there.has(id))).toEqual([]);
}, 60_000);

test('a last line that was cut off anywhere is dropped, and nothing else', async () => {
  const first = await start();
  const users = [await newUser(first), await newUser(first)];
  await stop(first);
  const whole = await readFile(dataFile);
  const lastLine = whole.lastIndexOf(10, whole.length - 2) + 1;

  for (let end = lastLine; end <= whole.length; end += 1) {
    await writeFile(dataFile, whole.subarray(0, end));
    const emulator = await start();
    // without its line break the line is whole
    expect(ids(emulator)).toEqual(end >= whole.length - 1 ? users : users.slice(0, 1));
    expect(await newUser(emulator)).toMatch(/^8:acs:/);
    await stop(emulator);
  }
}, 60_000);

test.each([
  ['no file of the emulator', 'name,colour\nice,white\n', 'its first line is not that of a data file'],
  ['an empty file', '', 'it is empty'],
  ['a newer version', '{"acsIdentityEmulator":2}\n', 'of a newer version (2; this one reads 1)'],
  ['no key pair', '{"acsIdentityEmulator":1,"signingKey":"c2VjcmV0"}\n', 'its first line has no valid key pair'],
])('%s is refused, and left as it is', async (_, text, why) => {
  const file = join(directory, 'other');
  await writeFile(file, text);

  const refused = createIdentityEmulator({ dataFile: file });
  await expect(refused).rejects.toThrow(why);
  await expect(refused).rejects.toThrow('Name another file');
  await expect(refused).rejects.not.toThrow('c2VjcmV0');
  expect(await readFile(file, 'utf8')).toBe(text);
});

test('a line in the middle that is damaged is told by its number, and the file left as it is', async () => {
  const first = await start();
  await newUser(first);
  await newUser(first);
  await stop(first);
  const text = (await readFile(dataFile, 'utf8')).replace('["user"', '["usr"').replace('["created"', '["crated"');
  await writeFile(dataFile, text);

  await expect(start()).rejects.toThrow("line 2 can't be read");
  expect(await readFile(dataFile, 'utf8')).toBe(text);
});

test('one process at a time has the file; a killed one no longer does', async () => {
  const first = startCommand(['--port', '0', '--data', dataFile], directory);
  await first.until(/Ctrl\+C/);
  const second = startCommand(['--port', '0', '--data', dataFile], directory);
  expect(await second.ended).toBe(1);
  expect(second.output().err).toBe(
    `The data file ${dataFile} is in use by another emulator. Stop that one, or name another file.\n`,
  );

  first.child.kill('SIGKILL');
  await first.ended;
  const third = await start();
  await expect(createIdentityEmulator({ dataFile })).rejects.toThrow('is in use');
  expect(ids(third)).toEqual([]);
});

test('users of a resource that is not served now stay in the file', async () => {
  const other = { resourceId: 'bbbbbbbb-0000-4000-8000-000000000002', accessKey: 'b3RoZXI=' };
  const first = await start(other);
  const user = await newUser(first);
  await stop(first);

  const without = await start();
  expect(ids(without)).toEqual([]);
  await newUser(without);
  await stop(without);
  expect(ids(await start(other))).toEqual([user]);
});

test('the file is for its owner alone, and holds no access key and no token', async () => {
  const emulator = await start();
  const token = await newToken(emulator, await newUser(emulator));
  await stop(emulator);
  const text = await readFile(dataFile, 'utf8');

  if (process.platform !== 'win32') expect((await stat(dataFile)).mode & 0o777).toBe(0o600);
  expect(text).not.toContain(DEFAULT_ACCESS_KEY);
  expect(text).not.toContain(token);
  expect(text).not.toContain(token.split('.')[2]);
});

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux(
  'a change that cannot be written is answered 503, and what was answered before is there',
  async () => {
    // The shell limits how large files may grow, which is for a process what a full disk is.
    const args = [process.execPath, COMMAND, '--port', '0', '--quiet', '--data', dataFile];
    const limited = spawn('bash', ['-c', `trap '' XFSZ; ulimit -f 8; exec "$0" "$@"`, ...args]);
    try {
      let out = '';
      limited.stdout.on('data', (data: Buffer) => (out += data.toString()));
      while (!out.includes('Ctrl+C')) await sleep(20);
      const target = targetOf(out);
      const answers = [];
      for (let calls = 0; calls < 120; calls += 1) {
        answers.push(await send(target, { path: '/identities' }));
      }
      const made = answers.filter(({ status }) => status === 201);
      const refused = answers.filter(({ status }) => status === 503);
      expect(made.length + refused.length).toBe(120);
      expect(made.length).toBeGreaterThan(10);
      expect(refused[0]?.headers['x-emulator-denied-because']).toBe("the data file can't be written (EFBIG)");
      const cleared = await send(target, { method: 'DELETE', path: '/emulator/users', sign: false });
      expect({ status: cleared.status, json: cleared.json }).toEqual({
        status: 503,
        json: { error: "the data file can't be written (EFBIG)" },
      });
      limited.kill('SIGKILL');
      await new Promise((done) => limited.once('close', done));

      const there = ids(await start());
      expect(made.map(({ json }) => (json as { identity: { id: string } }).identity.id)).toEqual(
        there.slice(0, made.length),
      );
    } finally {
      limited.kill('SIGKILL');
    }
  },
  60_000,
);

test('users that were deleted all at once are not there after a restart', async () => {
  const first = await start();
  await newUser(first);
  await newUser(first);
  await fetch(first.usersUrl, { method: 'DELETE' });
  const id = await newUser(first);
  await stop(first);

  const second = await start();
  expect(ids(second)).toEqual([id]);
  second.clearUsers();
  await stop(second);
  expect(ids(await start())).toEqual([]);
});

async function rawStatus(url: string): Promise<number> {
  return new Promise((done, fail) => {
    // a connection of its own: a kept one may have been closed by the other side in the meantime
    request(url, { agent: false }, (response) => done(response.resume().statusCode ?? 0))
      .once('error', fail)
      .end();
  });
}

test('closing frees the port and the file', async () => {
  const emulator = await start();
  expect(await rawStatus(emulator.jwksUrl)).toBe(200);
  await stop(emulator);
  await expect(rawStatus(emulator.jwksUrl)).rejects.toThrow('ECONNREFUSED');
  await start();
});

test('the command acs-identity-emulator keeps its data in the directory it is called in', async () => {
  const started = startCommand(['--port', '0', '--data', 'mine.jsonl'], directory);
  const id = await newUser(targetOf(await started.until(/http:\S+:(\d+)\//)));
  started.child.kill('SIGTERM');
  expect(await started.ended).toBe(0);

  expect(ids(await start({ dataFile: join(directory, 'mine.jsonl') }))).toEqual([id]);
});
