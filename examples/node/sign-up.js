// Enqueues a letter by SQL, inside the application's own transaction: it is sent if and only if that commits.
//
//     npm ci
//     node sign-up.js postgres://app@localhost/app reader@example.org Reader

import { pathToFileURL } from "node:url";
import pg from "pg";

const ENQUEUE = `
  SELECT email.enqueue(
    workflow => 'invite', template => 'invitation', recipient => $1, recipient_name => $2,
    data => $3, idempotency_key => $4) AS delivery_id`;

// The delivery's id. Throws a DatabaseError with code 22023, whose message begins with the field at fault.
export async function enqueueInvitation(client, recipient, name) {
  const data = {
    inviter_name: "Robin",
    organization_name: "Example",
    role: "editor",
    accept_url: "https://app.example.org/invitations",
  };
  // The key makes a second try of the same transaction harmless: it gets the first letter's id.
  const values = [recipient, name, JSON.stringify(data), `invitation-${recipient}`];
  const { rows } = await client.query(ENQUEUE, values);
  return rows[0].delivery_id;
}

// The application's own row and the letter, within the transaction that `client` is in.
export async function signUp(client, recipient, name) {
  await client.query("INSERT INTO members (email, name) VALUES ($1, $2)", [recipient, name]);
  return enqueueInvitation(client, recipient, name);
}

// Runs `work` in a transaction of `client`, which is one connection and not a pool.
export async function inTransaction(client, work) {
  await client.query("BEGIN");
  try {
    const result = await work(client);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [, , connectionString, recipient, name] = process.argv;
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    console.log(await inTransaction(client, () => signUp(client, recipient, name)));
  } finally {
    await client.end();
  }
}
