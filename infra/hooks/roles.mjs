// azd runs this after provisioning (azure.yaml). The templates assign the roles of the app on what they make; the one on a Communication
// Services resource that was there before is assigned here. Where the deployer may not assign roles, it prints the commands for somebody who may,
// until they have run them.
import process from 'node:process';
import { callAzure, NotYet, output, Stop } from './azure.mjs';

const API_VERSION = '2022-04-01';

/** The command that does the same. Its name is the one in the templates, so that they may make the assignment again. */
const command = ({ name, principalId, role, scope }) =>
  `az role assignment create --name ${name} --assignee-principal-type ServicePrincipal` +
  ` --assignee-object-id ${principalId} --role ${role} --scope "${scope}"`;

/** The answer of Azure, or `reason`: why there is none. */
async function ask(...request) {
  try {
    const { status, body } = await callAzure(...request);
    const code = body?.error?.code;
    return { status, body, code, reason: `Azure answers ${status}${code ? ` ${code}` : ''}` };
  } catch (error) {
    if (error instanceof NotYet || error instanceof Stop) return { reason: error.message };
    throw error;
  }
}

/** Why it could not be assigned; `undefined` if it is. */
async function assign({ name, principalId, role, scope }) {
  const [, subscription] = /^\/subscriptions\/([^/]+)\//.exec(scope) ?? [];
  const roleDefinitionId = `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role}`;
  const path = `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}?api-version=${API_VERSION}`;
  const properties = { principalId, roleDefinitionId, principalType: 'ServicePrincipal' };
  const { status, code, reason } = await ask('PUT', path, { properties });
  // it may have been assigned before, under another name
  const isAssigned = status === 200 || status === 201 || (status === 409 && code === 'RoleAssignmentExists');
  return isAssigned ? undefined : reason;
}

/** Has somebody assigned it, under any name, on the resource or above it? `reason` says why that is not known. */
async function find({ principalId, role, scope }) {
  const filter = encodeURIComponent(`principalId eq '${principalId}'`).replaceAll("'", '%27');
  const path = `${scope}/providers/Microsoft.Authorization/roleAssignments?api-version=${API_VERSION}&$filter=${filter}`;
  const { status, body, reason } = await ask('GET', path);
  if (status !== 200) return { isFound: false, reason };
  const isFound = (body?.value ?? []).some(({ properties }) => {
    const isSameRole = properties.roleDefinitionId.toLowerCase().endsWith(`/${role.toLowerCase()}`);
    return isSameRole && isWithin(scope.toLowerCase(), properties.scope.toLowerCase());
  });
  return { isFound };
}

const isWithin = (scope, other) => other === '/' || scope === other || scope.startsWith(`${other}/`);

function assignments() {
  try {
    const list = JSON.parse(output('ROLE_ASSIGNMENTS'));
    if (list.every(({ name, principalId, role, scope }) => name && principalId && role && scope)) return list;
  } catch (error) {
    if (error instanceof Stop) throw error;
  }
  throw new Stop('ROLE_ASSIGNMENTS is not what the templates give out: azd provision sets it.');
}

async function main() {
  const mayAssign = output('ASSIGNS_ROLES').toLowerCase() !== 'false';
  const open = assignments().filter(({ isAssigned }) => !isAssigned);
  const left = [];
  for (const assignment of open) {
    const reason = mayAssign ? await assign(assignment) : 'ASSIGN_ROLES=false';
    if (reason === undefined) {
      console.log(`Assigned: role ${assignment.role} on ${assignment.scope}`);
      continue;
    }
    const found = await find(assignment);
    if (found.isFound) continue;
    const doubt = found.reason ? `; whether somebody else has assigned them could not be checked: ${found.reason}` : '';
    left.push({ command: command(assignment), reason: reason + doubt });
  }
  if (left.length > 0) {
    console.log(`Roles that are not assigned (${left[0].reason}). Somebody who may assign roles has to run:\n`);
    for (const { command: line } of left) console.log(line);
    console.log('\nThen go on with: azd deploy');
  } else if (open.length > 0) {
    console.log('The roles of the app are assigned.');
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Stop ? error.message : error);
  process.exitCode = 1;
}
