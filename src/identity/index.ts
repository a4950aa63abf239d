import { noteAcs } from '../base/lastSeen';
import { stopSignal } from '../base/stop';
import { AcsActions } from './acsActions';
import { Connections, type Connection } from './connections';
import { enforceLimits } from './operatorLimits';

const connections = new Connections();

/** The connection of that name, or the default one. @throws AppError `UnknownConnection` (400), `Misconfigured` (500) */
export const getConnection = (name: string | undefined): Promise<Connection> => connections.get(name);

/**
 * The identity actions on a connection, or on the default one, within the operator's limits. Calls end when the app stops, but for those that create
 * users; with `outliveStop` all go on, for cleaning up.
 * @throws AppError `UnknownConnection` (400), `Misconfigured` (500)
 */
export async function identityActions(
  name: string | undefined,
  { outliveStop = false }: { outliveStop?: boolean } = {},
): Promise<AcsActions> {
  return new AcsActions(await getConnection(name), {
    onOutcome: noteAcs,
    enforceLimits,
    ...(outliveStop ? {} : { stop: stopSignal }),
  });
}
