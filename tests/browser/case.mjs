// A support case: somebody asks where their letter is. It was given up; it is found, put back, and read.
import assert from "node:assert/strict";
import { nothingWrong, open, signIn, told, withBrowser } from "./window.mjs";

const sees = (page, words) => page.getByText(words).first().waitFor();

/** Loads the page again until it says so; scripts would do that by themselves. */
const comesTo = async (page, locator) => {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    await page.reload();
    if ((await locator.count()) > 0) return;
  }
  assert.fail(`never came: ${locator} on ${page.url()}`);
};

/** It is found by its address, and its history tells what the other side said. */
const findIt = async (page, { recipient }) => {
  await page.getByRole("searchbox", { name: "Find an address or a delivery id" }).fill(recipient);
  await page.getByRole("button", { name: "Find" }).click();
  await page.getByRole("heading", { name: "Deliveries", level: 1 }).waitFor();
  await page.getByRole("row", { name: recipient }).getByRole("link", { name: recipient }).click();
  await page.getByRole("heading", { name: recipient, level: 1 }).waitFor();
  const history = page.getByRole("region", { name: "What happened" });
  for (const words of ["attempt 1", "attempt 2", "SMTP_451", "Dead letter"]) {
    await history.getByText(words, { exact: false }).first().waitFor();
  }
  await sees(page, told.answer);
};

/** It is ticked among the dead letters and put back. */
const putItBack = async (page, { recipient }) => {
  await page.getByRole("link", { name: "Dead letters" }).click();
  await page.getByRole("heading", { name: "Dead letters", level: 1 }).waitFor();
  await page.getByRole("checkbox", { name: `Choose the letter to ${recipient}` }).check();
  await page.getByRole("button", { name: "Put the ticked ones back" }).click();
  await page.getByRole("status").filter({ hasText: "1 letter" }).waitFor();
};

/** It becomes sent. */
const seeItSent = async (page, { id, scripts }) => {
  await page.goto(`/deliveries/${id}`);
  const badge = page.locator(".head .badge").filter({ hasText: "Sent" });
  await (scripts ? badge.waitFor() : comesTo(page, badge));
  await sees(page.getByRole("region", { name: "What happened" }), "put back");
};

/** It lies in the inbox: as HTML in a frame, as text, with its headers and its source. */
const readIt = async (page, { recipient, scripts }) => {
  await page.getByRole("link", { name: "Inbox" }).click();
  await page.getByRole("row").filter({ hasText: recipient }).getByRole("link").click();
  await page.getByRole("heading", { name: told.subject, level: 1 }).waitFor();
  for (const title of ["The letter on a phone", "The letter on a desktop"]) {
    const frame = page.locator(`iframe[title="${title}"]`);
    await frame.scrollIntoViewIfNeeded();
    await frame.contentFrame().locator("body").filter({ hasText: told.words }).waitFor();
  }
  await page.getByRole("region", { name: "Text", exact: true }).getByText(told.words).first().waitFor();
  await page.getByText("Headers", { exact: true }).click();
  await page.locator("#headers").getByText("Message-ID").first().waitFor();
  await page.getByText("Source", { exact: true }).click();
  await page.locator("#source pre").getByText("MIME-Version: 1.0").waitFor();
};

await withBrowser(async (browser) => {
  for (const letter of told.letters) {
    const { page, wrong } = await open(browser, told.site, { javaScriptEnabled: letter.scripts });
    await signIn(page, told.token);
    await findIt(page, letter);
    await putItBack(page, letter);
    await seeItSent(page, letter);
    await readIt(page, letter);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in", level: 1 }).waitFor();
    nothingWrong(wrong);
  }
});
