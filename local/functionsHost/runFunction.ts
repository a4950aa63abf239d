import { inspect } from 'node:util';
import { getProgrammingModel, registeredFunctions } from './coreApi';
import { hookContext, runHooks, type Scope } from './hooks';
import { sendLog } from './hostChannel';
import type { Answer, Call, Failure } from './ipc';

/** What postInvocation hooks get, and may change. */
interface Outcome {
  inputs: unknown[];
  result: unknown;
  error: unknown;
}

/** Runs the function of a call with its hooks. Never rejects. */
export async function runFunction(call: Call): Promise<Answer> {
  try {
    return await runWithHooks(call);
  } catch (error) {
    return { failure: failureOf(error) };
  }
}

/** The order of the steps, and what each context holds, are those of the real worker (azure-functions-nodejs-worker). */
async function runWithHooks({ id, functionId, input }: Call): Promise<Answer> {
  const registered = registeredFunctions.get(functionId);
  const programmingModel = getProgrammingModel();
  if (!registered || !programmingModel) throw new Error(`The app has no function with id "${functionId}".`);
  const { metadata, callback } = registered;

  const triggerName = Object.entries(metadata.bindings).find(([, { type }]) => /trigger$/i.test(type))?.[0];
  const request = {
    invocationId: id,
    functionId,
    inputData: [{ name: triggerName, data: input }],
    triggerMetadata: {},
    traceContext: {},
  };
  const scope: Scope = { invocationId: id, hookData: {} };
  const coreContext = {
    invocationId: id,
    request,
    metadata,
    log: (level: string, category: string, message: string) => sendLog(scope, level, category, message),
    /** The library warns about log lines in a state other than these. */
    state: undefined as 'preInvocationHooks' | 'invocation' | 'postInvocationHooks' | undefined,
  };
  const model = await programmingModel.getInvocationModel(coreContext);
  const { context, inputs } = await model.getArguments();
  scope.invocationContext = context;

  coreContext.state = 'preInvocationHooks';
  const before = hookContext(scope, { inputs, functionCallback: callback });
  await runHooks('preInvocation', before);

  coreContext.state = 'invocation';
  const after = hookContext<Outcome>(scope, { inputs: before.inputs, result: null, error: null });
  try {
    after.result = (await model.invokeFunction(context, before.inputs, before.functionCallback)) ?? null;
  } catch (error) {
    after.error = error;
  }

  coreContext.state = 'postInvocationHooks';
  await runHooks('postInvocation', after);

  coreContext.state = undefined;
  if (after.error != null) return { failure: failureOf(after.error) };
  return { http: (await model.getResponse(context, after.result)).returnValue?.http };
}

function failureOf(error: unknown): Failure {
  return error instanceof Error ? { message: error.message, stack: error.stack } : { message: inspect(error) };
}
