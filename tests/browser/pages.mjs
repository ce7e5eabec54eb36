// Every page, on a phone and on a desktop, light and dark: no barrier that axe finds, nothing wider than the window, no
// target too small for a finger, everything reached by the keyboard and seen to be. A picture of each.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { nothingWrong, open, signIn, told, withBrowser } from "./window.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const SCREENS = { phone: { width: 360, height: 800 }, desktop: { width: 1280, height: 900 } };

/** What axe has to say, in a line for each element. The letters in frames are somebody else's pages. */
const barriers = (page) =>
  page.evaluate(async (rules) => {
    const { violations } = await window.axe.run(document, { runOnly: rules, iframes: false });
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)}`));
  }, RULES);

/** What sticks out of the window, and what a finger misses. Links in running text are as high as their line. */
const misfits = (page) =>
  page.evaluate(() => {
    const root = document.documentElement;
    const wide = root.scrollWidth > root.clientWidth ? [`wider than the window: ${root.scrollWidth}`] : [];
    const targets = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")];
    const small = targets.filter((target) => {
      if (target.closest(".skip") || !target.checkVisibility()) return false;
      const { width, height } = (target.closest("label") ?? target).getBoundingClientRect();
      return width > 0 && (width < 23.9 || height < 23.9);
    });
    return [...wide, ...small.map((target) => `too small: ${target.outerHTML.slice(0, 120)}`)];
  });

/** What the keyboard does not reach, and what does not show that it was reached. */
const unreached = async (page) => {
  const all = await page.evaluate(() => {
    const able = "a[href], button, input:not([type=hidden]), select, textarea, summary, iframe, [tabindex='0']";
    window.wanted = [...document.querySelectorAll(able)].filter((target) => target.checkVisibility());
    return window.wanted.length;
  });
  const bad = [];
  const seen = new Set();
  // Frames take a step of their own, and so may what scrolls by itself.
  for (let step = 0; step < all * 2 + 10 && seen.size < all; step += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const focused = document.activeElement;
      const style = getComputedStyle(focused);
      const shows = focused.matches("iframe") || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
      return { place: window.wanted.indexOf(focused), shows, html: focused.outerHTML.slice(0, 120) };
    });
    if (at.place < 0) continue;
    if (!at.shows && !seen.has(at.place)) bad.push(`focus is not seen: ${at.html}`);
    seen.add(at.place);
  }
  const missed = await page.evaluate(
    (found) => window.wanted.filter((_, place) => !found.includes(place)).map((target) => target.outerHTML.slice(0, 120)),
    [...seen],
  );
  return [...bad, ...missed.map((html) => `the keyboard does not reach: ${html}`)];
};

const look = async (page, name) => {
  const found = [];
  for (const colorScheme of ["light", "dark"]) {
    for (const [screen, size] of Object.entries(SCREENS)) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize(size);
      await page.evaluate(axe);
      const where = `${name}.${screen}.${colorScheme}`;
      found.push(...[...(await barriers(page)), ...(await misfits(page))].map((words) => `${where}: ${words}`));
      await page.evaluate(() => {
        document.activeElement?.blur?.();
        scrollTo(0, 0);
      });
      await page.screenshot({ path: path.join(told.pictures, `${where}.png`), fullPage: true });
      if (colorScheme === "light") found.push(...(await unreached(page)).map((words) => `${where}: ${words}`));
    }
  }
  return found;
};

await withBrowser(async (browser) => {
  const found = [];
  let looks = 0;
  for (const { site, token, pages } of told.sites) {
    const { page, wrong } = await open(browser, site);
    if (token) await signIn(page, token);
    for (const { name, path: address, status, heading, opened } of pages) {
      const answer = await page.goto(address);
      assert.equal(answer.status(), status, `${name}: ${address}`);
      await page.getByRole("heading", { level: 1, name: heading }).waitFor();
      if (opened) await page.locator("details").evaluateAll((all) => all.forEach((one) => (one.open = true)));
      found.push(...(await look(page, name)));
      looks += 1;
    }
    nothingWrong(wrong);
  }
  assert.deepEqual([...new Set(found)], []);
  console.log(`${looks} pages, four times each`);
});
