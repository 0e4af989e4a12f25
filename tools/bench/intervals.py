"""Prints the product's own intervals as JSON, in seconds."""

import json

import django

django.setup()

from calls import live  # noqa: E402

if __name__ == "__main__":
    print(json.dumps({"flush_seconds": live.FLUSH_SECONDS}))
