import type { StopSignal } from './functionsHost/host';

interface Stoppable {
  /** A second call must end it at once. */
  stop(signal?: StopSignal): Promise<void>;
}

/** What this command has started, to be stopped in reverse order: the host before the services that it needs to clean up. */
export class StartedParts {
  readonly #parts: Promise<Stoppable | undefined>[] = [];
  #stopping: Promise<void> | undefined;

  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  /** Starts a part unless everything is being stopped; one that is still starting then is awaited and stopped too. */
  async start<Part extends Stoppable>(begin: () => Promise<Part>): Promise<Part> {
    if (this.isStopping) throw new Interrupted();
    const starting = begin();
    this.#parts.push(starting.catch(() => undefined));
    return starting;
  }

  /** Stops everything. Rejects when a part could not be stopped, after trying the others. */
  stop(signal: StopSignal = 'SIGINT'): Promise<void> {
    this.#stopping ??= this.#stopAll(signal);
    return this.#stopping;
  }

  /** Ends at once what {@link stop} is still waiting for. */
  force(): void {
    for (const part of this.#parts) void part.then((started) => started?.stop()).catch(() => undefined);
  }

  async #stopAll(signal: StopSignal): Promise<void> {
    const failures: unknown[] = [];
    for (const part of this.#parts.toReversed()) {
      try {
        await (await part)?.stop(signal);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'Not everything could be stopped.');
  }
}

/** Thrown at a start that comes after the stop. */
class Interrupted extends Error {
  override readonly name = 'Interrupted';
}
