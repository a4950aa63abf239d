import type { WriteStream } from 'node:tty';
import type { Spinner } from 'yocto-spinner';
import { describeAction, describeEnd, describeVerdict, styleFor, type PrintStyle, type StepWidths } from './runPrinter';
import type { Action, Run } from '../../src/runs/run';
import type { Workflow } from '../../src/workflow/step';

/** Shows a run while it goes on: a line as each step ends and, on a terminal, a spinner for the one that runs. */
export class LiveSteps {
  private readonly style: PrintStyle;
  private steps: string[] = [];
  private widths: StepWidths = { name: 0, status: 9, code: 10 };
  private spinner: Spinner | undefined;

  constructor(private readonly stream: WriteStream) {
    this.style = styleFor(stream);
  }

  async begin(lines: string[], workflow: Workflow): Promise<void> {
    this.write(lines);
    this.steps = workflow.steps.map(({ name }) => name);
    this.widths = { ...this.widths, name: Math.max(...this.steps.map((name) => name.length)) };
    if (!this.stream.isTTY || process.env['TERM'] === 'dumb') return;
    const { default: makeSpinner } = await import('yocto-spinner');
    this.spinner = makeSpinner({ stream: this.stream, handleSignals: false });
    this.wait();
  }

  step(action: Action): void {
    this.steps.splice(0, this.steps.indexOf(action.name) + 1);
    this.write(describeAction(action, this.widths, this.style));
  }

  end(run: Run): void {
    this.steps = [];
    this.write(['', describeVerdict(run, this.style), ...describeEnd(run, this.style)]);
  }

  print(line: string): void {
    this.write([line]);
  }

  private write(lines: string[]): void {
    this.spinner?.stop();
    this.stream.write(`${lines.join('\n')}\n`);
    this.wait();
  }

  private wait(): void {
    const [next] = this.steps;
    if (next !== undefined) this.spinner?.start(next);
  }
}
