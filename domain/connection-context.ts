/**
 * What an adapter has to know of a connection beside its secret: where the account is served (Salesforce's instance, an
 * Exchange server's address), whose directory it is in (Entra's tenant). Never secret; only the adapter reads the names.
 */
export type ConnectionContext = Readonly<Record<string, string>>;
