"""simple-salesforce reads the sandbox's Salesforce.

    pip install simple-salesforce==1.12.10
    python test/sandbox/salesforce-readers.py .mooring/sandbox/sandbox.json
"""

import base64
import datetime
import hashlib
import json
import secrets
import sys
import urllib.parse
import urllib.request

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceExpiredSession, SalesforceMalformedRequest

with open(sys.argv[1]) as file:
    sandbox = json.load(file)
at = sandbox["salesforce"]
EMAIL = "reader@salesforce.example"
REDIRECT_URI = "http://127.0.0.1:9/oauth/salesforce/callback"


def control(method, path, body=None):
    request = urllib.request.Request(
        f"{sandbox['control']}/control{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or "null")


def sign_in():
    verifier = secrets.token_urlsafe(32)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "client_id": at["client_id"],
        "redirect_uri": REDIRECT_URI,
        "response_type": "code",
        "scope": "api refresh_token",
        "code_challenge": challenge,
    }
    url = f"{at['authorization_url']}?{urllib.parse.urlencode(query)}"
    back = control("POST", "/consent", {"authorization_url": url, "email": EMAIL})["redirect_to"]
    form = {
        "grant_type": "authorization_code",
        "code": urllib.parse.parse_qs(urllib.parse.urlparse(back).query)["code"][0],
        "code_verifier": verifier,
        "redirect_uri": REDIRECT_URI,
        "client_id": at["client_id"],
        "client_secret": at["client_secret"],
    }
    return requests.post(at["token_url"], data=form, timeout=30).json()


class Instance(HTTPAdapter):
    """The library knows an instance by its host and TLS; the sandbox has it below one plain address."""

    def __init__(self, instance_url):
        super().__init__()
        self.instance_url = instance_url

    def send(self, request, **kwargs):
        parts = urllib.parse.urlsplit(request.url)
        request.url = self.instance_url + urllib.parse.urlunsplit(("", "", parts.path, parts.query, ""))
        return super().send(request, **kwargs)


def open_org(tokens):
    session = requests.Session()
    session.mount("https://", Instance(tokens["instance_url"]))
    return Salesforce(instance="na1.salesforce.com", session_id=tokens["access_token"], session=session, version="62.0")


control("PUT", f"/accounts/salesforce/{EMAIL}", {})
control("PUT", "/providers/salesforce", {"token_life_s": 3600})
org = open_org(sign_in())
delivered = {
    held["provider_id"]
    for held in control("POST", f"/accounts/salesforce/{EMAIL}/messages", {"count": 2300})["messages"]
}

read = {record["Id"] for record in org.query_all("SELECT Id FROM EmailMessage ORDER BY SystemModstamp, Id")["records"]}
assert delivered <= read, f"read {len(read)} of {len(delivered)}"
print(f"query and query_more: {len(read)} mails")

now = datetime.datetime.now(datetime.timezone.utc)
changed = org.EmailMessage.updated(now - datetime.timedelta(hours=1), now + datetime.timedelta(minutes=2))
assert delivered <= set(changed["ids"]), "updated names the delivered mails"
print(f"updated: {len(changed['ids'])} ids, covered until {changed['latestDateCovered']}")

task = org.Task.create({"Subject": "Call Ana"})["id"]
assert org.Task.update(task, {"Subject": "Call Ana on Monday"}) == 204
assert org.Task.get(task)["Subject"] == "Call Ana on Monday"
assert org.Task.delete(task) == 204
assert any(field["name"] == "MessageDate" for field in org.EmailMessage.describe()["fields"])
assert org.limits()["DailyApiRequests"]["Max"] > 0
print("records: created, changed, read, deleted, described")

try:
    org.query("SELECT Nothing FROM Task")
    raise SystemExit("a field that is not there was read")
except SalesforceMalformedRequest:
    print("a field that is not there is refused")
control("POST", "/faults", {"provider": "salesforce", "email": EMAIL, "fault": "session_revoked"})
try:
    org.query("SELECT Id FROM Task")
    raise SystemExit("an ended session was let in")
except SalesforceExpiredSession:
    print("an ended session is refused")
