// The Functions host gives a worker 5 s after it has asked it to end, then kills it: azure-functions-host,
// src/WebJobs.Script.Grpc/Channel/GrpcWorkerChannel.cs (WorkerTerminate). What a run has made, and that it was cut off, must be said by then, also
// when neither ACS nor the storage answers.
import { startCollector, type Collector } from '../telemetry/collector';
import { startSurroundings, type Surroundings } from './appWithProxies';

const GRACE_MS = 100;
const WORKER_MS = 5_000;
let around: Surroundings;
let collector: Collector;
beforeAll(async () => {
  [around, collector] = await Promise.all([startSurroundings(), startCollector()]);
});
afterAll(() => Promise.all([around.close(), collector.close()]));
beforeEach(() => around.reset());

const CREATE = /^\/identities\?/;
test.each([
  ['POST runs', 'creates', CREATE, /was stopped while it created a user\. ACS may have made one that is left/],
  [
    'POST runs',
    'uses',
    /:issueAccessToken/,
    /its user could not be deleted in time\. It is left in ACS: 8:acs:\S+\. The run could not be recorded in time either/,
  ],
  ['the timer', 'creates', CREATE, /was stopped while it created a user\. ACS may have made one that is left/],
  ['the timer', 'uses', /:issueAccessToken/, /could not be deleted in time\. It is left in ACS: 8:acs:/],
])(
  'a run of %s that %s a user while ACS and the storage hang ends within 5 s, and says what it left',
  async (trigger, _does, hangsFrom, said) => {
    const app = await around.open(
      {
        APPLICATIONINSIGHTS_CONNECTION_STRING: collector.connectionString,
        NODE_EXTRA_CA_CERTS: collector.certificateFile,
      },
      {},
      // the app ends by itself, before the host would have killed it
      { stopGraceMs: GRACE_MS, terminateGraceMs: 20_000 },
    );
    around.tables.meddle = () => ({ hang: true });
    const hanging = new Promise<void>((done) => {
      let hangs = false;
      around.acs.meddle = ({ path }) => {
        hangs ||= hangsFrom.test(path);
        if (hangs) done();
        return { hang: hangs };
      };
    });
    const answer = (trigger === 'POST runs' ? app.call('POST', 'runs') : app.fireTimer()).catch(() => undefined);
    await hanging;
    const started = performance.now();
    await app.stop();
    const tookMs = performance.now() - started - GRACE_MS;
    expect(tookMs).toBeLessThan(WORKER_MS - 200);
    expect(app.lines.join('\n')).toMatch(said);
    expect(app.lines.filter((line) => line.includes('SIGKILL'))).toEqual([]);
    expect(collector.envelopes).toEqual([]);
    await answer;
  },
);
