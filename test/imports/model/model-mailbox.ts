/** Numbers that look random and are the same for the same seed (mulberry32). */
export type Dice = (below: number) => number;

export function dice(seed: number): Dice {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

export interface ModelMessage {
  messageId: string;
  /** The provider's date, with it for life. */
  receivedAt: Date;
  /** On our clock. */
  arrivedAt: Date;
  /** Arrived since the channel was connected: ours to import. */
  ours: boolean;
  /** Where it has been, by folder and generation. */
  been: Set<string>;
  /** How often a fetch of it fails. */
  failures: number;
  /** How often a fetch was interrupted at it. */
  interrupted: number;
  /** It lay unlisted where a cursor died, dated before what is covered: no listing can find it. */
  outOfReach: boolean;
}

export interface ModelFolder {
  name: string;
  /** Grows when every message gets a new number. */
  generation: number;
  /** Grows when every cursor told so far is forgotten. */
  epoch: number;
  nextUid: number;
  live: Map<number, ModelMessage>;
  /** What the present generation had and has no more. */
  gone: Set<number>;
}

/** What a provider has, and what its user does with it. */
export class ModelMailbox {
  readonly folders: ModelFolder[];
  readonly arrived: ModelMessage[] = [];
  connected = false;
  readonly skewMs: number;
  readonly #now: () => Date;
  #count = 0;

  constructor(names: string[], skewMs: number, now: () => Date) {
    this.#now = now;
    this.skewMs = skewMs;
    this.folders = names.map((name) => ({
      name,
      generation: 1,
      epoch: 1,
      nextUid: 1,
      live: new Map(),
      gone: new Set(),
    }));
  }

  /** The provider's time. */
  now(): Date {
    return new Date(this.#now().getTime() + this.skewMs);
  }

  folder(index: number): ModelFolder {
    const folder = this.folders[index % this.folders.length];
    if (!folder) throw new Error('a mailbox has a folder');
    return folder;
  }

  named(name: string): ModelFolder | undefined {
    return this.folders.find((folder) => folder.name === name);
  }

  deliver(folder: ModelFolder, count: number, ageMs = 0): void {
    for (let i = 0; i < count; i++) {
      const message: ModelMessage = {
        messageId: `<${++this.#count}@model.example>`,
        receivedAt: new Date(this.now().getTime() - ageMs),
        arrivedAt: this.#now(),
        ours: this.connected,
        been: new Set(),
        failures: 0,
        interrupted: 0,
        outOfReach: false,
      };
      this.arrived.push(message);
      this.#put(folder, message);
    }
  }

  remove(roll: Dice): void {
    const found = this.#pick(roll);
    if (found) this.#take(found.folder, found.uid);
  }

  /**
   * To another folder, where it has not been in its present generation: there a message that comes back is a new one
   * by design, for only the provider's id identifies a message.
   */
  move(roll: Dice): void {
    const found = this.#pick(roll);
    const to = this.folder(roll(this.folders.length));
    if (!found || to === found.folder || found.message.been.has(placeOf(to))) return;
    this.#take(found.folder, found.uid);
    this.#put(to, found.message);
  }

  expire(folder: ModelFolder): void {
    folder.epoch++;
  }

  renumber(folder: ModelFolder, roll: Dice): void {
    const messages = shuffled([...folder.live.values()], roll);
    folder.generation++;
    folder.nextUid = 1;
    folder.live.clear();
    folder.gone.clear();
    for (const message of messages) this.#put(folder, message);
  }

  /** Everything that is there now, by Message-ID. */
  present(): Map<string, ModelMessage> {
    const all = this.folders.flatMap(({ live }) => [...live.values()]);
    return new Map(all.map((message) => [message.messageId, message]));
  }

  #put(folder: ModelFolder, message: ModelMessage): void {
    folder.live.set(folder.nextUid++, message);
    message.been.add(placeOf(folder));
  }

  #take(folder: ModelFolder, uid: number): void {
    folder.live.delete(uid);
    folder.gone.add(uid);
  }

  #pick(roll: Dice): { folder: ModelFolder; uid: number; message: ModelMessage } | undefined {
    const all = this.folders.flatMap((folder) => [...folder.live].map(([uid, message]) => ({ folder, uid, message })));
    return all[roll(all.length)];
  }
}

const placeOf = ({ name, generation }: ModelFolder) => `${name} ${generation}`;

export function shuffled<T>(items: T[], roll: Dice): T[] {
  const mixed = [...items];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = roll(i + 1);
    [mixed[i], mixed[j]] = [mixed[j] as T, mixed[i] as T];
  }
  return mixed;
}
