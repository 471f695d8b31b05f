// What is done with a store as a whole: another name, a copy, no items.

import { counted } from "../../core/format.js";
import { html, nothing } from "../../vendor/lit.js";
import { formDialog } from "../create.js";
import { follow } from "./job_strip.js";

/** @typedef {import("../context.js").Context} Context */

/** @param {any} event @returns {string} */
const textOf = (event) => event.target.value;

/** Goes to a store in the part that is shown. @param {Context} app @param {string} name */
function show({ session }, name) {
  return session.place.view === "design" ? session.go({ view: "design", design: name, pane: undefined }) : session.go({ store: name, prefix: [] });
}

/** @param {Context} app @param {string} name */
export function renameStore(app, name) {
  const { session } = app;
  let to = name;
  const staged = session.changes.of(name).length;
  formDialog({
    title: `Rename ${name}`,
    main: "Rename",
    able: () => to.trim() !== "" && to.trim() !== name && staged === 0,
    body: (draw) => html`<label>New name<span class="field"><input autofocus autocomplete="off" spellcheck="false" .value=${to} @input=${(/** @type {any} */ event) => { to = textOf(event); draw(); }}></span><span class="hint">Items stay, and relations to it follow. Saved queries and scripts name it as before.</span></label>
      ${staged ? html`<p class="hint fail">Commit or unstage its ${counted(staged, "edit")} first.</p>` : nothing}`,
    run: async () => {
      await session.api.post(session.path("stores", name, "rename"), { name: to.trim() });
      const draft = app.design?.drafts?.get(name);
      if (draft) {
        app.design?.drafts?.keep(name, undefined);
        app.design?.drafts?.keep(to.trim(), { ...draft, name: to.trim() });
      }
      session.tabs = session.tabs.map((one) => (one === name ? to.trim() : one));
      if (session.place.store === name) session.place.store = to.trim();
      await Promise.all([session.readStores(), session.readDatabases()]);
      await show(app, to.trim());
      session.say({ kind: "ok", text: `${name} is ${to.trim()} now.`, act: { title: "Undo", run: () => void back() } });
    },
  });
  const back = async () => {
    try {
      await session.api.post(session.path("stores", to.trim(), "rename"), { name });
      if (session.place.store === to.trim()) session.place.store = name;
      await session.readStores();
      await show(app, name);
    } catch (error) {
      session.fail(error, "Undo");
    }
  };
}

/** @param {Context} app @param {string} name */
export function duplicateStore(app, name) {
  const { session } = app;
  const taken = new Set(session.stores.map((one) => one.name));
  let to = `${name} copy`;
  for (let n = 2; taken.has(to); n += 1) to = `${name} copy ${n}`;
  let items = true;
  formDialog({
    title: `Duplicate ${name}`,
    main: "Duplicate",
    able: () => to.trim() !== "" && !taken.has(to.trim()),
    body: (draw) => html`<label>Name of the copy<span class="field"><input autofocus autocomplete="off" spellcheck="false" .value=${to} @input=${(/** @type {any} */ event) => { to = textOf(event); draw(); }}></span>${taken.has(to.trim()) ? html`<span class="hint fail">There is a store ${to.trim()} already.</span>` : nothing}</label>
      <label class="tick"><input type="checkbox" .checked=${items} @change=${(/** @type {any} */ event) => { items = event.target.checked; }}> With its ${counted(Number(session.storeNamed(name)?.count ?? 0), "item")}</label>
      <p class="hint">A large store is copied in the background, as it is now. Without items, everything about the copy can still be changed.</p>`,
    run: async () => {
      const answer = await session.api.post(session.path("stores", name, "duplicate"), { name: to.trim(), items });
      const done = async () => {
        await Promise.all([session.readStores(), session.readDatabases()]);
        await show(app, to.trim());
        session.say({ kind: "ok", text: `${to.trim()} is a copy of ${name}.` });
      };
      if (answer.kind !== "duplicate") return done();
      void follow(app, answer).then((job) => (job.state === "finished" ? done() : session.readStores()));
    },
  });
}

/** @param {Context} app @param {string} name */
export function emptyStore({ session }, name) {
  let typed = "";
  formDialog({
    title: `Empty ${name}`,
    main: "Delete all items",
    risk: true,
    able: () => typed === name,
    body: (draw) => html`<p>All ${counted(Number(session.storeNamed(name)?.count ?? 0), "item")} of ${name} go away at once; the store stays, and its structure can be changed. This cannot be undone.</p>
      <label>Type ${name} to empty it<span class="field"><input autofocus autocomplete="off" spellcheck="false" .value=${typed} @input=${(/** @type {any} */ event) => { typed = textOf(event); draw(); }}></span></label>`,
    run: async () => {
      const { items } = await session.api.post(session.path("stores", name, "empty"), undefined);
      session.changes.unstage(session.changes.of(name));
      await session.written([name]);
      session.say({ kind: "ok", text: `${counted(Number(items), "item")} of ${name} are deleted.` });
    },
  });
}
