// The limit of token reads: bare Express with the same SQL function, the same role, as many connections and the same
// durability as the server, and nothing else. No key is checked, nothing is decrypted, counted or logged.
import type { AddressInfo } from 'node:net';
import express from 'express';
import postgres from 'postgres';

const sql = postgres(process.env['DATABASE_URL'] ?? '', { max: 12, connection: { role: 'mooring_app' } });
const app = express();
app.get('/v1/channels/:id/access-token', async (request, response) => {
  const now = new Date().toISOString();
  const [row] = await sql`select * from serve_access_token(${request.params.id}, null, 'bench', ${now}, 'fresh', null)`;
  response.json(row);
});
const server = app.listen(0, '127.0.0.1', () => {
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
