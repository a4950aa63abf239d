import { mkdir, open, realpath, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { makeSigningKey, readSigningKey, writeSigningKey, type SigningKey } from '../tokens/signingKey';
import { changeLine, DataFileError, headerLine, readHeader, readLine, stateLine } from './dataFileLines';
import { lockFile, type Lock } from './dataFileLock';
import { type ResourceUsers } from './users';

/** Lines that are written at once when the file is made anew. */
const LINES_AT_ONCE = 1000;

/**
 * Keeps users and the key pair of tokens in a file, for its owner alone. Every change is a line, written before it is answered, so that a
 * killed process has lost nothing it answered; a line that was not finished was not answered, and is dropped. At each start the file
 * is made anew with a line for each user. (Lines are handed to the system, not forced to the disk: a power cut may lose the last ones.)
 */
export class DataFile {
  private waiting: string[] = [];
  private last: Promise<void> = Promise.resolve();
  private next: Promise<void> | undefined;

  private constructor(
    private readonly lock: Lock,
    private readonly handle: FileHandle,
    private size: number,
    readonly signingKey: SigningKey,
  ) {}

  /**
   * Opens the file, which is created if it is missing, and puts what it holds into `resources`. Users of resources that are not among them are
   * added as resources of their own, and stay in the file.
   * @throws Error that names what to do: another process uses the file, or it is not a data file of the emulator. Then nothing is changed
   */
  static async open(file: string, resources: Map<string, ResourceUsers>): Promise<DataFile> {
    const directory = dirname(resolve(file));
    await mkdir(directory, { recursive: true });
    const path = join(await realpath(directory), basename(file));
    const lock = await lockFile(path);
    try {
      const signingKey = (await load(path, resources)) ?? (await makeSigningKey());
      const temporary = `${path}.new`;
      const size = await writeAnew(temporary, signingKey, resources);
      await rename(temporary, path);
      const handle = await open(path, 'r+');
      const dataFile = new DataFile(lock, handle, size, signingKey);
      for (const users of resources.values()) {
        users.onChange = (change) => dataFile.waiting.push(changeLine(users.resourceId, change));
      }
      return dataFile;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Resolves when every change until now is in the file. Rejects when it can't be written; the next call tries again. */
  kept(): Promise<void> {
    if (this.waiting.length === 0) return this.last;
    // Whatever comes while a write goes on is written with the next one.
    this.next ??= this.last.then(
      () => this.writeWaiting(),
      () => this.writeWaiting(),
    );
    return this.next;
  }

  async close(): Promise<void> {
    try {
      await this.kept();
    } finally {
      await this.handle.close();
      await this.lock.release();
    }
  }

  private writeWaiting(): Promise<void> {
    this.next = undefined;
    const lines = this.waiting;
    this.waiting = [];
    const bytes = Buffer.from(lines.join(''));
    this.last = writeAll(this.handle, bytes, this.size).then(
      () => {
        this.size += bytes.length;
      },
      (error: unknown) => {
        // The next write begins at the same place, over what may be there of this one.
        this.waiting = [...lines, ...this.waiting];
        throw error;
      },
    );
    this.last.catch(() => undefined);
    return this.last;
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += (await handle.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
  }
}

/** Reads the file line by line. Returns its key pair, or undefined when there is no file. */
async function load(path: string, resources: Map<string, ResourceUsers>): Promise<SigningKey | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  let signingKey: SigningKey | undefined;
  let number = 0;
  let error: DataFileError | undefined;
  try {
    for await (const line of handle.readLines()) {
      // Only the last line can be one that was cut off.
      if (error !== undefined) throw error;
      number += 1;
      if (signingKey === undefined) signingKey = readHeader(line, path, readSigningKey);
      else if (!readLine(line, resources)) error = new DataFileError(path, `line ${number} can't be read`);
    }
  } finally {
    await handle.close();
  }
  if (signingKey === undefined) throw new DataFileError(path, 'it is empty');
  return signingKey;
}

/** Writes everything into a new file and on to the disk. Returns its size in bytes. */
async function writeAnew(
  path: string,
  signingKey: SigningKey,
  resources: ReadonlyMap<string, ResourceUsers>,
): Promise<number> {
  await rm(path, { force: true });
  const handle = await open(path, 'wx', 0o600);
  try {
    let size = 0;
    let lines = [headerLine(writeSigningKey(signingKey))];
    const writeLines = async () => {
      const bytes = Buffer.from(lines.join(''));
      await writeAll(handle, bytes, size);
      size += bytes.length;
      lines = [];
    };
    for (const users of resources.values()) {
      for (const state of users.states()) {
        if (lines.push(stateLine(users.resourceId, state)) >= LINES_AT_ONCE) await writeLines();
      }
    }
    await writeLines();
    await handle.sync();
    return size;
  } finally {
    await handle.close();
  }
}
