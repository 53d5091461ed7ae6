import { ProblemError } from '../../data/client.ts';
import type { Faults } from '../../data/policy-draft.ts';

/** The server's word on each field; its check is the one that counts. */
export function faultsOf(error: unknown): Faults {
  const errors = error instanceof ProblemError ? (error.problem.errors ?? []) : [];
  return Object.fromEntries(errors.map(({ path, message }) => [path, message]));
}

/** Puts the cursor into the first field that is wrong, in the order of the page. */
export function focusOnFault(form: HTMLFormElement | null, faults: Faults): void {
  const fields = [...(form?.elements ?? [])] as HTMLElement[];
  fields.find((field) => field.getAttribute('name') !== null && faults[field.getAttribute('name') ?? ''])?.focus();
}
