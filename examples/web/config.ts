/** The content of config.json. */
export interface Config {
  /** Where the functions are, without a slash at the end. */
  api: string;
  /** The endpoint of the ACS resource, without a slash at the end. */
  acs: string;
  /** The app registration of this page. */
  clientId: string;
  /** The permission of the API, as in `api://CLIENT_ID_OF_THE_API/Token.Self`. */
  scope: string;
  /** The tenant: `https://login.microsoftonline.com/TENANT_ID`. An http address is the local sign-in service. */
  authority: string;
  /** For a second button: a tenant whose users the API refuses. */
  otherAuthority?: string;
}

export const config = (await (await fetch('config.json')).json()) as Config;
