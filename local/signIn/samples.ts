// The sample organizations, people and apps of the local sign-in service. The ids are fixed, so that settings and configuration files can name them; only the
// keys are new at each start.

/** The port that local.settings.json.example names. */
export const DEFAULT_SIGN_IN_PORT = 8089;
/** POST here with `?as=NAME` for an access token; `npm run dev-token` does. */
export const DEV_TOKEN_PATH = '/dev-token';

export interface SampleUser {
  /** How the sign-in page and `npm run dev-token -- --as NAME` call the user. */
  name: string;
  fullName: string;
  email: string;
  /** `oid`: the user's id in the tenant. */
  objectId: string;
}

export interface SampleTenant {
  id: string;
  organization: string;
  users: SampleUser[];
}

const user = (name: string, fullName: string, domain: string, objectId: string): SampleUser => ({
  name,
  fullName,
  email: `${name}@${domain}`,
  objectId,
});

/** Its issuer is in `ENTRA_ISSUERS` of local.settings.json.example. */
export const HOME_TENANT: SampleTenant = {
  id: '10ca1000-7e4a-4000-8000-000000000001',
  organization: 'Contoso',
  users: [
    user('ada', 'Ada Lovelace', 'contoso.example', '10ca1000-0b1d-4000-8000-000000000001'),
    user('grace', 'Grace Hopper', 'contoso.example', '10ca1000-0b1d-4000-8000-000000000002'),
  ],
};

/** Its issuer is not in `ENTRA_ISSUERS`: the app must refuse its users. */
export const OTHER_TENANT: SampleTenant = {
  id: '10ca1000-7e4a-4000-8000-000000000002',
  organization: 'Fabrikam',
  users: [user('mallory', 'Mallory Doe', 'fabrikam.example', '10ca1000-0b1d-4000-8000-000000000003')],
};

export const TENANTS: readonly SampleTenant[] = [HOME_TENANT, OTHER_TENANT];

/** The app registration of the API; `ENTRA_AUDIENCE` names it. */
export const API_CLIENT_ID = '10ca1000-a910-4000-8000-000000000001';
/** The app registration of the front end. */
export const FRONT_END_CLIENT_ID = '10ca1000-f407-4000-8000-000000000001';
/** The API's one delegated permission, and how a front end asks for it. */
export const API_PERMISSION = 'Token.Self';
export const API_RESOURCE = `api://${API_CLIENT_ID}`;
export const API_SCOPE = `${API_RESOURCE}/${API_PERMISSION}`;

/** The path of a tenant's issuer. */
export const issuerPath = (tenant: SampleTenant): string => `/${tenant.id}/v2.0`;
export const issuerOf = (tenant: SampleTenant, port: number): string => `http://127.0.0.1:${port}${issuerPath(tenant)}`;

/** Does this issuer name the home tenant at the local sign-in service, at any port of this machine? */
const isLocalIssuer = (issuer: string): boolean =>
  URL.canParse(issuer) &&
  new RegExp(`^http://(127\\.0\\.0\\.1|localhost):\\d+${issuerPath(HOME_TENANT)}$`).test(issuer);

const listed = (issuers: string): string[] => issuers.split(',').map((issuer) => issuer.trim());

/** The port of the local sign-in service if `ENTRA_ISSUERS` names it: then it has to be started. */
export function signInPortOf(issuers = ''): number | undefined {
  const issuer = listed(issuers).find(isLocalIssuer);
  return issuer === undefined ? undefined : Number(new URL(issuer).port);
}

/** `ENTRA_ISSUERS` with the service at another port. */
export function issuersAtPort(issuers: string, port: number): string {
  const atPort = (issuer: string) => (isLocalIssuer(issuer) ? issuerOf(HOME_TENANT, port) : issuer);
  return listed(issuers).map(atPort).join(',');
}
