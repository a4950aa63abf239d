import { startRun, stopRuns } from '../../src/workflow/startRun';

test('a run that can not begin while the app is being stopped keeps nobody from stopping', async () => {
  process.env.AcsIdentity = 'endpoint=http://127.0.0.1:9/;accesskey=a2V5';
  try {
    const run = startRun({ connection: 'Nobody', trigger: { name: 'Manual', kind: 'Http' } });
    const stopped = stopRuns();
    await expect(run).rejects.toMatchObject({ code: 'UnknownConnection' });
    expect(await stopped).toEqual([]);
  } finally {
    delete process.env.AcsIdentity;
  }
});
