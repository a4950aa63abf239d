// azd runs this after provisioning (azure.yaml): where the deployer may not assign roles, it says which ones somebody else has to assign.
import process from 'node:process';

const { ROLES_ASSIGNED = 'true', ROLE_ASSIGNMENTS = '[]' } = process.env;

if (ROLES_ASSIGNED.toLowerCase() === 'false') {
  const assignments = JSON.parse(ROLE_ASSIGNMENTS);
  console.log('No role was assigned (ASSIGN_ROLES=false). Somebody who may assign roles has to run these commands:\n');
  for (const { principalId, role, scope } of assignments) {
    console.log(
      'az role assignment create --assignee-principal-type ServicePrincipal' +
        ` --assignee-object-id ${principalId} --role ${role} --scope "${scope}"`,
    );
  }
  console.log('\nThen go on with: azd deploy');
}
