import { scriptsOf } from './entryFiles';
import { watchFiles } from './fileWatch';

/** Watches the files that an app is loaded from. */
export class AppWatch {
  private readonly watches: NodeJS.Timeout[] = [];

  constructor(
    private readonly files: { appDirectory: string; hostJsonFile: string; settingsFile: string | undefined },
    /** If not, `start` does nothing. */
    readonly isOn: boolean,
    private readonly onAppChange: () => void,
    private readonly onSettingsChange: () => void,
  ) {}

  /** Does nothing the second time. @param main of the app's package.json */
  start(main: string): void {
    if (!this.isOn || this.watches.length > 0) return;
    const { appDirectory, hostJsonFile, settingsFile } = this.files;
    this.watches.push(watchFiles(() => [hostJsonFile, ...scriptsOf(appDirectory, main)], this.onAppChange));
    if (settingsFile !== undefined) this.watches.push(watchFiles(() => [settingsFile], this.onSettingsChange));
  }

  stop(): void {
    for (const watch of this.watches) clearInterval(watch);
  }
}
