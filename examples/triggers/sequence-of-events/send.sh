# Posts a file, signed as Standard Webhooks says, with the secret in SECRET.
set -eu
id=$(openssl rand -hex 16)
time=$(date +%s)
key=$(printf %s "${SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
signature=$({ printf '%s.%s.' "$id" "$time"; cat "$1"; } | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
curl -sS "$AWS_ENDPOINT_URL_SSM/hooks/pipeline" -H "webhook-id: $id" -H "webhook-timestamp: $time" -H "webhook-signature: v1,$signature" \
  -H "Content-Type: application/json" --data-binary "@$1"
echo
