"""Enqueues a letter by SQL, inside the application's own transaction: it is sent if and only if that commits.

    pip install 'psycopg[binary]>=3.2,<4'
    python sign_up.py postgres://app@localhost/app reader@example.org Reader
"""

import sys

import psycopg
from psycopg.types.json import Jsonb

ENQUEUE = """
    SELECT email.enqueue(
        workflow => 'invite', template => 'invitation', recipient => %(recipient)s, recipient_name => %(name)s,
        data => %(data)s, idempotency_key => %(key)s)
"""


def enqueue_invitation(connection: psycopg.Connection, recipient: str, name: str) -> str:
    """The delivery's id. Raises psycopg.errors.InvalidParameterValue, whose message begins with the field at fault."""
    data = {
        "inviter_name": "Robin",
        "organization_name": "Example",
        "role": "editor",
        "accept_url": "https://app.example.org/invitations",
    }
    # The key makes a second try of the same transaction harmless: it gets the first letter's id.
    key = f"invitation-{recipient}"
    values = {"recipient": recipient, "name": name, "data": Jsonb(data), "key": key}
    return connection.execute(ENQUEUE, values).fetchone()[0]


def sign_up(connection: psycopg.Connection, recipient: str, name: str) -> str:
    """The application's own row and the letter, in one transaction; inside of another one, in a savepoint."""
    with connection.transaction():
        connection.execute("INSERT INTO members (email, name) VALUES (%s, %s)", (recipient, name))
        return enqueue_invitation(connection, recipient, name)


if __name__ == "__main__":
    with psycopg.connect(sys.argv[1]) as connection:
        print(sign_up(connection, sys.argv[2], sys.argv[3]))
