import { ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import { RUN_ENDS } from '../domain/workflow/inputs.ts';
import type { Command, CommandAnswer } from '../domain/workflow/inputs.ts';
import { refreshNow, verify } from './messages.ts';

/** A command that comes alone costs a run five events, so a run takes no more than these. */
const COMMANDS_PER_RUN = 12;

const NOT_DONE: CommandAnswer = { done: false, proved: null, code: 'channel_ended' };

interface PendingCommand {
  command: Command;
  answer: CommandAnswer | null;
}

/**
 * The commands of one run of a channel's workflow. A handler enqueues its command and waits; the workflow's loop alone
 * acts and answers. A handler cannot outlive its run, so a run that ends answers what waits and takes no more: the
 * validator rejects a later command, which leaves no event, and the caller sends it again to the next run.
 */
export class Commands {
  #pending: PendingCommand[] = [];
  #taken = 0;
  /** No more are taken: the run is about to end. */
  #closed = false;
  /** The channel has left: no command is carried out any more. */
  #ended = false;

  constructor() {
    const validator = () => {
      if (!this.#closed && !this.isFull) return;
      throw ApplicationFailure.nonRetryable('The run ends; send the command to the next one', RUN_ENDS);
    };
    setHandler(refreshNow, () => this.#take('refreshNow'), { validator });
    setHandler(verify, () => this.#take('verify'), { validator });
  }

  async #take(command: Command): Promise<CommandAnswer> {
    const pending: PendingCommand = { command, answer: null };
    this.#pending.push(pending);
    this.#taken++;
    await condition(() => pending.answer !== null || this.#ended);
    return pending.answer ?? NOT_DONE;
  }

  get isFull(): boolean {
    return this.#taken >= COMMANDS_PER_RUN;
  }

  /** How many wait for their answer. */
  get waiting(): number {
    return this.#pending.length;
  }

  /** The command that has waited longest. */
  get first(): Command | null {
    return this.#pending[0]?.command ?? null;
  }

  /** All that wait now for what the first one asks; a command that comes while they are carried out waits for the next. */
  takeAlike(): PendingCommand[] {
    return this.#pending.filter(({ command }) => command === this.first);
  }

  /** Only the first one, as runs of an earlier release did. */
  takeFirst(): PendingCommand[] {
    return this.#pending.slice(0, 1);
  }

  answer(served: PendingCommand[], answer: CommandAnswer): void {
    for (const one of served) one.answer = answer;
    this.#pending = this.#pending.filter((one) => !served.includes(one));
  }

  close(): void {
    this.#closed = true;
  }

  end(): void {
    this.#ended = true;
  }
}
