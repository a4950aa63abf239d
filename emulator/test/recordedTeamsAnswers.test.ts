import { createIdentityEmulator, type IdentityEmulator } from '../src';
import { accessToken, error, expectRecorded, type Recorded } from './recordedAnswer';

const APP_ID = '9fc1d5f5-3b0a-4b0e-8d0e-111111111111';
const TEAMS_USER_ID = '9fc1d5f5-3b0a-4b0e-8d0e-222222222222';
const OTHER_ID = '9fc1d5f5-3b0a-4b0e-8d0e-333333333333';
const TEAMS = '/teamsUser/:exchangeAccessToken';

let emulator: IdentityEmulator;

beforeAll(async () => {
  emulator = await createIdentityEmulator();
});
afterAll(() => emulator.close());

const teamsToken = (expiresInSeconds = 3600) =>
  emulator.createTeamsToken({ appId: APP_ID, userId: TEAMS_USER_ID, expiresInSeconds });
const teamsBody = (change: object = {}) => ({ token: teamsToken(), appId: APP_ID, userId: TEAMS_USER_ID, ...change });

const recorded: Recorded[] = [
  {
    behaviour: 'a Teams token is exchanged',
    version: '2022-10-01',
    call: () => ({ path: TEAMS, body: teamsBody() }),
    status: 200,
    body: accessToken,
    versions: true,
  },
  {
    behaviour: 'a Teams token alone is exchanged in the preview',
    version: '2021-10-31-preview',
    call: () => ({ path: TEAMS, body: { token: teamsToken() } }),
    status: 200,
    body: accessToken,
    versions: true,
  },
  ...['', 'invalid', 'expired'].flatMap((kind) =>
    ['2021-10-31-preview', '2022-10-01'].map((version): Recorded => ({
      behaviour: `a Teams token that is ${kind || 'empty'} is refused`,
      version,
      call: () => ({ path: TEAMS, body: teamsBody({ token: kind === 'expired' ? teamsToken(-60) : kind }) }),
      status: 401,
      body: error('InvalidAccessToken', 'Provided access token is not valid.'),
      versions: false,
    })),
  ),
  ...(['appId', 'userId'] as const).flatMap((field): Recorded[] => {
    const Field = field === 'appId' ? 'AppId' : 'UserId';
    return [
      {
        behaviour: `an empty ${field} is refused by the model`,
        version: '2022-10-01',
        call: () => ({ path: TEAMS, body: teamsBody({ [field]: '' }) }),
        status: 400,
        body: error('ValidationError', `${Field}: The ${Field} field is required.`, Field),
        versions: false,
      },
      {
        behaviour: `a ${field} that is no guid is refused`,
        version: '2022-10-01',
        call: () => ({ path: TEAMS, body: teamsBody({ [field]: 'invalid' }) }),
        status: 400,
        body: error('ValidationError', `Provided ${Field} has invalid format.`, field),
        versions: true,
      },
      {
        behaviour: `another ${field} than the token's is refused`,
        version: '2022-10-01',
        call: () => ({ path: TEAMS, body: teamsBody({ [field]: OTHER_ID }) }),
        status: 400,
        body: error(
          'ValidationError',
          field === 'appId'
            ? 'AAD application is not the expected one.'
            : 'Provided AAD token issued for unexpected user.',
          field,
        ),
        versions: true,
      },
    ];
  }),
];

test.each(recorded)('$behaviour ($version)', (each) => expectRecorded(emulator, each));
