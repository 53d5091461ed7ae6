import { Html, html as xml } from '../../html.ts';
import type { HttpAnswer } from '../../http-answer.ts';

const TYPES = 'http://schemas.microsoft.com/exchange/services/2006/types';
const MESSAGES = 'http://schemas.microsoft.com/exchange/services/2006/messages';
const ERRORS = 'http://schemas.microsoft.com/exchange/services/2006/errors';
const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/';

/** Characters that XML 1.0 has no way to write. */
const UNWRITABLE = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** A code of EWS and the sentence that comes with it. */
export interface EwsError {
  readonly code: string;
  readonly text: string;
  /** Named values beside them, such as the time to wait. */
  readonly values?: Readonly<Record<string, string | number>>;
}

/** Text that a person or a mail has written. */
export function written(text: string): string {
  return text.replaceAll(UNWRITABLE, '');
}

/** One answer for each thing that was asked for. */
export function ewsAnswer(operation: string, messages: readonly Html[]): HttpAnswer {
  return envelope(200, operationAnswer(operation, messages));
}

function operationAnswer(operation: string, messages: readonly Html[]): Html {
  const name = new Html(`m:${operation}Response`);
  return xml`<${name} xmlns:m="${MESSAGES}" xmlns:t="${TYPES}"><m:ResponseMessages>${messages}</m:ResponseMessages></${name}>`;
}

export function succeeded(operation: string, content: Html | readonly Html[] = []): Html {
  const name = new Html(`m:${operation}ResponseMessage`);
  return xml`<${name} ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>${content}</${name}>`;
}

/** @param content elements that the schema requires even then, such as an empty `m:Folders` */
export function failed(operation: string, error: EwsError, content: Html | readonly Html[] = []): Html {
  const name = new Html(`m:${operation}ResponseMessage`);
  return xml`<${name} ResponseClass="Error"><m:MessageText>${error.text}</m:MessageText><m:ResponseCode>${error.code}</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>${valuesOf(error)}${content}</${name}>`;
}

/** The refusal of a request as a whole. */
export function ewsFault(error: EwsError): HttpAnswer {
  const fault = xml`<s:Fault><faultcode xmlns:a="${TYPES}">a:${error.code}</faultcode><faultstring xml:lang="en-US">${error.text}</faultstring><detail><e:ResponseCode xmlns:e="${ERRORS}">${error.code}</e:ResponseCode><e:Message xmlns:e="${ERRORS}">${error.text}</e:Message>${valuesOf(error, TYPES)}</detail></s:Fault>`;
  return envelope(500, fault);
}

function valuesOf({ values }: EwsError, declare?: string): Html | null {
  if (values === undefined) return null;
  const lines = Object.entries(values).map(([name, value]) => xml`<t:Value Name="${name}">${value}</t:Value>`);
  if (declare === undefined) return xml`<m:MessageXml>${lines}</m:MessageXml>`;
  return xml`<t:MessageXml xmlns:t="${declare}">${lines}</t:MessageXml>`;
}

function envelope(status: number, body: Html): HttpAnswer {
  // Exchange Server SE; clients choose their requests by the version.
  const version = xml`<h:ServerVersionInfo MajorVersion="15" MinorVersion="2" MajorBuildNumber="2562" MinorBuildNumber="17" Version="V2017_07_11" xmlns:h="${TYPES}"/>`;
  const whole = xml`<s:Envelope xmlns:s="${SOAP}"><s:Header>${version}</s:Header><s:Body>${body}</s:Body></s:Envelope>`;
  return {
    status,
    headers: { 'content-type': 'text/xml; charset=utf-8', 'cache-control': 'private' },
    body: `<?xml version="1.0" encoding="utf-8"?>${whole.markup}`,
  };
}
