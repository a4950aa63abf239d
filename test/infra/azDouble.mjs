// In place of `az`: knows the commands that infra/entra-app.sh calls, and of Microsoft Graph what these calls need. What it refuses, the real ones refuse
// too (https://learn.microsoft.com/cli/azure/ad, https://learn.microsoft.com/graph/api/resources/application). Anything else ends with exit code 2.
// State and calls are in the file AZ_STATE. Each kind in `delayed` is
// unknown once before it is known, as in Entra right after its creation. The command `broken` always fails.
import { readFileSync, writeFileSync } from 'node:fs';

const file = process.env.AZ_STATE;
const state = JSON.parse(readFileSync(file, 'utf8'));
const end = (code, text = '') => {
  writeFileSync(file, JSON.stringify(state));
  if (code === 0) process.stdout.write(text);
  else process.stderr.write(`ERROR: ${text}\n`);
  process.exit(code);
};

const args = process.argv.slice(2);
const at = args.findIndex((arg) => arg.startsWith('-'));
const command = args.slice(0, at).join(' ');
const options = {};
for (let i = at; i < args.length; i += 2) {
  if (!args[i].startsWith('--') || args[i + 1] === undefined || options[args[i]] !== undefined)
    end(2, `arguments: ${args.join(' ')}`);
  options[args[i]] = args[i + 1];
}
const TAKES = {
  'account show': ['--query', '--output'],
  'ad app list': ['--filter', '--query', '--output'],
  'ad sp list': ['--filter', '--query', '--output'],
  'ad sp create': ['--id', '--query', '--output'],
  rest: ['--method', '--url', '--headers', '--body', '--query', '--output'],
};
for (const name of Object.keys(options)) if (!TAKES[command]?.includes(name)) end(2, `az ${command} ${name}`);

const body = options['--body'] === undefined ? undefined : JSON.parse(options['--body']);
const path = options['--url']?.replace('https://graph.microsoft.com/v1.0/', '').replaceAll('%20', ' ');
state.calls.push(
  [command, options['--method'], options['--filter'] ?? options['--id'] ?? path, body].filter(
    (part) => part !== undefined,
  ),
);

if (command === state.broken) end(1, 'Service Unavailable');

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const newId = () => `00000000-0000-4000-8000-${String((state.last = (state.last ?? 0) + 1)).padStart(12, '0')}`;
/** Prints a value as `--output tsv` does: one line for each item, tabs between the parts of an item. */
function print(value) {
  if (options['--output'] === 'none') return end(0);
  if (options['--output'] !== 'tsv') return end(2, 'output');
  const lines = value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
  return end(
    0,
    lines.map((line) => `${(Array.isArray(line) ? line : [line]).map((part) => part ?? 'None').join('\t')}\n`).join(''),
  );
}
/** The queries of the script, as JMESPath evaluates them. */
function select(object) {
  const query = options['--query'];
  const [, list] = /^length\(([\w.]+)\)$/.exec(query) ?? [];
  if (list !== undefined) return list.split('.').reduce((value, name) => value[name], object).length;
  if (/^[\w.]+$/.test(query)) return query.split('.').reduce((value, name) => value?.[name], object);
  const [, name] = /^(\w+)\[0\](?:\.id)?$/.exec(query) ?? [];
  if (name !== undefined) return query.endsWith('.id') ? object[name][0]?.id : object[name][0];
  const [, scope] = /^api\.oauth2PermissionScopes\[\?value=='([\w.]+)'\]\.id \| \[0\]$/.exec(query) ?? [];
  if (scope !== undefined) return object.api.oauth2PermissionScopes.find(({ value }) => value === scope)?.id;
  const [, client] = /^api\.preAuthorizedApplications\[\?appId=='([\w-]+)'\] \| \[0\]\.appId$/.exec(query) ?? [];
  if (client !== undefined) return object.api.preAuthorizedApplications.find(({ appId }) => appId === client)?.appId;
  if (query === '[[id,appId]]') return [[object.id, object.appId]];
  if (query === '[].[id,appId]') return object.map(({ id, appId }) => [id, appId]);
  if (query === '[0].id') return object[0]?.id;
  return end(2, `query ${query}`);
}
const isKnown = (kind) => {
  const wait = (state.delayed ?? []).indexOf(kind);
  if (wait === -1) return true;
  state.delayed.splice(wait, 1);
  return false;
};

