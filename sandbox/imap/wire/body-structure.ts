import { envelope } from './envelope.ts';
import { countLines, fieldValue, type MimePart, parseParameters } from './mime.ts';
import { list, nullableString } from './reply.ts';

const nil = 'NIL';

/** BODYSTRUCTURE of RFC 3501 section 7.4.2, or BODY, which is the same `extended: false`. */
export function bodyStructure(part: MimePart, extended: boolean): Buffer {
  return part.contentType.type === 'multipart' ? multipart(part, extended) : single(part, extended);
}

function multipart(part: MimePart, extended: boolean): Buffer {
  const children = Buffer.concat(part.children.map((child) => bodyStructure(child, extended)));
  const items: (string | Buffer)[] = [children, upper(part.contentType.subtype)];
  if (extended) items.push(parameters(part.contentType.parameters), ...dispositionLanguageLocation(part));
  return list(items);
}

function single(part: MimePart, extended: boolean): Buffer {
  const { type, subtype } = part.contentType;
  const items: (string | Buffer)[] = [
    upper(type),
    upper(subtype),
    parameters(part.contentType.parameters),
    field(part, 'content-id'),
    field(part, 'content-description'),
    nullableString((fieldValue(part.fields, 'content-transfer-encoding') ?? '7BIT').toUpperCase()),
    String(part.body.length),
  ];
  if (part.message) {
    items.push(envelope(part.message.fields), bodyStructure(part.message, extended), String(countLines(part.body)));
  } else if (type === 'text') items.push(String(countLines(part.body)));
  if (extended) items.push(field(part, 'content-md5'), ...dispositionLanguageLocation(part));
  return list(items);
}

function dispositionLanguageLocation(part: MimePart): (string | Buffer)[] {
  return [disposition(part), language(part), field(part, 'content-location')];
}

function disposition(part: MimePart): string | Buffer {
  const value = fieldValue(part.fields, 'content-disposition');
  const kind = /^[^\s;]+/.exec(value ?? '')?.[0];
  if (!value || !kind) return nil;
  return list([upper(kind), parameters(parseParameters(value.slice(kind.length)))]);
}

function language(part: MimePart): string | Buffer {
  const tags = (fieldValue(part.fields, 'content-language') ?? '').split(',').map((tag) => tag.trim());
  const known = tags.filter((tag) => tag !== '');
  if (known.length === 0) return nil;
  return known.length === 1 ? bytes(known[0] as string) : list(known.map(bytes));
}

function parameters(pairs: [string, string][]): string | Buffer {
  if (pairs.length === 0) return nil;
  return list(pairs.flatMap(([name, value]) => [bytes(name.toUpperCase()), bytes(value)]));
}

function field(part: MimePart, name: string): Buffer {
  const value = fieldValue(part.fields, name);
  return nullableString(value === null ? null : Buffer.from(value, 'latin1'));
}

function upper(text: string): Buffer {
  return bytes(text.toUpperCase());
}

function bytes(text: string): Buffer {
  return nullableString(Buffer.from(text, 'latin1'));
}
