import type { ChannelRow } from '../../db/channels/channels.ts';
import { isBuiltIn } from '../../domain/access-type.ts';
import type { AccessType } from '../../domain/access-type.ts';
import type { ApiContext } from '../api-context.ts';

/** The configured access types that can reach the mailbox of a channel: its own, and those of mail where it is one. */
export function waysTo(
  { providers }: Pick<ApiContext, 'providers'>,
  { accessType: own }: Pick<ChannelRow, 'accessType'>,
) {
  const isMailbox = (accessType: AccessType) => {
    const capabilities = providers.get(accessType)?.capabilities;
    if (capabilities === undefined) return isBuiltIn(accessType);
    return !capabilities.importsNothing && !capabilities.importsRecords;
  };
  return [...providers.keys()].filter((accessType) => accessType === own || (isMailbox(own) && isMailbox(accessType)));
}
