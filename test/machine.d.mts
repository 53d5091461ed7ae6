export function prepareMachine(machine: {
  environment: Record<string, string | undefined>;
  isRoot: boolean;
  /** Whether sudo may ask for a password. */
  isTerminal: boolean;
  exists?: (file: string) => boolean;
  say?: (line: string) => void;
}): number;
