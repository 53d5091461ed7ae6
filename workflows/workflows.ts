/* What a worker runs: every workflow by name. */
export { channelWorkflow } from './channel.ts';
export { deliverWorkflow } from './deliver.ts';
export { importWorkflow } from './import.ts';
export { recipientWorkflow } from './recipient.ts';
export { sendWorkflow } from './send.ts';
