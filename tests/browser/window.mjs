// A browser that tells what went wrong on any page: what was noted on the console, refused by the policy, asked of
// another site, or thrown.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

/** What the test that runs this walk tells it. */
export const told = JSON.parse(process.argv[2]);
/** When a walk that hangs is given up, in milliseconds; no measure of speed. */
const PATIENCE = 60_000;

/** Runs `walk` in a browser, which is closed in any case. */
export const withBrowser = async (walk) => {
  const isRoot = process.getuid?.() === 0;
  const browser = await chromium.launch({ executablePath: told.browser, chromiumSandbox: !isRoot });
  try {
    await walk(browser);
  } finally {
    await browser.close();
  }
};

/** A page of a fresh window at this site, and the list of what went wrong on it. */
export const open = async (browser, site, options = {}) => {
  const context = await browser.newContext({ baseURL: site, viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  const wrong = [];
  const note = (what) => (words) => wrong.push(`${what}: ${words}`);
  context.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== new URL(site).origin && protocol !== "data:") note("asked elsewhere")(request.url());
  });
  const page = await context.newPage();
  page.on("console", (message) => {
    // The pages that refuse are asked for on purpose, and the browser notes their status.
    const isStatus = /status of 4\d\d/.test(message.text());
    if (["error", "warning"].includes(message.type()) && !isStatus) note("console")(`${page.url()} ${message.text()}`);
  });
  page.on("pageerror", (error) => note("error")(`${page.url()} ${error}`));
  page.on("dialog", (dialog) => {
    note("dialog")(dialog.message());
    dialog.dismiss();
  });
  return { page, wrong };
};

/** Signs in, as somebody does who was sent there from the page that they wanted. */
export const signIn = async (page, token) => {
  await page.goto("/");
  await page.getByLabel("Access token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
};

/** Fails with all that went wrong. */
export const nothingWrong = (wrong) => assert.deepEqual(wrong, []);
