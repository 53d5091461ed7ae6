/** The access types with an adapter of their own; a file of a provider adds another by its name (`providers/custom`). */
export const ACCESS_TYPES = ['gmail', 'microsoft', 'exchange', 'imap', 'salesforce'] as const;
export type BuiltInAccessType = (typeof ACCESS_TYPES)[number];
/** How a channel reaches its account. One access type belongs to exactly one provider. */
export type AccessType = BuiltInAccessType | FileName;

export const PROVIDER_NAMES = ['google', 'microsoft', 'exchange', 'imap', 'salesforce'] as const;
export type BuiltInProviderName = (typeof PROVIDER_NAMES)[number];
/** Who runs the account: of a file, the same name as the access type's. */
export type ProviderName = BuiltInProviderName | FileName;

/** Any name, beside those that the compiler knows. */
type FileName = string & Record<never, never>;

/** A name that becomes part of an address, of a variable, and of a task queue. */
export const NAME_PATTERN = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
export const LONGEST_NAME = 32;

/** False: its adapter is made by a file. */
export const isBuiltIn = (accessType: AccessType): boolean => ACCESS_TYPES.some((name) => name === accessType);

/** Whose accounts an access type reaches. */
export const providerOf = (accessType: AccessType): ProviderName => (accessType === 'gmail' ? 'google' : accessType);

/** What a connection is for; adapters map these to the least scopes. */
export const USES = ['read', 'send'] as const;
export type Use = (typeof USES)[number];

export const CHANNEL_KINDS = ['individual', 'shared'] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

/** `continuous`: everything is imported as it comes; `gap`: only what a breakage made us miss; `off`: nothing. */
export const IMPORT_MODES = ['continuous', 'gap', 'off'] as const;
export type ImportMode = (typeof IMPORT_MODES)[number];

/** `always` refreshes ahead of every expiry; `when_used` sleeps until the keep-alive and refreshes on the next read. */
export const KEEP_WARM = ['always', 'when_used'] as const;
export type KeepWarm = (typeof KEEP_WARM)[number];

/** Whose folders there are beside the mailbox's own (RFC 2342): other users' and shared ones. */
export const NAMESPACES = ['personal', 'other', 'shared'] as const;
export type Namespace = (typeof NAMESPACES)[number];
