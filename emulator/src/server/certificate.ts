import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { link, mkdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { dirname, join } from 'node:path';
import { DEFAULT_HOST } from './address';

export interface Certificate {
  /** What clients trust. */
  file: string;
  cert: string;
  key: string;
}

interface Pair {
  cert: string;
  key: string;
}

const DAY_MS = 86_400_000;
/** The longest that Apple's clients accept is 825. */
const VALID_DAYS = 730;
const RENEW_BEFORE_DAYS = 30;

/**
 * The certificate of the https endpoint, for localhost, 127.0.0.1 and `names`: the one in the directory while it is valid, else a new one. It signs
 * itself and can sign no other, so that trusting it trusts nothing else. Files: `certificate.pem`, and `certificate.key` (for its owner
 * alone), which holds both parts in one file, so that two processes that start at once cannot mix theirs up. A new certificate gets a
 * `.gitignore`, unless there is one, which keeps these files out of a repository.
 */
export async function loadCertificate(directory: string, moreNames: readonly string[]): Promise<Certificate> {
  const names = [...new Set(['localhost', DEFAULT_HOST, ...moreNames])];
  await mkdir(directory, { recursive: true });
  const pairFile = join(directory, 'certificate.key');
  const file = join(directory, 'certificate.pem');
  const pair = (await readPair(pairFile, names)) ?? (await makePair(pairFile, names));
  if ((await readFile(file, 'utf8').catch(() => '')) !== pair.cert) await replaceFile(file, pair.cert, 0o644);
  return { file, ...pair };
}

async function readPair(file: string, names: readonly string[]): Promise<Pair | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const [key] = /-----BEGIN PRIVATE KEY-----[^]*?-----END PRIVATE KEY-----\r?\n?/.exec(text) ?? [];
  const [cert] = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----\r?\n?/.exec(text) ?? [];
  return key !== undefined && cert !== undefined && isUsable({ cert, key }, names) ? { cert, key } : undefined;
}

function isUsable({ cert, key }: Pair, names: readonly string[]): boolean {
  try {
    const certificate = new X509Certificate(cert);
    const from = Date.parse(certificate.validFrom);
    const to = Date.parse(certificate.validTo);
    return (
      certificate.checkPrivateKey(createPrivateKey(key)) &&
      names.every((name) => certificate[isIP(name) ? 'checkIP' : 'checkHost'](name) !== undefined) &&
      from <= Date.now() &&
      to > Date.now() + RENEW_BEFORE_DAYS * DAY_MS
    );
  } catch {
    return false;
  }
}

/** Names only the files that are written here: the directory may hold others. */
const GIT_IGNORE = '/certificate.*\n/.gitignore\n';

async function ignoreInGit(directory: string): Promise<void> {
  await writeFile(join(directory, '.gitignore'), GIT_IGNORE, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

async function makePair(file: string, names: readonly string[]): Promise<Pair> {
  await ignoreInGit(dirname(file));
  const { generate } = await import('selfsigned');
  const made = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - DAY_MS),
    notAfterDate: new Date(Date.now() + VALID_DAYS * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) => (isIP(name) ? { type: 7, ip: name } : { type: 2, value: name })),
      },
    ],
  });
  const pair = { key: withLineEnd(made.private), cert: withLineEnd(made.cert) };
  const temporary = await writeTemporary(file, pair.key + pair.cert, 0o600);
  try {
    await link(temporary, file);
  } catch {
    // Another process was first; or what is there is of no use any more.
    const existing = await readPair(file, names);
    if (existing !== undefined) {
      await unlink(temporary);
      return existing;
    }
    await rename(temporary, file);
    return pair;
  }
  await unlink(temporary);
  return pair;
}

const withLineEnd = (pem: string): string => `${pem.replaceAll('\r', '').trimEnd()}\n`;

async function replaceFile(file: string, text: string, mode: number): Promise<void> {
  await rename(await writeTemporary(file, text, mode), file);
}

async function writeTemporary(file: string, text: string, mode: number): Promise<string> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(temporary, text, { mode, flag: 'wx' });
  return temporary;
}
