// azd runs this after provisioning (azure.yaml). The templates assign the roles of the app on what they make; the one on a Communication
// Services resource that was there before is assigned here. Where the deployer may not assign roles, it prints the commands for somebody who may.
import { createHash } from 'node:crypto';
import process from 'node:process';
import { callAzure, NotYet, output, Stop } from './azure.mjs';

const API_VERSION = '2022-04-01';

/** The command that does the same. */
const command = ({ principalId, role, scope }) =>
  'az role assignment create --assignee-principal-type ServicePrincipal' +
  ` --assignee-object-id ${principalId} --role ${role} --scope "${scope}"`;

/** Always the same name for the same assignment, so that assigning twice is assigning once. */
function nameOf({ principalId, role, scope }) {
  const hex = createHash('sha256').update(`${scope}|${principalId}|${role}`.toLowerCase()).digest('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}

/** Says why it could not, or nothing. */
async function assign(assignment) {
  const { principalId, role, scope } = assignment;
  const [, subscription] = /^\/subscriptions\/([^/]+)\//.exec(scope) ?? [];
  const roleDefinitionId = `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role}`;
  const path = `${scope}/providers/Microsoft.Authorization/roleAssignments/${nameOf(assignment)}?api-version=${API_VERSION}`;
  const properties = { principalId, roleDefinitionId, principalType: 'ServicePrincipal' };
  try {
    const { status, body } = await callAzure('PUT', path, { properties });
    const code = body?.error?.code;
    // it may have been assigned before, under another name
    if (status === 200 || status === 201 || (status === 409 && code === 'RoleAssignmentExists')) return undefined;
    return `Azure answers ${status}${code ? ` ${code}` : ''}`;
  } catch (error) {
    if (error instanceof NotYet || error instanceof Stop) return error.message;
    throw error;
  }
}

function assignments() {
  try {
    const list = JSON.parse(output('ROLE_ASSIGNMENTS'));
    if (list.every(({ principalId, role, scope }) => principalId && role && scope)) return list;
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
    if (reason === undefined) console.log(`Assigned: role ${assignment.role} on ${assignment.scope}`);
    else left.push({ command: command(assignment), reason });
  }
  if (left.length === 0) return;
  console.log(`Roles that are not assigned (${left[0].reason}). Somebody who may assign roles has to run:\n`);
  for (const { command: line } of left) console.log(line);
  console.log('\nThen go on with: azd deploy');
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Stop ? error.message : error);
  process.exitCode = 1;
}
