/** Where a run writes down the users that it makes, and strikes off those that it deletes. Never rejects for long: bounded by its own limits. */
export interface RunLedger {
  add(userId: string): Promise<void>;
  strike(userId: string): Promise<void>;
}

/** The users of one run: what became of each, here and in the ledger. A ledger that can't be written stops nothing. */
export class RunUsers {
  private readonly fates = new Map<string, 'made' | 'deleted'>();
  private readonly writing = new Map<string, Promise<void>>();

  constructor(private readonly ledger: RunLedger | undefined) {}

  get none(): boolean {
    return this.fates.size === 0;
  }

  made(userId: string): void {
    this.fates.set(userId, 'made');
    this.write(userId, (ledger) => ledger.add(userId));
  }

  deleted(userId: string): void {
    this.fates.set(userId, 'deleted');
    this.write(userId, (ledger) => ledger.strike(userId));
  }

  /** Those that still exist. */
  left(): string[] {
    return [...this.fates].filter(([, fate]) => fate === 'made').map(([userId]) => userId);
  }

  /** Resolves when what was to be written until now is, or could not be. */
  async written(): Promise<void> {
    await Promise.all(this.writing.values());
  }

  /** One after the other for a user: what is struck off must have been there. */
  private write(userId: string, work: (ledger: RunLedger) => Promise<void>): void {
    const { ledger } = this;
    if (ledger === undefined) return;
    const before = this.writing.get(userId) ?? Promise.resolve();
    this.writing.set(
      userId,
      before.then(() => work(ledger)).catch(() => undefined),
    );
  }
}
