import { spawn } from 'node:child_process';

export interface EmulatorProcess {
  connectionString: string;
  stop(): void;
}

/** An identity emulator in a process of its own, as a service would be. */
export async function startEmulatorProcess(): Promise<EmulatorProcess> {
  const child = spawn(process.execPath, ['emulator/bin/acs-identity-emulator.mjs', '--port', '0', '--print', 'json'], {
    // nothing is sent over the channel; it closes when this process dies, however it does, and then the emulator ends too
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const line = await new Promise<string>((done, fail) => {
    let text = '';
    child.once('exit', (code) => fail(new Error(`The emulator ended with ${code}.`)));
    child.stdout?.on('data', (data: Buffer) => {
      text += data.toString();
      const end = text.indexOf('\n');
      if (end >= 0) done(text.slice(0, end));
    });
  });
  const { connectionString } = JSON.parse(line) as { connectionString: string };
  return { connectionString, stop: () => void child.kill() };
}
