// The hooks that the app registered, and the contexts that they get.

export type Callback = (...args: unknown[]) => unknown;

/** What the hooks and the log lines of one invocation, or of the app itself, share. */
export interface Scope {
  invocationId?: string;
  /** Hooks keep their own data here. */
  hookData: object;
  invocationContext?: unknown;
}

/** Of everything that belongs to no invocation. */
export const appScope: Scope = { hookData: {} };
const appHookData = {};

const HOOK_NAMES = ['appStart', 'appTerminate', 'preInvocation', 'postInvocation', 'log'];
const hooks = new Map(HOOK_NAMES.map((name) => [name, new Set<Callback>()]));

/** The hooks of one kind; `undefined` if there is no such kind. */
export function hooksOf(name: string): Set<Callback> | undefined {
  return hooks.get(name);
}

export async function runHooks(name: string, context: object): Promise<void> {
  for (const hook of hooks.get(name) ?? []) await hook(context);
}

/**
 * A hook's context.
 * @param settable properties that hooks may set; the same object is returned
 * @param readOnly more properties that they may not set
 */
export function hookContext<Settable extends object>(
  scope: Scope,
  settable: Settable,
  readOnly: object = {},
): Settable {
  const { hookData, invocationContext } = scope;
  const fixed = { hookData, appHookData, invocationContext, ...readOnly };
  for (const [name, value] of Object.entries(fixed)) Object.defineProperty(settable, name, { value, enumerable: true });
  return settable;
}
