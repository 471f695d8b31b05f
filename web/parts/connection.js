// When the server is gone: tries again, each time after a longer wait, and says when the next try is.

const WAITS_S = [1, 2, 4, 8, 15];

/** @param {import("./context.js").Context} app */
export function wireConnection({ session, notices, grid, explorer }) {
  let tries = 0;
  let left = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;

  async function attempt() {
    clearInterval(timer);
    if (await session.api.probe()) return;
    wait();
  }

  function wait() {
    clearInterval(timer);
    left = WAITS_S[Math.min(tries, WAITS_S.length - 1)];
    tries += 1;
    notices.requestUpdate();
    timer = setInterval(() => {
      left -= 1;
      notices.requestUpdate();
      if (left <= 0) void attempt();
    }, 1000);
  }

  session.api.addEventListener("lost", () => {
    tries = 0;
    wait();
  });
  session.api.addEventListener("found", async () => {
    clearInterval(timer);
    await Promise.all([session.readDatabases(), session.readStores()]);
    explorer.tree.forget();
    await grid.reload();
  });
  notices.start(session, { retry: () => void attempt(), next: () => Math.max(1, left) });
}
