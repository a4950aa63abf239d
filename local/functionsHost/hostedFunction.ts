/** A function as the host lists it. */
type Details = Partial<Record<'url' | 'authLevel' | 'schedule' | 'error', string>> & { methods?: string[] };
export type HostedFunction = Details & { name: string; type: 'http' | 'timer'; disabled: boolean };
