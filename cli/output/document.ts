import { openSync, writeSync, closeSync, ftruncateSync } from 'node:fs';
import { CommandError } from '../commandError';

/** What a command prints for programs: on stdout, or in a file that is opened before anything else is done. */
export class Document {
  private constructor(private readonly file: number | undefined) {}

  /** @throws CommandError when the file can't be written: better now than after the work */
  static at(path: string | undefined): Document {
    if (path === undefined) return new Document(undefined);
    try {
      return new Document(openSync(path, 'a'));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
      throw new CommandError(`--output-file ${path} can't be written (${code}).`);
    }
  }

  get isFile(): boolean {
    return this.file !== undefined;
  }

  /** Replaces what was in the file. */
  write(text: string): void {
    if (this.file === undefined) {
      process.stdout.write(text);
      return;
    }
    ftruncateSync(this.file);
    writeSync(this.file, text);
    closeSync(this.file);
  }
}
