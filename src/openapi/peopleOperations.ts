import { myToken, personRecord } from '../auth/outputs';
import { ACS_ERRORS, LIMIT_ERRORS, STORAGE_ERRORS, type AnsweredCode, type Operation } from './operation';

const PEOPLE_ERRORS = ['NotEnabled', ...STORAGE_ERRORS] as const satisfies readonly AnsweredCode[];
/** A caller can't name a connection. */
const PEOPLE_ACS_ERRORS = ACS_ERRORS.filter((code) => code !== 'UnknownConnection' && code !== 'Misconfigured');
const SIGN_IN_ERRORS = [
  'InvalidToken',
  'ScopeMissing',
  'TooManyCalls',
  'IssuerUnavailable',
] as const satisfies readonly AnsweredCode[];

export const PEOPLE_OPERATIONS: Record<string, Operation> = {
  'POST /me/token': {
    operationId: 'issueMyToken',
    tag: 'People',
    summary: 'Issue a token for the signed-in person',
    description:
      'The first call creates an ACS user. Later calls issue tokens for the same ACS user. Each device of the person has its own ACS user. A person can have at most 10 devices. Each call issues a new token.',
    isForSignedIn: true,
    answers: { 200: { description: 'the token, and the ACS user that it is for', body: myToken } },
    errors: [...SIGN_IN_ERRORS, ...PEOPLE_ERRORS, ...PEOPLE_ACS_ERRORS, ...LIMIT_ERRORS, 'TooManyDevices'],
  },
  'GET /me': {
    operationId: 'getMe',
    tag: 'People',
    summary: 'Get the ACS users of the signed-in person',
    isForSignedIn: true,
    answers: { 200: { description: 'the person', body: personRecord } },
    errors: [...SIGN_IN_ERRORS, ...PEOPLE_ERRORS, 'NoIdentity'],
  },
  'DELETE /me/tokens': {
    operationId: 'revokeMyTokens',
    tag: 'People',
    summary: 'Revoke all tokens of the signed-in person on one device',
    isForSignedIn: true,
    answers: { 204: { description: 'the tokens are revoked' } },
    errors: [...SIGN_IN_ERRORS, ...PEOPLE_ERRORS, ...PEOPLE_ACS_ERRORS, 'NoIdentity'],
  },
  'DELETE /me': {
    operationId: 'deleteMe',
    tag: 'People',
    summary: 'Delete the ACS users of the signed-in person, and all that is stored about the person',
    description: 'The call also succeeds if there is nothing to delete.',
    isForSignedIn: true,
    answers: { 204: { description: 'the person is deleted' } },
    errors: [...SIGN_IN_ERRORS, ...PEOPLE_ERRORS, ...PEOPLE_ACS_ERRORS],
  },
  'GET /people/{tenantId}/{objectId}': {
    operationId: 'getPerson',
    tag: 'People',
    summary: 'Get the ACS users of a person',
    answers: { 200: { description: 'the person', body: personRecord } },
    errors: [...PEOPLE_ERRORS, 'NoIdentity'],
  },
  'DELETE /people/{tenantId}/{objectId}': {
    operationId: 'deletePerson',
    tag: 'People',
    summary: 'Delete the ACS users of a person, and all that is stored about the person',
    description: 'The call also succeeds if there is nothing to delete.',
    answers: { 204: { description: 'the person is deleted' } },
    errors: [...PEOPLE_ERRORS, ...PEOPLE_ACS_ERRORS],
  },
};
