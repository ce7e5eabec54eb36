// Keeps a page fresh: every five seconds its marked regions are fetched again and put in place. Without this
// script everything works, and a reload does the same.
"use strict";

const regions = () => [...document.querySelectorAll("[data-live]")];
const control = document.querySelector(".live");
let paused = false;

// Whoever reads, selects or works in a region is not disturbed.
const busy = (region) => {
  const selection = document.getSelection();
  const selects = selection && !selection.isCollapsed && region.contains(selection.anchorNode);
  const focused = document.activeElement;
  const works = focused && region.contains(focused) && !focused.closest(".live");
  return selects || works || region.matches(":has(.drawing:hover)");
};

// What somebody opened stays open.
const keepOpen = (before, after) => {
  for (const details of before.querySelectorAll("details[id]")) {
    const same = after.querySelector("#" + CSS.escape(details.id));
    if (same) same.open = details.open;
  }
};

const tell = (fresh, words = fresh ? "Refreshes every 5 s" : "Cannot be refreshed right now") => {
  control.classList.toggle("paused", !fresh);
  control.querySelector("[data-live-state]").textContent = words;
};

const refresh = async () => {
  if (paused || document.visibilityState !== "visible" || regions().some(busy)) return;
  const url = new URL(location.href);
  url.searchParams.delete("notice");
  try {
    const answer = await fetch(url, { credentials: "same-origin", redirect: "error" });
    if (paused || regions().some(busy)) return;
    tell(answer.ok);
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const after = [...fresh.querySelectorAll("[data-live]")];
    regions().forEach((region, place) => {
      if (!after[place]) return;
      keepOpen(region, after[place]);
      region.replaceChildren(...document.adoptNode(after[place]).childNodes);
    });
  } catch { // The server is away, or the session has ended; the next round asks again.
    if (!paused) tell(false);
  }
};

if (control && regions().length > 0) {
  control.hidden = false;
  control.querySelector("[data-live-pause]").addEventListener("click", ({ currentTarget }) => {
    paused = !paused;
    currentTarget.textContent = paused ? "Go on" : "Pause";
    tell(!paused, paused ? "Paused" : undefined);
  });
  setInterval(refresh, 5000);
}
