"""exchangelib reads the sandbox's Exchange, by NTLM (with channel bindings) and by Basic.

    pip install exchangelib==5.6.0
    python test/sandbox/exchange-readers.py .mooring/sandbox/sandbox.json
"""

import json
import os
import sys
import urllib.request

with open(sys.argv[1]) as file:
    sandbox = json.load(file)
os.environ["REQUESTS_CA_BUNDLE"] = sandbox["exchange"]["ca_file"]

from exchangelib import BASIC, DELEGATE, NTLM, Account, Configuration, Credentials  # noqa: E402
from exchangelib.errors import UnauthorizedError  # noqa: E402

EMAIL = "reader@example.com"
PASSWORD = "correct horse für Ana"


def control(method, path, body=None):
    request = urllib.request.Request(
        f"{sandbox['control']}/control{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def open_account(auth_type, user, password=PASSWORD):
    credentials = Credentials(user, password)
    config = Configuration(
        service_endpoint=sandbox["exchange"]["url"], credentials=credentials, auth_type=auth_type, max_connections=1
    )
    return Account(EMAIL, config=config, autodiscover=False, access_type=DELEGATE)


def read(auth_type, user):
    account = open_account(auth_type, user)
    messages = list(account.inbox.all().order_by("-datetime_received"))
    ids = {message.message_id for message in messages}
    assert ids == delivered, f"read {len(ids)} of {len(delivered)}"
    assert all(b"Message-ID" in message.mime_content for message in messages)
    assert len(list(account.inbox.sync_items())) == len(delivered)
    assert "Inbox" in {folder.name for _, folder in account.msg_folder_root.sync_hierarchy()}
    print(f"{auth_type} as {user}: {len(ids)} messages")


control("PUT", f"/accounts/exchange/{EMAIL}", {"password": PASSWORD})
control("POST", f"/accounts/exchange/{EMAIL}/messages", {"count": 30})
delivered = {held["message_id"] for held in control("GET", f"/accounts/exchange/{EMAIL}/messages")["messages"]}
for auth_type, user in ((NTLM, "EXAMPLE\\reader"), (NTLM, EMAIL), (BASIC, EMAIL)):
    read(auth_type, user)
fault = control("POST", "/faults", {"provider": "exchange", "fault": "extended_protection_required"})
read(NTLM, EMAIL)
control("DELETE", f"/faults/{fault['id']}")
try:
    open_account(BASIC, EMAIL, "wrong").inbox.refresh()
    raise SystemExit("a wrong password was let in")
except UnauthorizedError:
    print("a wrong password is refused")
