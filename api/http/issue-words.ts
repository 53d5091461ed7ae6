import type { z } from 'zod';

/** What a value must be, in words that a form can show as they are; Zod's own speak of types and operators. */
export function issueWords(issue: z.core.$ZodIssue): string {
  if (issue.code === 'too_small') {
    const unit = unitOf(issue.origin);
    return issue.minimum === 1 && unit !== '' ? 'must not be empty' : `must be at least ${issue.minimum}${unit}`;
  }
  if (issue.code === 'too_big') return `must be at most ${issue.maximum}${unitOf(issue.origin)}`;
  return issue.message;
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters long';
  return origin === 'array' || origin === 'set' ? ' entries' : '';
}
