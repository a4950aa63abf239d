/** What doctor looks at, in this order: each rests on those before. */
export const CHECKS = ['settings', 'host', 'connect', 'tls', 'clock', 'credentials', 'api-version'] as const;
export type CheckName = (typeof CHECKS)[number];

/** The problems that doctor distinguishes. */
export type ErrorCode =
  | 'VariableMissing'
  | 'SettingsMalformed'
  | 'HostNotFound'
  | 'DnsUnavailable'
  | 'ConnectionRefused'
  | 'NoConnection'
  | 'CertificateUntrusted'
  | 'CertificateExpired'
  | 'CertificateOfAnotherHost'
  | 'NoTls'
  | 'ClockWrong'
  | 'KeyRefused'
  | 'NoEntraToken'
  | 'RoleMissing'
  | 'ApiVersionNotServed'
  | 'Throttled'
  | 'ServiceFailed'
  | 'NotAcs'
  | 'NoAnswer';

export interface Finding {
  check: CheckName;
  status: 'Passed' | 'Failed' | 'Skipped';
  /** One sentence, without secrets. */
  found: string;
  /** Only of a failed check. */
  code?: ErrorCode;
  /** What to do about it. */
  advice?: string;
}

export const passed = (check: CheckName, found: string): Finding => ({ check, status: 'Passed', found });
export const skipped = (check: CheckName, found: string): Finding => ({ check, status: 'Skipped', found });
export const failed = (check: CheckName, code: ErrorCode, found: string): Finding => ({
  check,
  status: 'Failed',
  found,
  code,
  advice: ADVICE[code],
});

export const ADVICE: Record<ErrorCode, string> = {
  VariableMissing:
    'Set it to the connection string of the ACS resource: in the portal under Keys, or by "az communication list-key". In a pipeline, map the secret into the environment of this step.',
  SettingsMalformed:
    'Copy the whole connection string again (portal: Keys): endpoint=https://NAME.communication.azure.com/;accesskey=KEY. Look for quotes, blanks and line breaks that were copied too.',
  HostNotFound:
    "Check the name of the resource for typing errors, and that the resource was not deleted. With a private endpoint, this machine must use the network's own DNS.",
  DnsUnavailable:
    'Name lookups fail on this machine altogether: check its network and DNS servers (VPN, container DNS).',
  ConnectionRefused:
    'Nothing listens there. For a local emulator: start it, and check its port. For the cloud: a firewall on the way refuses.',
  NoConnection:
    'Packets get lost on the way: check firewalls, network security groups and VPN for outgoing connections to port 443.',
  CertificateUntrusted:
    'Somebody on the way (a proxy that reads along), or a local emulator, shows a certificate of its own: have Node trust its authority, NODE_EXTRA_CA_CERTS=file.pem.',
  CertificateExpired:
    "The certificate is not valid today: check this machine's date first, then who answers at this address.",
  CertificateOfAnotherHost:
    'The certificate belongs to another name: check the endpoint for typing errors, and whether DNS or a hosts file leads elsewhere.',
  NoTls: 'Whoever answers does not speak TLS: check scheme and port of the endpoint (http:// is for local emulators).',
  ClockWrong:
    "Set this machine's clock: w32tm /resync, timedatectl set-ntp true, or restart WSL or the container's machine after it slept. ACS refuses signatures of another time.",
  KeyRefused:
    'The access key is not one of this resource: it was regenerated, or belongs to another resource. Copy the connection string again (portal: Keys).',
  NoEntraToken:
    'No Entra ID token can be obtained: sign in (az login), or check the managed identity or federated credential (AZURE_CLIENT_ID, AZURE_TENANT_ID).',
  RoleMissing:
    'The identity is known, but may not do this: assign it a role on this ACS resource that allows identity operations (Contributor does). A new assignment may take some minutes.',
  ApiVersionNotServed:
    'ACS no longer serves the api-version of this package: update @azure/communication-identity. A local emulator: update it.',
  Throttled:
    'ACS counts the calls of a resource in windows of 30 s. Wait, and look for who calls so often; limits can be raised by a support request.',
  ServiceFailed: 'ACS fails: try again, see https://azure.status.microsoft, and give its support the MS-CV above.',
  NotAcs:
    'Something that is not ACS answers at this address, a gateway or a proxy perhaps: check the endpoint, HTTPS_PROXY and what is in between.',
  NoAnswer: 'The connection is open, but no answer comes: a proxy or firewall holds it, or ACS hangs. Try again.',
};
