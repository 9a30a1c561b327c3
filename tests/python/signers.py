"""Deliveries of webhooks, signed by their senders' own libraries where there are any, and else as their senders describe it."""

import hashlib
import hmac
import time
from dataclasses import dataclass
from datetime import datetime, timezone

import standardwebhooks
import stripe
import svix.webhooks
from gidgethub import sansio
from slack_sdk.signature import SignatureVerifier

WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TEXT = "It's a Secret to Everybody"


@dataclass
class Delivery:
    headers: dict
    body: bytes
    # The headers of which no bit may change, each with how many characters at its beginning may.
    signed: dict
    # Whether no bit of the body may change.
    covers_body: bool = True


@dataclass
class Sender:
    verify: dict
    secret: str
    # Makes the delivery of a body at a time in seconds, with an identifier of its own where the scheme has one in a header.
    sign: object

    def deliver(self, body, identifier, seconds=None):
        return self.sign(self.secret, body, identifier, int(seconds or time.time()))


def hexadecimal(secret, content):
    return hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def github(secret, body, identifier, _seconds):
    """GitHub's libraries for Python verify only: one of them has to accept what is sent."""
    signature = f"sha256={hexadecimal(secret, body)}"
    sansio.validate_event(body, signature=signature, secret=secret)
    headers = {"X-Hub-Signature-256": signature, "X-GitHub-Delivery": identifier, "X-GitHub-Event": "push"}
    return Delivery(headers, body, {"X-Hub-Signature-256": 0})


def by_stripe(secret, body, _identifier, seconds):
    signature = stripe.WebhookSignature._compute_signature(f"{seconds}.{body.decode()}", secret)
    header = f"t={seconds},v1={signature}"
    assert stripe.WebhookSignature.verify_header(body.decode(), header, secret)
    return Delivery({"Stripe-Signature": header}, body, {"Stripe-Signature": 0})


def by_slack(secret, body, _identifier, seconds):
    signature = SignatureVerifier(secret).generate_signature(timestamp=str(seconds), body=body)
    headers = {"X-Slack-Signature": signature, "X-Slack-Request-Timestamp": str(seconds)}
    return Delivery(headers, body, dict.fromkeys(headers, 0))


def by_standard(library):
    """Signs by a library of Standard Webhooks."""

    def sign(secret, body, identifier, seconds):
        at = datetime.fromtimestamp(seconds, tz=timezone.utc)
        signature = library(secret).sign(identifier, at, body.decode())
        headers = {"webhook-id": identifier, "webhook-timestamp": str(seconds), "webhook-signature": signature}
        return Delivery(headers, body, dict.fromkeys(headers, 0))

    return sign


def pagerduty(secret, body, _identifier, _seconds):
    headers = {"X-PagerDuty-Signature": f"v1={hexadecimal(secret, body)}"}
    return Delivery(headers, body, dict.fromkeys(headers, 0))


def grafana(secret, body, _identifier, seconds):
    signature = hexadecimal(secret, f"{seconds}:".encode() + body)
    headers = {"X-Grafana-Alerting-Signature": signature, "X-Grafana-Time": str(seconds)}
    return Delivery(headers, body, dict.fromkeys(headers, 0))


def gitlab_token(secret, body, identifier, _seconds):
    headers = {"X-Gitlab-Token": secret, "Idempotency-Key": identifier}
    return Delivery(headers, body, {"X-Gitlab-Token": 0}, covers_body=False)


def bearer(secret, body, _identifier, _seconds):
    """The word before the token may be written in any case."""
    return Delivery({"Authorization": f"Bearer {secret}"}, body, {"Authorization": 7}, covers_body=False)


def plain_hmac(secret, body, _identifier, seconds):
    headers = {"X-Signature": f"sha256={hexadecimal(secret, f'{seconds}.'.encode() + body)}", "X-Time": str(seconds)}
    return Delivery(headers, body, dict.fromkeys(headers, 0))


SENDERS = {
    "github": Sender({"scheme": "github"}, TEXT, github),
    "gitlab": Sender({"scheme": "gitlab"}, TEXT, gitlab_token),
    "gitlab-signed": Sender({"scheme": "gitlab", "form": "signed"}, WHSEC, by_standard(standardwebhooks.Webhook)),
    "stripe": Sender({"scheme": "stripe"}, "whsec_test_secret", by_stripe),
    "slack": Sender({"scheme": "slack"}, "8f742231b10e8888abcd99yyyzzz85a5", by_slack),
    "pagerduty": Sender({"scheme": "pagerduty"}, TEXT, pagerduty),
    "grafana": Sender({"scheme": "grafana", "timestampHeader": "X-Grafana-Time"}, TEXT, grafana),
    "standard": Sender({"scheme": "standard"}, WHSEC, by_standard(standardwebhooks.Webhook)),
    "svix": Sender({"scheme": "standard"}, WHSEC, by_standard(svix.webhooks.Webhook)),
    "bearer": Sender({"scheme": "bearer"}, "s3cret-t0ken", bearer),
    "hmac": Sender(
        {
            "scheme": "hmac",
            "header": "X-Signature",
            "prefix": "sha256=",
            "timestampHeader": "X-Time",
            "signed": "{ts}.{body}",
        },
        TEXT,
        plain_hmac,
    ),
}
# Those whose signatures cover when they were made.
STAMPED = [name for name in SENDERS if name not in ("github", "gitlab", "pagerduty", "bearer")]
