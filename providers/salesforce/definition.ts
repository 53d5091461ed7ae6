import { defineProvider } from '../definition.ts';
import { createSalesforceProvider } from './adapter.ts';
import { salesforceConfig, salesforceVariables } from './configuration.ts';

export const salesforce = defineProvider({
  name: 'salesforce',
  variables: salesforceVariables,
  configure(given, { reserve }) {
    const config = salesforceConfig(given);
    return config ? [createSalesforceProvider(config, reserve)] : [];
  },
});
