import type { Surroundings } from './programs.ts';
import type { Run } from './run-file.ts';
import { keepsMail } from './start-config.ts';
import type { StartConfig } from './start-config.ts';
import { apiKeyFile } from './state-folder.ts';
import type { Say } from './steps.ts';

/** The addresses of a Mooring, its process ids left open. */
export function describeRun(config: StartConfig, found: Surroundings): Omit<Run, 'pids'> {
  const { sandbox } = found;
  return {
    api: `http://${config.bind.includes(':') ? '[::1]' : '127.0.0.1'}:${config.port}`,
    ui: config.publicUrl,
    ui_login: `${config.publicUrl}/login?token=${found.uiLoginToken}`,
    api_key: found.apiKey,
    temporal: found.temporalAddress,
    temporal_ui: found.temporalUiUrl,
    database_url: found.databaseUrl,
    ...(sandbox && { sandbox: { control: sandbox.control, page: sandbox.page, ...sandbox.run } }),
  };
}

/** Where a person goes next. The API key is named by its file: a terminal's output is copied around. */
export function sayAddresses(say: Say, config: StartConfig, run: Omit<Run, 'pids'>): void {
  say('Web UI', run.ui_login);
  const keyFile = apiKeyFile(config.stateDir);
  say('API', `${run.api}/v1, key in ${config.apiKey ? 'MOORING_API_KEY' : keyFile}`);
  const key = config.apiKey ? '$MOORING_API_KEY' : `$(cat '${keyFile}')`;
  say('Try', `curl -s ${run.api}/v1/channels -H "authorization: Bearer ${key}"`);
  if (run.temporal_ui) say('Temporal Web', run.temporal_ui);
  if (keepsMail(config)) say('Mail', `kept, since SMTP_URL is not set: ${run.ui}/outbox`);
  if (run.sandbox) say('Sandbox', run.sandbox.page);
}
