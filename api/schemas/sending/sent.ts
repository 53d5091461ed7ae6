import { z } from 'zod';
import { timeOut } from '../parts.ts';

export const sentOut = z
  .object({
    message_id: z.string().describe('The Message-ID, with its angle brackets; a message without one is given one'),
    accepted_at: timeOut.describe('When the provider had taken the message'),
    refused_recipients: z
      .array(z.string())
      .describe('Recipients that the mail server refused while it took the message for the others'),
  })
  .meta({ id: 'SentMessage' });
