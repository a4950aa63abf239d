import { recordAcsOutcome } from '../base/dependencyHealth';
import { stopSignal } from '../base/stop';
import { AcsActions } from './acsActions';
import { Connections, type Connection } from './connections';
import { enforceLimits } from './operatorLimits';

const connections = new Connections();

/** The connection `name`, or the default one. @throws AppError `UnknownConnection` (400), `Misconfigured` (500) */
export const getConnection = (name: string | undefined): Promise<Connection> => connections.get(name);

/**
 * The identity actions on the connection `name`, or on the default one, within the operator's limits. When the app stops, calls are aborted, except
 * createUser. Set `outliveStop` to let all calls continue (used for cleanup).
 * @throws AppError `UnknownConnection` (400), `Misconfigured` (500)
 */
export async function identityActions(
  name: string | undefined,
  { outliveStop = false }: { outliveStop?: boolean } = {},
): Promise<AcsActions> {
  return new AcsActions(await getConnection(name), {
    onOutcome: recordAcsOutcome,
    enforceLimits,
    ...(outliveStop ? {} : { stop: stopSignal }),
  });
}
