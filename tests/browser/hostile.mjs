// What somebody handed in to do harm is shown as the text that it is, and does nothing.
import assert from "node:assert/strict";
import { nothingWrong, open, told, withBrowser } from "./window.mjs";

await withBrowser(async (browser) => {
  const { page, wrong } = await open(browser, told.site);
  for (const { path, texts } of told.pages) {
    await page.goto(path);
    await page.locator("details").evaluateAll((all) => all.forEach((one) => (one.open = true)));
    for (const text of texts) {
      const shown = await page.evaluate(() => document.body.innerText);
      assert.ok(shown.replace(/\s+/g, " ").includes(text), `${path} does not show ${text}`);
    }
    const made = await page.evaluate(() => ({
      ran: "ran" in window,
      elements: document.querySelectorAll("main script, main img, [onerror], [onload], [onclick]").length,
    }));
    assert.deepEqual(made, { ran: false, elements: 0 }, path);
    // Whatever turns the direction of text stays within the element that shows it.
    const loose = await page.evaluate(() => {
      const turning = /[\u202a-\u202e\u2066-\u2069]/;
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const found = [];
      while (walker.nextNode()) {
        const { data, parentElement } = walker.currentNode;
        if (turning.test(data) && !parentElement.closest("bdi, pre, code, textarea, option, .unseen")) {
          found.push(parentElement.outerHTML.slice(0, 160));
        }
      }
      return found;
    });
    assert.deepEqual(loose, [], path);
    for (const frame of await page.locator("iframe").all()) {
      await frame.scrollIntoViewIfNeeded();
      await frame.contentFrame().locator("body").waitFor();
      assert.equal(await frame.contentFrame().locator("script, [onerror]").count(), 0, `${path}: a frame`);
    }
  }
  nothingWrong(wrong);
});
