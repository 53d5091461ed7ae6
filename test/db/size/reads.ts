import { listTenants } from '../../../db/access/tenants.ts';
import { findApiKeyByHash, listApiKeys } from '../../../db/access/api-keys.ts';
import { findUiSession } from '../../../db/access/ui-sessions.ts';
import { countHoldersOfGrant } from '../../../db/across-tenants/grants.ts';
import * as figures from '../../../db/across-tenants/operator-figures.ts';
import { findLinkByHash, findTenantOf, findTenantOfSignIn } from '../../../db/across-tenants/owners.ts';
import { listChannelsOfGrants } from '../../../db/across-tenants/security-events.ts';
import {
  countOtherSubscribers,
  listChannelsToTell,
  listSubscribersToTell,
} from '../../../db/across-tenants/subscribers.ts';
import { listChannels } from '../../../db/channels/channel-list.ts';
import { listNeedingPerson } from '../../../db/channels/needing-person.ts';
import { listTimeline, listEvents } from '../../../db/events/timeline.ts';
import { findReceipt, listImports } from '../../../db/imports/receipts.ts';
import { hasDueQuarantine } from '../../../db/imports/quarantine.ts';
import { listIncidents } from '../../../db/incidents/list.ts';
import { listMessages } from '../../../db/messages/message-feed.ts';
import { listNotices } from '../../../db/notices/notices.ts';
import { findSendByKey } from '../../../db/sending/sends.ts';
import { channelOf, LARGE, LARGE_IMPORT, SMALL } from './fill-database.ts';
import type { Query } from './query.ts';

const PAGE = 50;
const position = { number: 0n };
const anyChannel = { statuses: null, accessType: null, after: null, limit: PAGE };
const anyIncident = { channelId: null, state: 'open', scope: null, partOf: null, after: null, limit: PAGE } as const;
const anyNotice = { channelId: null, incidentId: null, kind: null, state: null, after: null, limit: PAGE };

/** What every page of a list may read: each row, and its watch. */
const OF_A_PAGE = 4 * PAGE;

const LISTS: Query[] = [
  {
    name: 'messages of a small tenant, from the start',
    most: OF_A_PAGE,
    run: (db) =>
      db.inTenant(SMALL, (tx) => listMessages(tx, { channelId: null, tenantId: SMALL, position, limit: PAGE })),
  },
  {
    name: 'messages of a small tenant, at the end',
    most: PAGE,
    run: (db, { channels, messagesEach }) =>
      db.inTenant(SMALL, (tx) =>
        listMessages(tx, {
          channelId: null,
          tenantId: SMALL,
          position: { number: BigInt((messagesEach + 1) * channels) },
          limit: PAGE,
        }),
      ),
  },
  {
    name: 'messages of a channel',
    most: OF_A_PAGE,
    run: (db) =>
      db.inTenant(LARGE, (tx) => listMessages(tx, { channelId: channelOf(2), tenantId: LARGE, position, limit: PAGE })),
  },
  {
    name: 'events of a small tenant',
    most: OF_A_PAGE,
    run: (db) => db.inTenant(SMALL, (tx) => listEvents(tx, { tenantId: SMALL, position, limit: PAGE })),
  },
  {
    name: 'timeline of a channel',
    most: OF_A_PAGE,
    run: (db) => db.inTenant(LARGE, (tx) => listTimeline(tx, { channelId: channelOf(2), before: null, limit: PAGE })),
  },
  {
    name: 'channels of all tenants',
    most: OF_A_PAGE,
    run: (db) => db.acrossTenants((tx) => listChannels(tx, { ...anyChannel, tenantId: null })),
  },
  {
    name: 'channels of the large tenant',
    most: OF_A_PAGE,
    run: (db) => db.inTenant(LARGE, (tx) => listChannels(tx, { ...anyChannel, tenantId: LARGE })),
  },
  {
    name: 'channels of the large tenant by a rare status',
    most: OF_A_PAGE,
    run: (db) =>
      db.inTenant(LARGE, (tx) => listChannels(tx, { ...anyChannel, tenantId: LARGE, statuses: ['blocked'] })),
  },
  {
    name: 'channels of all tenants by a rare status',
    most: OF_A_PAGE,
    run: (db) => db.acrossTenants((tx) => listChannels(tx, { ...anyChannel, tenantId: null, statuses: ['blocked'] })),
  },
  {
    name: 'channels of all tenants by a status that none has',
    most: OF_A_PAGE,
    run: (db) => db.acrossTenants((tx) => listChannels(tx, { ...anyChannel, tenantId: null, statuses: ['paused'] })),
  },
  {
    name: 'channels of the large tenant by need',
    most: OF_A_PAGE,
    run: (db) => db.inTenant(LARGE, (tx) => listChannels(tx, { ...anyChannel, tenantId: LARGE, sort: 'needs' })),
  },
  {
    name: 'channels that need a person',
    most: OF_A_PAGE,
    run: (db) =>
      db.inTenant(LARGE, (tx) =>
        listNeedingPerson(tx, { tenantId: LARGE, ownerEmail: null, isAdmin: false, channelId: null }, PAGE),
      ),
  },
  {
    name: 'tenants',
    most: ({ channels }) => channels / 2,
    run: (db) => db.acrossTenants((tx) => listTenants(tx, null, PAGE)),
  },
  {
    name: 'open incidents of all tenants',
    most: 4 * OF_A_PAGE,
    run: (db) => db.acrossTenants((tx) => listIncidents(tx, { ...anyIncident, tenantId: null })),
  },
  {
    name: 'open incidents of the large tenant',
    most: 4 * OF_A_PAGE,
    run: (db) => db.inTenant(LARGE, (tx) => listIncidents(tx, { ...anyIncident, tenantId: LARGE })),
  },
  {
    name: 'notices of the large tenant',
    most: OF_A_PAGE,
    run: (db) => db.inTenant(LARGE, (tx) => listNotices(tx, { ...anyNotice, tenantId: LARGE })),
  },
  {
    name: 'keys of a tenant',
    most: OF_A_PAGE,
    run: (db) => db.inTenant(SMALL, (tx) => listApiKeys(tx, { tenantId: SMALL, after: null, limit: PAGE })),
  },
  {
    name: 'imports of a channel with a large one',
    most: OF_A_PAGE,
    run: (db) => db.inTenant(LARGE, (tx) => listImports(tx, { channelId: channelOf(2), after: null, limit: PAGE })),
  },
];

