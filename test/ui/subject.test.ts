import { expect, test } from 'vitest';
import { subjectWords } from '../../ui/words/subject.ts';

test.for([null, '', '  ', '\u200b\u200d', '\u202e\u2066', '\u00ad', '\u3164', '\u2800', '\ufeff\n'])(
  'a subject that shows nothing is said to be none: %j',
  (subject) => expect(subjectWords(subject)).toBe('No subject'),
);

test.for(['Hello', '\u202eolleH', '👩‍🚀', 'שלום', '.'])('another stays as it is: %j', (subject) =>
  expect(subjectWords(subject)).toBe(subject),
);
