import { fork, type ChildProcess } from 'node:child_process';

/** A process of a bench's own file, which answers one question after the other. It ends when it is disconnected. */
export class AskedChild<Question extends object, Answer> {
  private constructor(private readonly child: ChildProcess) {}

  /** Starts `file` with these arguments, and waits until it reports that it is ready. `first` is sent to it at once. */
  static async start<Q extends object, A>(
    file: string,
    args: string[],
    more: Record<string, string> = {},
    first?: object,
  ): Promise<AskedChild<Q, A>> {
    const child = new AskedChild<Q, A>(
      fork(file, args, { execArgv: ['--expose-gc'], env: { ...process.env, ...more } }),
    );
    if (first !== undefined) child.child.send(first);
    await child.next();
    return child;
  }

  ask(question: Question): Promise<Answer> {
    const answer = this.next();
    this.child.send(question);
    return answer as Promise<Answer>;
  }

  end(): void {
    this.child.disconnect();
  }

  private next(): Promise<unknown> {
    return new Promise((done) => this.child.once('message', done));
  }
}

/** In the child: ready, and from now on `answer` is what the parent asks for. */
export function answerQuestions<Question, Answer>(answer: (question: Question) => Promise<Answer>): void {
  process.on('message', (question) => void answer(question as Question).then((found) => process.send?.(found)));
  process.send?.('ready');
}
