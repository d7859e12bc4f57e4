"""The documented uses of the hub, by fhirpy as it is: `python fhirpy_client.py <hub> <issuer> <examples> <endpoint>`.

Beside it there is an authentication of `requests` for token and proof (docs/identity.md). Prints a line for each use. Ends with 1
if one fails.
"""

import base64
import hashlib
import json
import sys
import time
import uuid
from pathlib import Path
from urllib.parse import quote

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome, ResourceNotFound
from jwt.algorithms import ECAlgorithm

HUB, ISSUER, EXAMPLES, ENDPOINT = sys.argv[1:5]
TOPIC = "https://luftbro.example/fhir/SubscriptionTopic/mission-event"
BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
REQUESTER = "Organization/311000012"
COORDINATOR = "Organization/312000016"


class Dpop(requests.auth.AuthBase):
    """A token that is bound to a key, and a proof of the key for each request (RFC 9449)."""

    def __init__(self, client):
        self.key = ec.generate_private_key(ec.SECP256R1())
        url = f"{ISSUER}/token"
        form = {"grant_type": "client_credentials", "client_id": client}
        answer = requests.post(url, data=form, headers={"DPoP": self.proof("POST", url)}, timeout=60)
        self.token = answer.json()["access_token"]

    def proof(self, method, url, token=None):
        public = json.loads(ECAlgorithm.to_jwk(self.key.public_key()))
        claims = {"jti": str(uuid.uuid4()), "htm": method, "htu": url.split("?")[0], "iat": int(time.time())}
        if token is not None:
            digest = hashlib.sha256(token.encode()).digest()
            claims["ath"] = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        return jwt.encode(claims, self.key, "ES256", headers={"typ": "dpop+jwt", "jwk": public})

    def __call__(self, request):
        request.headers["Authorization"] = f"DPoP {self.token}"
        request.headers["DPoP"] = self.proof(request.method, request.url, self.token)
        return request


def client_of(name):
    return SyncFHIRClient(HUB, requests_config={"auth": Dpop(name), "timeout": 60})


def example(file):
    return json.loads((Path(EXAMPLES) / file).read_text("utf-8"))


def send(client, message):
    return client.execute("$process-message", method="post", data=message)


def check(holds, what):
    if not holds:
        raise AssertionError(what)


amk = client_of("amk-innlandet")
coordinator = client_of("amk-la-oslo")
facts = {}


def reads_metadata():
    statement = amk.execute("metadata", method="get")
    check(statement["fhirVersion"].startswith("4.0"), "is not R4")


def subscription(endpoint):
    content = {"extension": [{"url": f"{BACKPORT}backport-payload-content", "valueCode": "id-only"}]}
    channel = {"type": "rest-hook", "endpoint": endpoint, "payload": "application/fhir+json", "_payload": content}
    return {"status": "requested", "reason": "fhirpy", "criteria": TOPIC, "channel": channel}


def subscribes():
    created = coordinator.resource("Subscription", **subscription(ENDPOINT))
    created.save()
    check(created.id is not None, "has no id")
    read = coordinator.reference("Subscription", created.id).to_resource()
    check(read["criteria"] == TOPIC, "is another subscription")
    facts["subscription"] = created.id


def subscribes_once():
    criteria = {"If-None-Exist": f"url={quote(ENDPOINT, safe='')}"}
    once = SyncFHIRClient(HUB, extra_headers=criteria, requests_config=coordinator.requests_config)
    again = once.resource("Subscription", **subscription(ENDPOINT))
    again.save()
    check(again.id == facts["subscription"], "is created again")
    # get_or_create puts the criteria into the address, which is not R4: the hub must not create a second subscription.
    try:
        search = coordinator.resources("Subscription").search(url=ENDPOINT)
        search.get_or_create(coordinator.resource("Subscription", **subscription(ENDPOINT)))
    except OperationOutcome:
        return
    raise AssertionError("criteria in the address are passed over")


def updates_and_deletes():
    other = coordinator.resource("Subscription", **subscription(f"{ENDPOINT}/2"))
    other.save()
    other["reason"] = "changed"
    other.save()
    other.refresh()
    check(other["reason"] == "changed", "is not changed")
    other.delete()


def validates():
    outcome = amk.execute("$validate", method="post", data=example("mission-request.json"))
    check(all(issue["severity"] != "error" for issue in outcome["issue"]), "has errors")


