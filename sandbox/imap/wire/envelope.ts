import { parseAddresses } from './address.ts';
import { fieldValue, type HeaderField } from './mime.ts';
import { list, nullableString } from './reply.ts';

const nil = 'NIL';

/** ENVELOPE of RFC 3501 section 7.4.2. Values stay encoded as they stand in the header. */
export function envelope(fields: HeaderField[]): Buffer {
  const from = addressList(fields, 'from');
  const text = (name: string): Buffer => nullableString(rawText(fields, name));
  return list([
    text('date'),
    text('subject'),
    from,
    // Missing or empty, these two are the From (RFC 3501).
    orElse(addressList(fields, 'sender'), from),
    orElse(addressList(fields, 'reply-to'), from),
    addressList(fields, 'to'),
    addressList(fields, 'cc'),
    addressList(fields, 'bcc'),
    text('in-reply-to'),
    text('message-id'),
  ]);
}

function orElse(addresses: Buffer | string, from: Buffer | string): Buffer | string {
  return addresses === nil ? from : addresses;
}

function addressList(fields: HeaderField[], name: string): Buffer | string {
  const value = fieldValue(fields, name);
  const addresses = value === null ? [] : parseAddresses(value);
  if (addresses.length === 0) return nil;
  return list(
    addresses.map((address) =>
      list([address.name, address.route, address.mailbox, address.host].map((text) => latin1String(text))),
    ),
    '',
  );
}

function rawText(fields: HeaderField[], name: string): Buffer | null {
  const value = fieldValue(fields, name);
  return value === null ? null : Buffer.from(value, 'latin1');
}

/** Header bytes travel through this module as latin1, so that bytes outside ASCII leave as they came. */
function latin1String(text: string | null): Buffer {
  return nullableString(text === null ? null : Buffer.from(text, 'latin1'));
}
