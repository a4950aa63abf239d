import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, type Detail } from './api';
import { useApp } from './app';
import { Icon } from './Icon';
import type { RunOptions, Workflow } from './types';

/** Shown while the limits of the app are not known. */
const NO_LIMITS: NonNullable<Workflow['limits']> = { allowedScopes: [], maxTokenMinutes: 1440 };

/** A run with other inputs. The app checks them: its errors are shown at their fields. */
export function RunWith({ options, onClose }: { options: RunOptions; onClose: () => void }) {
  const { workflow, run, fail } = useApp();
  const dialog = useRef<HTMLDialogElement>(null);
  const [error, setError] = useState<ApiError>();
  const { allowedScopes } = workflow?.limits ?? NO_LIMITS;
  const waitSeconds = useCountdown(error);

  useEffect(() => dialog.current?.showModal(), []);

  const submit = (form: HTMLFormElement) => {
    setError(undefined);
    const asked = optionsOf(new FormData(form));
    let isOpen = true;
    // the app answers at the end of the run; what it refuses, it refuses at once
    const opened = setTimeout(() => {
      isOpen = false;
      onClose();
    }, 1_000);
    run(asked).then(
      () => isOpen && (clearTimeout(opened), onClose()),
      (thrown: unknown) => {
        clearTimeout(opened);
        if (isOpen && thrown instanceof ApiError && thrown.status !== 401 && thrown.status !== 0) setError(thrown);
        else {
          onClose();
          fail(thrown);
        }
      },
    );
  };

  const { details: listed, target } = error?.more ?? {};
  const details: Detail[] = listed ?? (error && target !== undefined ? [{ target, message: error.message }] : []);
  const errorsOf = (name: string) =>
    details.filter((detail) => detail.target?.split(/[[.]/)[0] === name).map(({ message }) => message);
  const isPlaced = FIELDS.some((name) => errorsOf(name).length > 0);
  return (
    <dialog ref={dialog} class="runwith" aria-labelledby="runwith-title" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit(event.currentTarget);
        }}
        noValidate
      >
        <h2 id="runwith-title">Run with…</h2>
        <p class="quiet">What is left empty comes from the settings.</p>
        {error !== undefined && !isPlaced && (
          <p class="line bad" role="alert">
            <Icon name="triangle" />
            <span>
              {error.message}
              {error.status === 429 && waitSeconds > 0 && ` Now ${waitSeconds} s left.`}
            </span>
          </p>
        )}
        <label>
          Connection
          <select name="connection">
            <option value="">The one of the settings</option>
            {(workflow?.connections ?? []).map(({ name }) => (
              <option key={name} selected={name === options.connection}>
                {name}
              </option>
            ))}
          </select>
          <Errors name="connection" messages={errorsOf('connection')} />
        </label>
        <Scopes
          name="scopes"
          title="Scopes of the token"
          scopes={allowedScopes}
          chosen={options.scopes}
          messages={errorsOf('scopes')}
        />
        <Scopes
          name="createTokenWithScopes"
          title="Scopes of a token that is created with the user"
          scopes={allowedScopes}
          chosen={options.createTokenWithScopes}
          messages={errorsOf('createTokenWithScopes')}
        />
        <Field
          name="expiresInMinutes"
          title="Lifetime of the tokens, in minutes"
          hint="60 to 1440"
          value={options.expiresInMinutes?.toString() ?? ''}
          messages={errorsOf('expiresInMinutes')}
        />
        <Field
          name="clientTrackingId"
          title="Tracking id"
          hint="To find the run again"
          value=""
          messages={errorsOf('x-ms-client-tracking-id')}
        />
        <div class="tools">
          <button type="button" onClick={() => dialog.current?.close()}>
            Close
          </button>
          <button type="submit" class="primary" disabled={waitSeconds > 0}>
            <Icon name="play" /> {waitSeconds > 0 ? `Run in ${waitSeconds} s` : 'Run'}
          </button>
        </div>
      </form>
    </dialog>
  );
}

const FIELDS = ['connection', 'scopes', 'createTokenWithScopes', 'expiresInMinutes', 'x-ms-client-tracking-id'];

function optionsOf(form: FormData): RunOptions {
  const text = (name: string) => {
    const value = form.get(name);
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
  };
  const list = (name: string) => (form.has(name) ? (form.getAll(name) as string[]) : undefined);
  const minutes = text('expiresInMinutes');
  return {
    connection: text('connection'),
    scopes: list('scopes'),
    createTokenWithScopes: list('createTokenWithScopes'),
    // a text that is no number goes to the app as it is, which names the field
    expiresInMinutes: minutes === undefined ? undefined : ((Number(minutes) || minutes) as number),
    clientTrackingId: text('clientTrackingId'),
  };
}

function Scopes(props: {
  name: string;
  title: string;
  scopes: readonly string[];
  chosen: readonly string[] | undefined;
  messages: string[];
}) {
  const { name, title, scopes, chosen = [], messages } = props;
  return (
    <fieldset aria-describedby={`${name}-errors`}>
      <legend>{title}</legend>
      <div class="options">
        {scopes.map((scope) => (
          <label key={scope} class="option">
            <input type="checkbox" name={name} value={scope} defaultChecked={chosen.includes(scope)} /> {scope}
          </label>
        ))}
      </div>
      <Errors name={name} messages={messages} />
    </fieldset>
  );
}

function Field(props: { name: string; title: string; hint: string; value: string; messages: string[] }) {
  const { name, title, hint, value, messages } = props;
  return (
    <label>
      {title}
      <input
        name={name}
        defaultValue={value}
        placeholder={hint}
        autocomplete="off"
        aria-invalid={messages.length > 0}
        aria-describedby={`${name}-errors`}
      />
      <Errors name={name} messages={messages} />
    </label>
  );
}

function Errors({ name, messages }: { name: string; messages: string[] }) {
  return (
    <span id={`${name}-errors`} class="fielderror" role={messages.length > 0 ? 'alert' : undefined}>
      {messages.join(' ')}
    </span>
  );
}

/** Seconds until the app may be asked again. */
function useCountdown(error: ApiError | undefined): number {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    const until = Date.now() + (error?.more.retryAfterSeconds ?? 0) * 1000;
    const look = () => setLeft(Math.max(0, Math.ceil((until - Date.now()) / 1000)));
    look();
    const timer = setInterval(look, 250);
    return () => clearInterval(timer);
  }, [error]);
  return left;
}
