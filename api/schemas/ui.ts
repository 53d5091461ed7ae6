import { z } from 'zod';
import { accessType } from './parts.ts';

export const sessionBody = z.strictObject({ api_key: z.string().min(1).max(500) });
export const loginQuery = z.strictObject({ token: z.string().min(1).max(500) });
export const sessionOut = z.object({
  access_types: z.array(accessType),
  temporal_ui: z.string().nullable(),
  sandbox_page: z.string().nullable(),
});
export type UiSession = z.infer<typeof sessionOut>;