const ROWS: Query[] = [
  { name: 'a key', most: 4, run: (db) => db.outsideTenants((tx) => findApiKeyByHash(tx, 'h6')) },
  { name: 'a session', most: 4, run: (db) => db.outsideTenants((tx) => findUiSession(tx, 's1')) },
  { name: 'the tenant of a channel', most: 4, run: (db) => findTenantOf(db, 'channel', channelOf(9)) },
  { name: 'the tenant of a message', most: 4, run: (db) => findTenantOf(db, 'message', 'msg_9_1') },
  { name: 'a link', most: 4, run: (db) => findLinkByHash(db, 'hash9') },
  { name: 'a sign-in', most: 4, run: (db) => findTenantOfSignIn(db, 'state9') },
  {
    name: 'a send by its key',
    most: 4,
    run: (db) => db.inTenant(LARGE, (tx) => findSendByKey(tx, channelOf(1), 'k1')),
  },
  {
    name: 'channels on a grant',
    most: 20,
    run: (db) => countHoldersOfGrant(db, 'grant9', { channelId: channelOf(10) }),
  },
  {
    name: 'channels of a login',
    most: 20,
    run: (db) => listChannelsOfGrants(db, { provider: 'google', ownTypes: ['gmail'], about: { providerId: 'a9' } }),
  },
  {
    name: 'channels of a refresh token',
    most: 20,
    run: (db) =>
      listChannelsOfGrants(db, { provider: 'google', ownTypes: ['gmail'], about: { identifiers: ['none'] } }),
  },
  {
    name: 'channels of a mailbox',
    most: 20,
    run: (db) => listChannelsToTell(db, { accessType: 'gmail', mailboxKey: 'a3' }),
  },
  {
    name: 'the channel of a subscription',
    most: 20,
    run: (db) => listSubscribersToTell(db, { accessType: 'gmail', reference: 'sub3' }),
  },
  {
    name: 'other subscribers of a mailbox',
    most: 20,
    run: (db) => countOtherSubscribers(db, { id: channelOf(4), accessType: 'gmail', mailboxKey: 'a3' }),
  },
  {
    name: 'a due quarantine',
    most: 20,
    run: (db, { now }) => db.inTenant(LARGE, (tx) => hasDueQuarantine(tx, channelOf(1), { now, parserVersion: 1 })),
  },
];

const FIGURES: Query[] = [
  {
    name: 'metrics: channels by status',
    most: ({ channels }) => 1.05 * channels,
    run: (db) => figures.countChannelsByStatus(db),
  },
  {
    name: 'metrics: open incidents',
    most: ({ channels }) => channels / 50,
    run: (db) => figures.countOpenIncidents(db),
  },
  {
    name: 'metrics: stuck channels',
    most: ({ channels }) => channels / 50,
    run: (db, { now }) => figures.countStuckChannels(db, now),
  },
  {
    name: 'metrics: the oldest nudge',
    most: ({ channels }) => channels / 50,
    whole: 'nudges are few, and an index of their age would be written by each',
    run: (db) => figures.findOldestNudge(db),
  },
  { name: 'metrics: the oldest row without a number', most: 20, run: (db) => figures.findOldestUnsettled(db) },
  {
    name: 'metrics: failing subscriptions',
    most: ({ channels }) => channels / 50,
    run: (db) => figures.countFailingSubscriptions(db),
  },
  { name: 'metrics: open circuits', most: 20, run: (db) => figures.countOpenCircuits(db) },
  {
    name: 'metrics: coverage',
    most: ({ channels }) => 2 * channels,
    whole: 'a percentile is of all channels',
    run: (db, { now }) => figures.measureCoverage(db, now),
  },
  {
    name: 'the receipt of a large import',
    most: ({ items }) => 2 * items + 100,
    whole: 'a message in several folders counts once',
    run: (db) => db.inTenant(LARGE, (tx) => findReceipt(tx, LARGE_IMPORT)),
  },
];

export const READS: Query[] = [...LISTS, ...ROWS, ...FIGURES];
