import { findBranding, setBranding } from '../../db/access/branding.ts';
import { json, written } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import { IMAGE_TYPES } from './logo.ts';
import { previewCalls } from './preview.ts';
import { Problem, notFound } from '../http/problem.ts';
import { presentBranding, presentPageBranding } from './present-branding.ts';
import { brandingBody, brandingOut, logoQuery, pageBrandingOut } from '../schemas/branding.ts';

const tag = 'Branding';

const read = defineCall({
  method: 'get',
  path: '/v1/branding',
  operationId: 'getBranding',
  summary: 'Read the name, logo and colour of connect pages and mails',
  description: 'One branding for the whole installation; a tenant appears by the `display_name` of its policy.',
  tag,
  access: ['channels:read', 'admin'],
  answers: { 200: json('The branding of the installation; null where nothing is set', brandingOut) },
  async run({ context }) {
    return { status: 200, body: presentBranding(await context.database.outsideTenants(findBranding)) };
  },
});

const set = defineCall({
  method: 'put',
  path: '/v1/branding',
  operationId: 'setBranding',
  summary: 'Set the name, logo and colour of connect pages and mails; fields left out are null',
  description: 'Mooring fetches the logo when a page asks for it, and serves it itself.',
  tag,
  access: ['admin'],
  body: brandingBody,
  example: { name: 'Example Desk', accent_color: '#0e5f73', support_email: 'help@example.com' },
  answers: { 200: json('The branding', brandingOut) },
  problems: ['tenant_not_allowed'],
  async run({ context, principal, body }) {
    if (principal.tenantId !== null) {
      throw new Problem('tenant_not_allowed', 'Branding is of the installation; expected a key of all tenants');
    }
    const now = await context.clock.now();
    await context.database.outsideTenants((tx) => setBranding(tx, body, now));
    return { status: 200, body: presentBranding(body) };
  },
});

const readForPage = defineCall({
  method: 'get',
  path: '/branding',
  operationId: 'getPageBranding',
  summary: 'Read the branding of pages that need no login',
  description: 'With the address at which this server has the logo.',
  tag: 'Connect pages',
  isInternal: true,
  access: 'public',
  answers: { 200: json('The branding', pageBrandingOut) },
  async run({ context, response }) {
    response.set('Cache-Control', 'no-store');
    return { status: 200, body: presentPageBranding(await context.database.outsideTenants(findBranding)) };
  },
});

const logo = defineCall({
  method: 'get',
  path: '/branding/logo',
  operationId: 'getLogo',
  summary: 'Read the logo, as this server fetched it',
  description: 'Pages load it from here, so no other server learns who opens a link.',
  tag,
  access: 'public',
  query: logoQuery,
  answers: { 200: written('The image', ...IMAGE_TYPES) },
  problems: ['not_found'],
  async run({ context, response }) {
    const { logoUrl } = await context.database.outsideTenants(findBranding);
    const found = logoUrl === null ? null : await context.logos.find(logoUrl);
    if (found === null) throw notFound('logo');
    response
      .set({
        'Content-Type': found.mediaType,
        'Cache-Control': 'public, max-age=3600',
        // An SVG opened by itself is a page of ours: it runs nothing and loads nothing.
        'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        'Cross-Origin-Resource-Policy': 'cross-origin', // mails show it
      })
      .end(found.bytes);
    return { status: 200 };
  },
});

export const brandingCalls = [read, set, readForPage, logo, ...previewCalls];
