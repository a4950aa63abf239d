// The four steps that most tests are about: they are the same four when the workflow of the app gets more.
import { WORKFLOW_NAME } from '../src/runs/run';
import type { Workflow } from '../src/workflow/step';
import { createUser } from '../src/workflow/steps/createUser';
import { deleteUser } from '../src/workflow/steps/deleteUser';
import { issueToken } from '../src/workflow/steps/issueToken';
import { revokeTokens } from '../src/workflow/steps/revokeTokens';

/** A workflow of these four steps, for tests of the engine and of what runs are made of. */
export const fourSteps: Workflow = { name: WORKFLOW_NAME, steps: [createUser, issueToken, revokeTokens, deleteUser] };

export const FOUR_NAMES = fourSteps.steps.map(({ name }) => name);

/** The records of the four steps in a run of the app, in the order of the run. */
export function stepsOf<Action extends { name: string }>(run: { actions: readonly Action[] } | undefined): Action[] {
  return (run?.actions ?? []).filter(({ name }) => FOUR_NAMES.includes(name));
}

/** The requests of a run without those of other steps than the four. A request names its step: by the span in its `traceparent`. */
export function requestsOf<Request extends { traceparent?: string }>(
  run: { actions: readonly { name: string; correlation?: { spanId?: string | undefined } }[] },
  requests: readonly Request[],
): Request[] {
  const others = run.actions.filter(({ name }) => !FOUR_NAMES.includes(name));
  const spans = others.flatMap(({ correlation }) => correlation?.spanId ?? []);
  return requests.filter(({ traceparent }) => !spans.some((span) => traceparent?.includes(span)));
}
