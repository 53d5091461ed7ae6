import type { BuiltInProviderName } from '../domain/access-type.ts';
import { failedPart } from './answers/parts.ts';
import { classifyExchange } from './exchange/errors.ts';
import { classifyGoogle } from './google/errors.ts';
import { classifyImap } from './imap/errors.ts';
import { classifyMicrosoft } from './microsoft/errors.ts';
import { classifyGeneric } from './answers/oauth-errors.ts';
import type { Classifier } from './answers/outages.ts';
import { classifySalesforce } from './salesforce/errors.ts';

/** The failed part of an answer with several parts. */
function ofWhatFailed(classify: Classifier): Classifier {
  return (answer) => classify(failedPart(answer));
}

/** Entra's numbers mean the same for every client, such as an IMAP client with an Entra token. */
function entraOr(classify: Classifier): Classifier {
  return (answer) => (/\bAADSTS\d{5}/.test(answer.body) ? classifyMicrosoft(answer) : classify(answer));
}

/** Every provider's map from its words to verdicts; `generic` is any OAuth server, and the network itself. */
export const CLASSIFIERS: Readonly<Record<BuiltInProviderName | 'generic', Classifier>> = {
  google: ofWhatFailed(classifyGoogle),
  microsoft: ofWhatFailed(classifyMicrosoft),
  exchange: ofWhatFailed(entraOr(classifyExchange)),
  imap: ofWhatFailed(entraOr(classifyImap)),
  salesforce: ofWhatFailed(classifySalesforce),
  generic: ofWhatFailed(entraOr(classifyGeneric)),
};
