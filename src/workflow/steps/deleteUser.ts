import { userOf, type Step } from '../step';

/** Deletes the run's user, even if the steps before failed. */
export const deleteUser: Step<void> = {
  name: 'Delete_a_user',
  runAfter: {
    Create_a_user: ['Succeeded'],
    Revoke_user_access_tokens: ['Succeeded', 'Failed', 'Skipped', 'TimedOut'],
  },
  successCode: 'NoContent',
  deeperChecks: ['deletedUserRefused'],
  inputs: (state) => ({ userId: state.userId }),
  async execute({ actions, state, call, userDeleted }) {
    const userId = userOf(state);
    await actions.deleteUser({ userId }, call);
    userDeleted(userId);
  },
};
