import type { MessageRow } from '../../microsoft/rows.ts';
import type { XmlElement } from '../soap/element.ts';

type Matches = (message: MessageRow) => boolean;

/** The values that a restriction can compare, by FieldURI. Dates are shown in whole seconds, and compared with fractions. */
const VALUES: Readonly<Record<string, (message: MessageRow) => string>> = {
  'item:DateTimeReceived': ({ spec }) => instant(spec.date),
  'item:DateTimeSent': ({ spec }) => instant(spec.date),
  'item:DateTimeCreated': ({ spec }) => instant(spec.date),
  'item:Subject': ({ spec }) => spec.subject,
  'item:ItemClass': () => 'IPM.Note',
  'message:InternetMessageId': ({ spec }) => spec.message_id,
};

const COMPARISONS: Readonly<Record<string, (one: string, other: string) => boolean>> = {
  IsEqualTo: (one, other) => one === other,
  IsNotEqualTo: (one, other) => one !== other,
  IsGreaterThan: (one, other) => one > other,
  IsGreaterThanOrEqualTo: (one, other) => one >= other,
  IsLessThan: (one, other) => one < other,
  IsLessThanOrEqualTo: (one, other) => one <= other,
};

/** The predicate of a restriction; undefined for one that is not understood. Without a restriction all messages match. */
export function restrictionOf(element: XmlElement | undefined): Matches | undefined {
  if (!element) return () => true;
  if (['And', 'Or', 'Not'].includes(element.name)) return combined(element);
  if (element.name === 'Exists') return () => true;
  return comparison(element);
}

function combined({ name, children }: XmlElement): Matches | undefined {
  const parts = children.map(restrictionOf);
  if (parts.includes(undefined)) return undefined;
  const matches = parts.filter((part) => part !== undefined);
  if (name === 'And') return (message) => matches.every((part) => part(message));
  if (name === 'Or') return (message) => matches.some((part) => part(message));
  return (message) => !matches.some((part) => part(message));
}

function comparison(element: XmlElement): Matches | undefined {
  const field = element.at('FieldURI')?.attributes['FieldURI'] ?? '';
  const constant =
    element.at('FieldURIOrConstant/Constant')?.attributes['Value'] ?? element.at('Constant')?.attributes['Value'];
  const valueOf = VALUES[field];
  if (!valueOf || constant === undefined) return undefined;
  if (element.name === 'Contains') {
    const wanted = constant.toLowerCase();
    return (message) => valueOf(message).toLowerCase().includes(wanted);
  }
  const compare = COMPARISONS[element.name];
  const other = field.includes('DateTime') ? instant(constant) : constant;
  return compare && ((message) => compare(valueOf(message), other));
}

/** ISO 8601 in UTC sorts like time. */
function instant(text: string): string {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}
