/** What doctor checks, in this order. Each check needs the ones before it. */
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
    'Set the variable to the connection string of the ACS resource. The portal shows it under Keys, and "az communication list-key" prints it. In a pipeline, pass the secret to this step as an environment variable.',
  SettingsMalformed:
    'Copy the whole connection string again (portal: Keys): endpoint=https://NAME.communication.azure.com/;accesskey=KEY. Make sure that you copy no quotes, blanks or line breaks.',
  HostNotFound:
    "Check that the name of the resource has no typing error and that the resource was not deleted. With a private endpoint, this machine must use the network's own DNS.",
  DnsUnavailable:
    'This machine can look up no names at all. Check its network and its DNS servers, also those of a VPN or of the container.',
  ConnectionRefused:
    'Nothing listens on this port, or a firewall refuses the connection. For a local emulator, start it and check its port. For Azure, check the firewalls.',
  NoConnection:
    'This machine got no answer at all. Check that firewalls, network security groups and the VPN allow outgoing connections to port 443.',
  CertificateUntrusted:
    'The certificate is from an authority that Node.js does not trust. Usually a proxy that inspects TLS, or a local emulator, sends it. Save the certificate of that authority as a file, and set NODE_EXTRA_CA_CERTS=file.pem.',
  CertificateExpired:
    'The certificate is not valid today. First check the date of this machine. If the date is correct, check which server answers at this address.',
  CertificateOfAnotherHost:
    'The certificate is for another host name. Check the endpoint for typing errors. Also check whether DNS or a hosts file sends this name to another server.',
  NoTls:
    'The server at this address does not use TLS. Check the scheme and the port of the endpoint. (http:// is for local emulators only.)',
  ClockWrong:
    "Set this machine's clock: w32tm /resync, timedatectl set-ntp true, or restart WSL or the machine of the container if it was suspended. If the clock is wrong, ACS refuses the signatures of this machine.",
  KeyRefused:
    'This access key does not belong to this resource. The key was regenerated, or it is the key of another resource. Copy the connection string again (portal: Keys).',
  NoEntraToken:
    'This machine can get no Entra ID token. Sign in (az login), or check the managed identity or the federated credential (AZURE_CLIENT_ID, AZURE_TENANT_ID).',
  RoleMissing:
    'ACS accepts the identity, but the identity has no permission for this operation. Assign it a role on this ACS resource that allows identity operations, such as Contributor. A new role assignment can take some minutes to take effect.',
  ApiVersionNotServed:
    'ACS no longer supports the api-version of this package. Update @azure/communication-identity. If this is a local emulator, update the emulator.',
  Throttled:
    'ACS limits the calls of a resource in 30 seconds, and this limit is reached. Wait, and find out which app calls so often. You can request a higher limit in a support request.',
  ServiceFailed:
    'ACS has a problem. Try again, and look at https://azure.status.microsoft. If you contact Azure support, send them the MS-CV value that doctor prints.',
  NotAcs:
    'The server at this address is not ACS. It may be a gateway or a proxy. Check the endpoint, HTTPS_PROXY, and the gateways and proxies in your network.',
  NoAnswer:
    'The connection is open, but there is no answer. A proxy or a firewall may hold the data back, or ACS may have a problem. Try again.',
};
