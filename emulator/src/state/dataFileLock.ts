import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Systems take names of sockets up to 103 bytes (macOS) or more. */
const LONGEST_SOCKET_NAME = 100;

export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes a file for this process alone. The lock is a local socket next to it that this process listens on: the system closes it however
 * the process ends, so unlike a process id in a file it never speaks of a process that is gone, or of another with the same number.
 * @throws Error when another process has the file
 */
export async function lockFile(path: string): Promise<Lock> {
  const name = socketName(path);
  try {
    return await listen(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
  }
  if (await answers(name)) {
    throw new Error(`The data file ${path} is in use by another emulator. Stop that one, or name another file.`);
  }
  // Left by a process that was killed.
  await rm(name, { force: true });
  return listen(name);
}

function socketName(path: string): string {
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 16);
  if (process.platform === 'win32') return `\\\\.\\pipe\\acs-identity-emulator-${hash}`;
  const nextToFile = `${path}.lock`;
  return Buffer.byteLength(nextToFile) <= LONGEST_SOCKET_NAME
    ? nextToFile
    : join(tmpdir(), `acs-emulator-${hash}.lock`);
}

async function listen(name: string): Promise<Lock> {
  const server: Server = createServer((socket) => socket.destroy());
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(name, done);
  });
  server.unref();
  return { release: () => new Promise((done) => server.close(() => done())) };
}

function answers(name: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(name);
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}
