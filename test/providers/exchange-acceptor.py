"""pyspnego, as a server with Extended Protection, takes the NTLM of Mooring's adapter for Exchange.

    pip install pyspnego
    python test/providers/exchange-acceptor.py .mooring/sandbox
"""

import base64
import hashlib
import http.server
import os
import ssl
import subprocess
import sys
import tempfile
import threading

import spnego
from spnego.channel_bindings import GssChannelBindings

FOLDER = os.path.join(sys.argv[1], "imap-tls")
USER, PASSWORD = "ana", "correct horse für 東京"
ANSWER = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><m:GetFolderResponse xmlns:m="m"><m:ResponseMessages>'
    '<m:GetFolderResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>'
    "</m:GetFolderResponseMessage></m:ResponseMessages></m:GetFolderResponse></s:Body></s:Envelope>"
)
CLIENT = """
import { readFileSync } from 'node:fs';
import { Secret } from './domain/secret.ts';
import { createEgressGuard } from './net/egress.ts';
import { createExchangeProvider } from './providers/exchange/adapter.ts';
const [, url, caFile, username, password] = process.argv;
const egress = createEgressGuard({ allow: ['127.0.0.1'] });
const provider = createExchangeProvider({ egress, certificateAuthorities: readFileSync(caFile, 'utf8') });
const server = { kind: 'ews', url };
const access = { kind: 'password', mailbox: null, context: {}, email: 'ana@example.com', username, password: new Secret(password), server };
const session = await provider.openSession(access, new AbortController().signal);
try {
  for (let i = 0; i < 3; i++) await session.verify();
  console.log('let in');
} catch (error) {
  console.log(error.verdict?.kind ?? error);
}
await session.close();
"""

with open(os.path.join(FOLDER, "server.pem")) as file:
    pem = file.read()
certificate = ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN CERTIFICATE-----") :])
BINDINGS = GssChannelBindings(
    application_data=b"tls-server-end-point:" + hashlib.sha256(certificate).digest()
)


class Acceptor(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    context = None
    logins = 0

    def do_POST(self):
        length = int(self.headers.get("content-length") or 0)
        self.rfile.read(length)
        token = self.headers.get("authorization", "")
        if not token and self.context is not None and self.context.complete:
            return self.answer(200, ANSWER)
        if not token.startswith("NTLM "):
            return self.answer(401, "", "NTLM")
        message = base64.b64decode(token[5:])
        if message[8] == 1:
            assert length == 0, "the first message of NTLM has a body"
            self.context = spnego.server(protocol="ntlm", channel_bindings=BINDINGS)
        else:
            Acceptor.logins += 1
        try:
            out = self.context.step(message)
        except spnego.exceptions.SpnegoError as error:
            print("refused:", type(error).__name__)
            return self.answer(401, "", "NTLM")
        if self.context.complete:
            return self.answer(200, ANSWER)
        return self.answer(401, "", "NTLM " + base64.b64encode(out).decode())

    def answer(self, status, body, challenge=None):
        self.send_response(status)
        if challenge is not None:
            self.send_header("WWW-Authenticate", challenge)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


with tempfile.NamedTemporaryFile("w", suffix=".users") as users:
    users.write(f"CONTOSO:{USER}:{PASSWORD}\n")
    users.flush()
    os.environ["NTLM_USER_FILE"] = users.name
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Acceptor)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(os.path.join(FOLDER, "server.pem"))
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"https://127.0.0.1:{server.server_port}/EWS/Exchange.asmx"
    node = os.path.join("node_modules", ".bin", "node")
    for password, expected in ((PASSWORD, "let in"), ("wrong", "reauth_required")):
        before = Acceptor.logins
        args = [node, "--input-type=module-typescript", "-e", CLIENT, url, os.path.join(FOLDER, "ca.pem"), f"CONTOSO\\{USER}", password]
        said = subprocess.run(args, capture_output=True, text=True)
        assert said.stdout.strip() == expected, said.stdout + said.stderr
        assert Acceptor.logins - before == 1, f"{Acceptor.logins - before} logins"
        print(f"{expected}, after one login")
