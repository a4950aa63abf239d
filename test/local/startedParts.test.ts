import { StartedParts } from '../../local/startedParts';

function partsWithLog() {
  const parts = new StartedParts();
  const log: string[] = [];
  const part = (name: string, fault?: Error) => ({
    stop: () => {
      log.push(name);
      return fault ? Promise.reject(fault) : Promise.resolve();
    },
  });
  return { parts, log, part };
}

describe('what was started', () => {
  it('is stopped in reverse order, each only when the one before is gone', async () => {
    const { parts, log, part } = partsWithLog();
    await parts.start(() => Promise.resolve(part('emulator')));
    await parts.start(() =>
      Promise.resolve({
        stop: async () => {
          log.push('host stops');
          await new Promise((done) => setImmediate(done));
          log.push('host stopped');
        },
      }),
    );
    await parts.stop();
    expect(log).toEqual(['host stops', 'host stopped', 'emulator']);
  });

  it('is stopped once, however often that is asked for', async () => {
    const { parts, log, part } = partsWithLog();
    await parts.start(() => Promise.resolve(part('emulator')));
    await Promise.all([parts.stop(), parts.stop()]);
    expect(log).toEqual(['emulator']);
  });

  it('is stopped too when it was still starting', async () => {
    const { parts, log, part } = partsWithLog();
    let finishStart: (value: ReturnType<typeof part>) => void = () => undefined;
    const starting = parts.start(() => new Promise<ReturnType<typeof part>>((done) => (finishStart = done)));
    const stopping = parts.stop();
    finishStart(part('late'));
    await Promise.all([starting, stopping]);
    expect(log).toEqual(['late']);
  });

  it('is followed by nothing once the stop has begun', async () => {
    const { parts, part } = partsWithLog();
    const begin = jest.fn(() => Promise.resolve(part('never')));
    await parts.stop();
    await expect(parts.start(begin)).rejects.toMatchObject({ name: 'Interrupted' });
    expect(begin).not.toHaveBeenCalled();
  });

  it('is stopped even when a part failed to start or to stop, and the failure is told', async () => {
    const { parts, log, part } = partsWithLog();
    await parts.start(() => Promise.resolve(part('emulator')));
    await expect(parts.start(() => Promise.reject(new Error('no port')))).rejects.toThrow('no port');
    const fault = new Error('stuck');
    await parts.start(() => Promise.resolve(part('host', fault)));
    await expect(parts.stop()).rejects.toMatchObject({ errors: [fault] });
    expect(log).toEqual(['host', 'emulator']);
  });

  it('is stopped the way that the command was', async () => {
    const { parts, log } = partsWithLog();
    await parts.start(() => Promise.resolve({ stop: (signal) => Promise.resolve(void log.push(String(signal))) }));
    await parts.stop('SIGTERM');
    expect(log).toEqual(['SIGTERM']);
  });

  it('is told a second time to stop when it is forced', async () => {
    const { parts, log } = partsWithLog();
    let end: () => void = () => undefined;
    const ended = new Promise<void>((done) => (end = done));
    let stops = 0;
    await parts.start(() =>
      Promise.resolve({
        stop: () => {
          log.push(`stop ${++stops}`);
          if (stops === 2) end();
          return ended;
        },
      }),
    );
    const stopping = parts.stop();
    await new Promise((done) => setImmediate(done));
    parts.force();
    await stopping;
    expect(log).toEqual(['stop 1', 'stop 2']);
  });
});