def sends_and_reads_back():
    answer = send(amk, example("mission-request.json"))
    header = answer["entry"][0]["resource"]
    check(header["response"]["code"] == "ok", "is not ok")
    facts["mission"] = header["focus"][0]["identifier"]["value"]
    references = [focus["reference"] for focus in header["focus"] if "reference" in focus]
    check(len(references) > 0, "has no reference in focus")
    for reference in references:
        local = reference.removeprefix(f"{HUB}/")
        check(amk.reference(reference=local).to_resource()["resourceType"] == local.split("/")[0], "cannot be read")


def sends_again():
    once, again = (send(amk, example("mission-request.json")) for _ in range(2))
    check(once["entry"][0]["resource"]["id"] == again["entry"][0]["resource"]["id"], "has another answer")


def decides():
    for file in ["acknowledgement.json", "mission-decision.json"]:
        check(send(coordinator, example(file))["entry"][0]["resource"]["response"]["code"] == "ok", f"{file} is not ok")


def reads_mission():
    mission = amk.reference("ServiceRequest", facts["mission"]).to_resource()
    check(mission["status"] == "active", "is not active")
    history = amk.execute(f"ServiceRequest/{facts['mission']}/_history", method="get")
    check(history["type"] == "history" and len(history["entry"]) > 0, "is no history")


def pages():
    tasks = coordinator.resources("Task").search(owner=COORDINATOR).limit(1).fetch_all()
    ids = [task["id"] for task in tasks]
    check(len(ids) > 0 and len(set(ids)) == len(ids), "shows a Task twice, or none")
    missions = amk.resources("ServiceRequest").search(requester=REQUESTER).fetch_all()
    check(facts["mission"] in [mission["id"] for mission in missions], "lacks the mission")


def counts():
    counted = coordinator.execute("Task", method="get", params={"owner": COORDINATOR, "_summary": "count"})
    check(counted["total"] > 0, "counts nothing")
    lenient = SyncFHIRClient(HUB, extra_headers={"Prefer": "handling=lenient"}, requests_config=coordinator.requests_config)
    total = lenient.resources("Task").search(owner=COORDINATOR).count()
    check(total == counted["total"], f"counts {total}")


def searches():
    about = f"ServiceRequest/{facts['mission']}"
    check(len(amk.resources("Task").search(based_on=about).fetch()) > 0, "finds no Task")
    check(len(amk.resources("Communication").search(part_of=about).fetch()) > 0, "finds no receipt")
    found = amk.resources("Organization").search(identifier="urn:oid:2.16.578.1.12.4.1.4.101|311000012").get()
    check(found["id"] == "311000012", "finds another organisation")
    check(len(amk.resources("Organization").search(name__contains="Innlandet").fetch()) > 0, "finds nobody by name")


def fetches_events():
    path = f"Subscription/{facts['subscription']}"
    status = coordinator.execute(f"{path}/$status", method="get")
    check(status["entry"][0]["resource"]["resourceType"] == "Parameters", "has no Parameters")
    events = coordinator.execute(f"{path}/$events", method="get", params={"eventsSinceNumber": "1"})
    check(len(events["entry"]) > 0, "is empty")


def reads_refusals():
    try:
        amk.reference("ServiceRequest", "00000000-0000-4000-8000-000000000000").to_resource()
    except ResourceNotFound:
        pass
    else:
        raise AssertionError("an unknown mission is found")
    try:
        send(amk, {"resourceType": "Bundle", "type": "message"})
    except OperationOutcome as refused:
        check(refused.resource["resourceType"] == "OperationOutcome", "has no OperationOutcome")
    else:
        raise AssertionError("an empty message is taken")


uses = [
    ("reads the CapabilityStatement", reads_metadata),
    ("subscribes", subscribes),
    ("subscribes once by a conditional create", subscribes_once),
    ("updates and deletes a subscription", updates_and_deletes),
    ("checks a message by $validate", validates),
    ("sends a request and reads back by the references of the answer", sends_and_reads_back),
    ("gets the first answer again", sends_again),
    ("acknowledges and decides", decides),
    ("reads the mission and its history", reads_mission),
    ("pages through its own missions and Tasks", pages),
    ("counts", counts),
    ("searches by reference, identifier and name", searches),
    ("fetches status and events of a subscription", fetches_events),
    ("reads refusals as OperationOutcome", reads_refusals),
]

works = True
for what, use in uses:
    try:
        use()
        print(f"works\t{what}")
    except Exception as failure:  # noqa: BLE001 - every failure is a finding
        works = False
        print(f"fails\t{what}\t{type(failure).__name__}: {' '.join(str(failure).split())}")
sys.exit(0 if works else 1)
