// Keeps the page as the agent knows it: each line of /v1/events is a reason to fetch the part that
// changes, as the agent draws it, and to put the differences into place. What the reader has opened,
// marked or focused stays.
"use strict";
(() => {
  const quiet_limit = 3000;  // ms without a heartbeat: the stream is taken for dead
  const retry_after = 1000;
  const query = (location.search.match(/[?&](name=[^&]*)/) || [])[1] || "";
  const main = document.querySelector("main");
  const live = document.getElementById("live");
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));

  // Makes `now` like `wanted`, changing no more than differs.
  function morph(now, wanted) {
    if (now.nodeType !== wanted.nodeType || now.nodeName !== wanted.nodeName || now.id !== wanted.id) {
      now.replaceWith(wanted.cloneNode(true));
      return;
    }
    if (now.nodeType !== Node.ELEMENT_NODE) {
      if (now.nodeValue !== wanted.nodeValue) now.nodeValue = wanted.nodeValue;
      return;
    }
    for (const {name, value} of wanted.attributes)
      if (name !== "open" && now.getAttribute(name) !== value) now.setAttribute(name, value);
    for (const {name} of [...now.attributes])
      if (name !== "open" && !wanted.hasAttribute(name)) now.removeAttribute(name);
    const have = [...now.childNodes];
    const want = [...wanted.childNodes];
    want.forEach((child, i) => i < have.length ? morph(have[i], child) : now.append(child.cloneNode(true)));
    have.slice(want.length).forEach((child) => child.remove());
  }

  function tell(alive) {
    const clock = main.dataset.time.slice(11, 19) + " UTC";
    live.textContent = alive ? "live, " + clock : "no answer from the agent; this is of " + clock;
    live.className = alive ? "alive" : "lost";
    main.classList.toggle("outdated", !alive);
    document.title = (alive ? "" : "? ") + main.dataset.title + " \u00b7 sentinel-spoa";
  }

  let fetching = false;
  let again = false;

  async function refresh() {
    again = true;
    if (fetching) return;
    fetching = true;
    while (again) {
      again = false;
      try {
        const answer = await fetch("/?part=main&" + query, {signal: AbortSignal.timeout(quiet_limit)});
        if (!answer.ok) throw new Error(answer.statusText);
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        morph(main, page.querySelector("main"));
        tell(true);
      } catch {
        tell(false);
      }
    }
    fetching = false;
  }

  async function listen() {
    const ended = new AbortController();
    let quiet = setTimeout(() => ended.abort(), quiet_limit);
    try {
      const answer = await fetch("/v1/events?" + query, {signal: ended.signal});
      if (!answer.ok) return;
      const reader = answer.body.getReader();
      while (!(await reader.read()).done) {
        clearTimeout(quiet);
        quiet = setTimeout(() => ended.abort(), quiet_limit);
        if (!document.hidden) refresh();
      }
    } finally {
      clearTimeout(quiet);
    }
  }

  async function run() {
    for (;;) {
      await listen().catch(() => {});
      await refresh();  // says whether the agent is there at all
      await pause(retry_after);
    }
  }

  document.addEventListener("visibilitychange", () => document.hidden || refresh());
  tell(true);
  run();
})();
