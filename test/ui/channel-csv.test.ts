import { expect, test } from 'vitest';
import { cell } from '../../ui/data/channel-csv.ts';

test.for([
  [null, ''],
  ['plain', 'plain'],
  ['a,b', '"a,b"'],
  ['say "hi"', '"say ""hi"""'],
  ['two\nlines', '"two\nlines"'],
  ['=1+1', "'=1+1"],
  ['+49', "'+49"],
  ['-1', "'-1"],
  ['@sum', "'@sum"],
  ['=HYPERLINK("x","y")', `"'=HYPERLINK(""x"",""y"")"`],
])('a cell of a spreadsheet is text and nothing else: %j', ([value, expected]) => {
  expect(cell(value ?? null)).toBe(expected);
});
