import { parseArgs } from 'node:util';
import { startSandbox } from './sandbox.ts';

/** `node sandbox/main.ts --dir DIR [--port N] [--push-to URL]`: the simulated providers as a process of their own. */
const { values } = parseArgs({
  options: { dir: { type: 'string' }, port: { type: 'string', default: '0' }, 'push-to': { type: 'string' } },
});
const port = Number(values.port);
if (values.dir === undefined || !Number.isInteger(port) || port < 0 || port > 65_535) {
  process.stderr.write(
    'usage: node sandbox/main.ts --dir DIR [--port 0..65535] [--push-to http://127.0.0.1:3000/push]\n',
  );
  process.exit(2);
}

try {
  const sandbox = await startSandbox({ dir: values.dir, port, pushTo: values['push-to'] });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      void sandbox.close().then(() => process.exit(0));
    });
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
