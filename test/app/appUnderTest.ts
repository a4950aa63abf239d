import { resolve } from 'node:path';
import { startFunctionsHost, type FunctionsHostOptions } from '../../local/functionsHost/host';
import type { RunningHost } from '../../local/runningHost';
import { startCoreToolsHost, usesCoreTools } from './coreToolsHost';
import { undocumented } from './documentedAnswers';

const root = resolve(__dirname, '../..');

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  body: Body;
}

export interface Body {
  identity?: { id: string };
  accessToken?: { token: string; expiresOn: string };
  token?: string;
  expiresOn?: string;
  id?: string;
  status?: string;
  error?: {
    code: string;
    message: string;
    target?: string;
    details?: { target?: string; message: string }[];
    innererror?: { code?: string; 'ms-cv'?: string };
  };
  [field: string]: unknown;
}

/** The built app under the local host (or `func`: {@link usesCoreTools}), with these settings and no others of the app. */
export interface AppUnderTest {
  host: RunningHost;
  /** What the host and the app said. */
  lines: string[];
  /** Fails if the answer is not as the OpenAPI document says. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Fires the timer, and resolves to the host's last line about it when its invocation has ended. */
  fireTimer(): Promise<string>;
  stop(): Promise<void>;
}

const TIMER_MS = 25_000;

/** The connection string of a storage account that can't be reached: nothing listens on port 1. */
export const unreachableStorage = `DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=${'A'.repeat(86)}==;TableEndpoint=http://127.0.0.1:1/devstoreaccount1;`;

/** Every name of a setting that the machine's environment might have. */
const SETTINGS =
  /^(AcsIdentity|IDENTITY_|WORKFLOW_|HISTORY_|AzureWebJobs|WEBSITE_|RUN_HISTORY|ALLOWED_|MAX_TOKEN_|NOTIFY_|HEARTBEAT_|PUBLIC_|APPLICATIONINSIGHTS_|REGION_NAME|IDENTITY_ENDPOINT|IDENTITY_HEADER|AZURE_|ENTRA_|MY_TOKEN)/;

/** Starts it; `stop` gives running invocations 2 s unless `options` say otherwise. */
export async function startApp(
  settings: Record<string, string>,
  appDirectory = root,
  options: Partial<FunctionsHostOptions> = {},
): Promise<AppUnderTest> {
  for (const name of Object.keys(process.env)) if (SETTINGS.test(name)) delete process.env[name];
  const lines: string[] = [];
  const environment = { WORKFLOW_SCHEDULE: '0 0 0 1 1 *', FUNCTIONS_WORKER_RUNTIME: 'node', ...settings };
  const log = (line: string) => void lines.push(line);
  const host: RunningHost = usesCoreTools
    ? await startCoreToolsHost(environment, appDirectory, log)
    : await startFunctionsHost({
        appDirectory,
        port: 0,
        settingsFile: false,
        environment,
        workerFile: resolve(root, '.local/build/functionsHost/worker.js'),
        log,
        watch: false,
        stopGraceMs: 2000,
        ...options,
      });
  return {
    host,
    lines,
    async call(method, path, body, headers = {}) {
      const response = await fetch(`http://127.0.0.1:${host.port}/api/${path}`, {
        method,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      const fault = undocumented(method, path, { status: response.status, headers: response.headers, text });
      if (fault !== undefined) throw new Error(`The OpenAPI document does not describe this answer: ${fault}`);
      return {
        status: response.status,
        headers: response.headers,
        text,
        body: (text === '' ? {} : JSON.parse(text)) as Body,
      };
    },
    async fireTimer() {
      const ended = () => lines.filter((line) => line.includes("Executed 'Functions.scheduledRun'"));
      const before = ended().length;
      const { status } = await fetch(`http://127.0.0.1:${host.port}/admin/functions/scheduledRun`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });
      if (status !== 202) throw new Error(`The timer can't be fired: ${status}.`);
      for (const until = Date.now() + TIMER_MS; ended().length === before;) {
        if (Date.now() > until) throw new Error(`The timer's run does not end; the log:\n${lines.join('\n')}`);
        await new Promise((done) => setTimeout(done, 25));
      }
      return ended().at(-1) ?? '';
    },
    stop: () => host.stop(),
  };
}
