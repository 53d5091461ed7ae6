import { BadCommand } from './reply.ts';

/** Closed ranges of numbers; `*` stands for the largest number in use. */
export type SequenceSet = { from: number | '*'; to: number | '*' }[];

const largestNumber = 4_294_967_295;

/** Parses `1:3,7,9:*` (RFC 3501 section 9, sequence-set). @throws BadCommand */
export function parseSequenceSet(text: string): SequenceSet {
  return text.split(',').map((range) => {
    const [first, last, ...more] = range.split(':');
    if (first === undefined || more.length > 0) throw new BadCommand('Invalid messageset');
    const from = parseNumber(first);
    return { from, to: last === undefined ? from : parseNumber(last) };
  });
}

function parseNumber(text: string): number | '*' {
  if (text === '*') return '*';
  const value = Number(text);
  if (!/^[1-9]\d{0,9}$/.test(text) || value > largestNumber) throw new BadCommand('Invalid messageset');
  return value;
}

/** Ascending ranges without overlaps; the ends of `9:*` are swapped where `*` is smaller, as the RFC wants. */
export function resolveSequenceSet(set: SequenceSet, largest: number): [number, number][] {
  const ranges = set.map(({ from, to }): [number, number] => {
    const a = from === '*' ? largest : from;
    const b = to === '*' ? largest : to;
    return a <= b ? [a, b] : [b, a];
  });
  ranges.sort((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const range of ranges) {
    const previous = merged.at(-1);
    if (previous && range[0] <= previous[1] + 1) previous[1] = Math.max(previous[1], range[1]);
    else merged.push(range);
  }
  return merged;
}

/** Whether one of the ascending ranges holds the number. */
export function inRanges(ranges: [number, number][], number: number): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle] as [number, number])[1] < number) low = middle + 1;
    else high = middle;
  }
  const range = ranges[low];
  return range !== undefined && range[0] <= number;
}

/** Numbers in any order as a set, in their order: `[4,5,6,2]` is `4:6,2`. */
export function formatSequenceSet(numbers: number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const previous = ranges.at(-1);
    if (previous && number === previous[1] + 1) previous[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}:${to}`)).join(',');
}
