import { takeAdoptionsToFinish } from '../../../db/across-tenants/adoptions.ts';
import { queueOverdue, giveUpWaiting, listQueues } from '../../../db/across-tenants/deliveries.ts';
import { putBackForgotten, takeForgottenNudges, takeOverdueChannels } from '../../../db/across-tenants/forgotten.ts';
import { takeEndingAccesses } from '../../../db/across-tenants/former-accesses.ts';
import { listExpiring } from '../../../db/across-tenants/grant-lives.ts';
import { appointCanaries, wakeAfterIncidents } from '../../../db/across-tenants/incidents/canaries.ts';
import { turnLastingTrouble } from '../../../db/across-tenants/incidents/lasting-trouble.ts';
import { turnMassReauthorizations } from '../../../db/across-tenants/incidents/mass-reauthorization.ts';
import { closeDesertedOperatorIncidents } from '../../../db/across-tenants/incidents/operator-incidents.ts';
import { closeOutages, foldIntoOutages, openOutages } from '../../../db/across-tenants/incidents/outages.ts';
import { turnUnserved } from '../../../db/across-tenants/incidents/served.ts';
import {
  closeServedIncidents,
  openUnservedIncidents,
  takeUnwatched,
} from '../../../db/across-tenants/incidents/unwatched.ts';
import { leaseChannelsToListen } from '../../../db/across-tenants/leases.ts';
import { listOverdueRecipients, turnNotices } from '../../../db/across-tenants/notices.ts';
import { turnOutbox } from '../../../db/across-tenants/outbox.ts';
import { findUnusedContent, pruneExpired, retireMessages } from '../../../db/across-tenants/retention.ts';
import { forgetSecurityEvents, listCertainEvents } from '../../../db/across-tenants/security-events.ts';
import { findDueWatches } from '../../../db/across-tenants/watches.ts';
import { channelOf } from './fill-database.ts';
import { earlier, later, TYPES } from './query.ts';
import type { Query } from './query.ts';

/** What processes look for again and again. */
export const SWEEPS: Query[] = [
  { name: 'nudges due, none', most: 10, run: (db, { now }) => takeForgottenNudges(db, { now, limit: 200 }) },
  {
    name: 'nudges due, a page',
    most: ({ channels }) => 2_000 + channels / 50,
    whole: 'all are due',
    run: (db, { now }) => takeForgottenNudges(db, { now: later(now, 1), limit: 200 }),
  },
  { name: 'overdue channels, none', most: 10, run: (db, { now }) => takeOverdueChannels(db, { now, limit: 200 }) },
  {
    name: 'overdue channels, a page',
    most: 2_000,
    run: (db, { now }) => takeOverdueChannels(db, { now: later(now, 2), limit: 200 }),
  },
  {
    name: 'nudges put back',
    most: 20,
    run: (db, { now }) => putBackForgotten(db, 'nudges', { ids: [channelOf(1)], now }),
  },
  {
    name: 'watches due, none',
    most: 20,
    run: (db, { now }) =>
      findDueWatches(
        db,
        { owner: 'other', now, accessTypes: [...TYPES], full: { tenants: [], hosts: [] }, underWay: [] },
        100,
      ),
  },
  { name: 'unwatched channels, none', most: 1_000, run: (db, { now }) => takeUnwatched(db, { now, limit: 200 }) },
  { name: 'types without a listener', most: 1_000, run: (db, { now }) => openUnservedIncidents(db, now) },
  { name: 'listeners that are back', most: 20, run: (db, { now }) => closeServedIncidents(db, now) },
  { name: 'types without a worker', most: 100, run: (db, { now }) => turnUnserved(db, { now, grace: later(now, 1) }) },
  {
    name: 'a listener’s leases, none free',
    most: 20_000,
    run: (db, { now }) =>
      leaseChannelsToListen(
        db,
        { owner: 'other', now, until: later(now, 1), renewedBefore: now },
        { accessTypes: ['imap'], limit: 100, walkedTo: '' },
      ),
  },
  {
    name: 'deserted incidents',
    most: ({ channels }) => channels / 50,
    run: (db, { now }) => closeDesertedOperatorIncidents(db, now),
  },
  { name: 'canaries', most: 20, run: (db, { now }) => appointCanaries(db, now) },
  { name: 'channels of closed incidents', most: 200, run: (db, { now }) => wakeAfterIncidents(db, now) },
  { name: 'outages that begin', most: 200, run: (db, { now }) => openOutages(db, now) },
  { name: 'outages that go on', most: 200, run: (db, { now }) => foldIntoOutages(db, now) },
  { name: 'outages that end', most: 200, run: (db, { now }) => closeOutages(db, now) },
  { name: 'people who sign in together', most: 200, run: (db, { now }) => turnMassReauthorizations(db, now) },
  { name: 'lasting trouble', most: ({ channels }) => channels / 10, run: (db, { now }) => turnLastingTrouble(db, now) },
  {
    name: 'messages to retire, none',
    most: ({ channels }) => channels / 10,
    whole: 'a look into the index of each tenant',
    run: (db, { now }) => retireMessages(db, { now, limit: 500 }),
  },
  {
    name: 'messages to retire, a page',
    most: 10_000,
    whole: 'a look into the index of each tenant',
    run: (db, { now }) => retireMessages(db, { now: later(now, 90), limit: 500 }),
  },
  { name: 'expired rows, none', most: 2_200, run: (db, { now }) => pruneExpired(db, { now, limit: 500 }) },
  { name: 'unused content, a page', most: 5_000, run: (db) => findUnusedContent(db, 'c5', 500) },
  { name: 'grants that end, none', most: 20, run: (db, { now }) => listExpiring(db, { now, limit: 200 }) },
  {
    name: 'grants that end, the second page',
    most: 2_000,
    run: (db, { now, channels }) =>
      listExpiring(db, {
        now: later(now, 90),
        limit: 200,
        after: {
          tenantId: '',
          channelId: channelOf(channels / 2),
          expiryWarnAt: later(now, 30 + channels / 4 / 86_400),
        },
      }),
  },
  {
    name: 'former accesses that end',
    most: 20,
    run: (db, { now }) => takeEndingAccesses(db, { now, until: later(now, 1), limit: 200, accessTypes: [...TYPES] }),
  },
  {
    name: 'adoptions to finish',
    most: 20,
    run: (db, { now }) => takeAdoptionsToFinish(db, 'gmail', { holder: 'h', now, until: later(now, 1), limit: 20 }),
  },
  {
    name: 'security events that are certain',
    most: 20,
    run: (db, { now }) => listCertainEvents(db, { now, limit: 100 }),
  },
  {
    name: 'security events to forget',
    most: 20,
    run: (db, { now }) => forgetSecurityEvents(db, { before: earlier(now, 90), limit: 500 }),
  },
  {
    name: 'recipients with an overdue notice',
    most: 20,
    run: (db, { now }) => listOverdueRecipients(db, { dueBefore: now, after: '', limit: 100 }),
  },
  { name: 'events without notices, none', most: 20, run: (db) => turnNotices(db, 200, async () => {}) },
  { name: 'the outbox, none', most: 20, run: (db, { now }) => turnOutbox(db, now, 200) },
  {
    name: 'queues of deliveries',
    most: 50,
    run: (db, { now }) => listQueues(db, { lane: 'lifecycle', after: '', now, limit: 100 }),
  },
  { name: 'overdue deliveries', most: 20, run: (db, { now }) => queueOverdue(db, { dueBefore: now, now, limit: 200 }) },
  { name: 'deliveries to give up', most: 20, run: (db) => giveUpWaiting(db) },
];
