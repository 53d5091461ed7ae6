import type { ProviderName } from '../domain/access-type.ts';
import type { ProviderAnswer, Verdict } from '../domain/verdict.ts';
import { classifyNetwork } from './errors.ts';
import { classifyExchange } from './exchange/errors.ts';
import { classifyGoogle } from './google/errors.ts';
import { classifyImap } from './imap/errors.ts';
import { classifyMicrosoft } from './microsoft/errors.ts';
import { classifySalesforce } from './salesforce/errors.ts';

/** Every provider's map from its words to verdicts; `generic` is the network itself. */
export const CLASSIFIERS: Readonly<Record<ProviderName | 'generic', (answer: ProviderAnswer) => Verdict>> = {
  google: classifyGoogle,
  microsoft: classifyMicrosoft,
  exchange: classifyExchange,
  imap: classifyImap,
  salesforce: classifySalesforce,
  generic: classifyNetwork,
};
