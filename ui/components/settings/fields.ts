import type { ChangeEvent } from 'react';
import type { Faults, PolicyDraft } from '../../data/policy-draft.ts';

/** What every part of the policy's form is given. */
export interface PolicyFieldsProps {
  draft: PolicyDraft;
  faults: Faults;
  onChange: (part: Partial<PolicyDraft>) => void;
}

/** The name and the error of a field; the name is the field's path in the body, where the form finds a wrong field. */
export function fieldAt(path: string, faults: Faults) {
  const error = faults[path];
  return { name: path, error, 'aria-invalid': error !== undefined };
}

export const valueOf = (event: ChangeEvent<HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement>) =>
  event.currentTarget.value;
