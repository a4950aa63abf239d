// Whether a script that polls `npm start` until it answers gets an answer that it cannot use: STARTS starts (default 30) on free ports, one
// after the other, each polled every 20 ms for a second from its first answer on. No answer may be 503. STARTS=10 npm run bench -- starts
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { median, printTable } from './measure';
import { copyProject, knownPorts, pollAnswers, startEnvironment, type PolledAnswers } from './polledStart';
import { ROOT } from './projectRoot';

const STARTS = Number(process.env['STARTS'] ?? 30);
const POLL_MS = 1000;

type Start = PolledAnswers & { readyMs: number };

/** Starts once, polls, and stops. `readyMs`: until the first run of the workflow has ended. */
async function polledStart(project: string): Promise<Start> {
  const { port, args } = await knownPorts();
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['local/bootstrap.mjs', 'start', ...args], {
    cwd: project,
    env: startEnvironment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((done) => child.once('close', done));
  let output = '';
  const ready = new Promise<number>((done) => {
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
      if (output.includes('Press Ctrl+C to stop.')) done(performance.now() - startedAt);
    });
  });
  try {
    const notStarted = ended.then((): never => {
      throw new Error(`The start ended early:\n${output}`);
    });
    const both = Promise.all([pollAnswers(port, POLL_MS), ready]);
    const [polled, readyMs] = await Promise.race([both, notStarted]);
    return { ...polled, readyMs };
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

async function main(): Promise<void> {
  const project = await copyProject(ROOT);
  const starts: Start[] = [];
  try {
    for (let n = 0; n < STARTS; n += 1) starts.push(await polledStart(project));
  } finally {
    await rm(project, { recursive: true, force: true, maxRetries: 5 });
  }
  const of = (figure: (start: Start) => number): string[] => {
    const figures = starts.map(figure);
    return [Math.min(...figures), median(figures), Math.max(...figures)].map((ms) => `${ms.toFixed(0)} ms`);
  };
  printTable(
    [`${STARTS} starts`, 'least', 'median', 'most'],
    [
      ['until the first answer', ...of(({ firstAnswerMs }) => firstAnswerMs)],
      ['until the first run has ended', ...of(({ readyMs }) => readyMs)],
    ],
  );
  const unavailable = starts.flatMap((start) => start.unavailable);
  const affected = starts.filter((start) => start.unavailable.length > 0).length;
  const answers = starts.flatMap(({ counts }) => Object.values(counts)).reduce((sum, count) => sum + count, 0);
  console.log(`\n${unavailable.length} of ${answers} answers were 503, in ${affected} of ${STARTS} starts.`);
  for (const text of new Set(unavailable.map((answer) => answer.slice(0, 40)))) console.log(`  ${text}…`);
  if (unavailable.length > 0) process.exitCode = 1;
}

void main();
