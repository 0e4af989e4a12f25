#!/usr/bin/env bash
# Django's deployment check, with the settings of a complete installation behind HTTPS.
set -euo pipefail
export SECRET_KEY="only-for-this-check-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFG" AUDIT_SIGNING_KEY="only-for-this-check"
export PUBLIC_URL="https://calls.example.com" DATABASE_URL="sqlite:////nonexistent/check.sqlite3"
export GRAPH_APP_ID="00000000-0000-0000-0000-000000000001" GRAPH_TENANT_ID="00000000-0000-0000-0000-000000000002"
export GRAPH_CLIENT_SECRET="only-for-this-check"
exec "$1" manage.py check --deploy --fail-level WARNING