/** What Graph says about an application with these values; the text of an error, or undefined. */
function refusal(app) {
  for (const uri of app.spa.redirectUris) {
    if (!/^https:\/\//.test(uri) && !/^http:\/\/localhost[:/]?/.test(uri)) return `redirect URI ${uri}`;
  }
  for (const uri of app.identifierUris) if (uri !== `api://${app.appId}`) return `identifier URI ${uri}`;
  for (const { id, value, type, adminConsentDisplayName, adminConsentDescription } of app.api.oauth2PermissionScopes) {
    if (!GUID.test(id) || !value || type !== 'User' || !adminConsentDisplayName || !adminConsentDescription)
      return 'scope';
  }
  for (const { appId, delegatedPermissionIds } of app.api.preAuthorizedApplications) {
    if (!state.applications.some((other) => other.appId === appId)) return 'application does not exist';
    for (const id of delegatedPermissionIds)
      if (!app.api.oauth2PermissionScopes.some((scope) => scope.id === id)) return 'permission';
  }
  for (const { resourceAppId, resourceAccess } of app.requiredResourceAccess) {
    if (!GUID.test(resourceAppId) || resourceAccess.some(({ id, type }) => !GUID.test(id) || type !== 'Scope'))
      return 'resource access';
  }
  return undefined;
}
const withDefaults = (app) => ({
  ...{ identifierUris: [], requiredResourceAccess: [] },
  ...app,
  api: { requestedAccessTokenVersion: null, oauth2PermissionScopes: [], preAuthorizedApplications: [], ...app.api },
  spa: { redirectUris: [], ...app.spa },
});

if (command === 'account show') {
  if (state.tenantId === undefined) end(1, "Please run 'az login' to setup account.");
  print(select({ tenantId: state.tenantId }));
}
if (command === 'ad app list') {
  const [, name] = /^displayName eq '([^']+)'$/.exec(options['--filter']) ?? end(2, 'filter');
  print(select(state.applications.filter(({ displayName }) => displayName === name)));
}
if (command === 'ad sp list') {
  const [, client] = /^appId eq '([^']+)'$/.exec(options['--filter']) ?? end(2, 'filter');
  print(select(state.servicePrincipals.filter(({ appId }) => appId === client)));
}
if (command === 'ad sp create') {
  const appId = options['--id'];
  if (!state.applications.some((app) => app.appId === appId) || !isKnown('principal'))
    end(1, 'The appId does not reference a valid application object.');
  if (state.servicePrincipals.some((principal) => principal.appId === appId))
    end(1, 'The service principal name is already in use.');
  const principal = { id: newId(), appId };
  state.servicePrincipals.push(principal);
  print(select(principal));
}
if (command !== 'rest') end(2, command);
const method = options['--method'];
if ((body !== undefined) !== (options['--headers'] === 'Content-Type=application/json')) end(2, 'headers');
const [, objectId] = /^applications\/([\w-]+)$/.exec(path) ?? [];
if (method === 'POST' && path === 'applications') {
  const app = withDefaults({ id: newId(), appId: newId(), ...body });
  if (!app.displayName || app.signInAudience !== 'AzureADMyOrg' || refusal(app)) end(1, `Bad Request: ${refusal(app)}`);
  state.applications.push(app);
  print(select(app));
}
if (objectId !== undefined) {
  const app = state.applications.find(({ id }) => id === objectId);
  if (app === undefined || !isKnown('application')) end(1, 'Not Found');
  if (method === 'GET') print(select(app));
  if (method === 'PATCH') {
    // Inside api and spa, Graph changes only what is named, by the rules of OData. With `forgets`, it would lose the version of tokens.
    const api = { ...app.api, ...(state.forgets ? { requestedAccessTokenVersion: null } : {}), ...body.api };
    const changed = { ...app, ...body, api, spa: { ...app.spa, ...body.spa } };
    if (refusal(changed)) end(1, `Bad Request: ${refusal(changed)}`);
    Object.assign(app, changed);
    print(undefined);
  }
}
const [, client, resource] =
  /^oauth2PermissionGrants\?\$filter=clientId eq '([\w-]+)' and resourceId eq '([\w-]+)'$/.exec(path) ?? [];
if (method === 'GET' && client !== undefined) {
  print(
    select({
      value: state.grants.filter(({ clientId, resourceId }) => clientId === client && resourceId === resource),
    }),
  );
}
if (method === 'POST' && path === 'oauth2PermissionGrants') {
  const isPrincipal = (id) => state.servicePrincipals.some((principal) => principal.id === id);
  if (!isPrincipal(body.clientId) || !isPrincipal(body.resourceId) || body.consentType !== 'AllPrincipals')
    end(1, 'Bad Request');
  if (state.grants.some(({ clientId, resourceId }) => clientId === body.clientId && resourceId === body.resourceId))
    end(1, 'Permission entry already exists.');
  const grant = { id: newId(), ...body };
  state.grants.push(grant);
  print(select(grant));
}
end(2, `${method} ${path}`);
