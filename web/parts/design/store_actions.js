// What is done with a store as a whole: another name, a copy, no items.

import { t } from "../../strings/design.js";
import { html, nothing } from "../../vendor/lit.js";
import { formDialog, proveDialog } from "../create.js";
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
    title: t("shared.rename_name", { name }),
    main: t("shared.rename"),
    able: () => to.trim() !== "" && to.trim() !== name && staged === 0,
    body: (draw) => html`<label>${t("design.new_name")}<span class="field"><input autofocus autocomplete="off" spellcheck="false" .value=${to} @input=${(/** @type {any} */ event) => { to = textOf(event); draw(); }}></span><span class="hint">${t("design.items_stay_and_relations_to_it_follow")}</span></label>
      ${staged ? html`<p class="hint fail">${t("design.commit_or_unstage_its_edits_first", { n: staged })}</p>` : nothing}`,
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
      session.say({ kind: "ok", text: t("design.is_renamed", { name, now: to.trim() }), act: { title: t("shared.undo"), run: () => void back() } });
    },
  });
  const back = async () => {
    try {
      await session.api.post(session.path("stores", to.trim(), "rename"), { name });
      if (session.place.store === to.trim()) session.place.store = name;
      await session.readStores();
      await show(app, name);
    } catch (error) {
      session.fail(error, t("shared.undo"));
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
    title: t("shared.duplicate_name", { name }),
    main: t("shared.duplicate"),
    able: () => to.trim() !== "" && !taken.has(to.trim()),
    body: (draw) => html`<label>${t("design.name_of_the_copy")}<span class="field"><input autofocus autocomplete="off" spellcheck="false" .value=${to} @input=${(/** @type {any} */ event) => { to = textOf(event); draw(); }}></span>${taken.has(to.trim()) ? html`<span class="hint fail">${t("design.there_is_a_store_already", { store: to.trim() })}</span>` : nothing}</label>
      <label class="tick"><input type="checkbox" .checked=${items} @change=${(/** @type {any} */ event) => { items = event.target.checked; }}> ${t("design.with_its_n_items", { n: Number(session.storeNamed(name)?.count ?? 0) })}</label>
      <p class="hint">${t("design.a_large_store_is_copied")}</p>`,
    run: async () => {
      const answer = await session.api.post(session.path("stores", name, "duplicate"), { name: to.trim(), items });
      const done = async () => {
        await Promise.all([session.readStores(), session.readDatabases()]);
        await show(app, to.trim());
        session.say({ kind: "ok", text: t("design.is_a_copy_of", { to: to.trim(), name }) });
      };
      if (answer.kind !== "duplicate") return done();
      void follow(app, answer).then((job) => (job.state === "finished" ? done() : session.readStores()));
    },
  });
}

/** @param {Context} app @param {string} name */
export function emptyStore({ session }, name) {
  proveDialog({
    title: t("shared.empty_name", { name }),
    main: t("design.delete_all_items"),
    name,
    label: t("design.type_to_empty_it", { name }),
    body: () => html`<p>${t("design.all_items_of_go_away_at_once", { n: Number(session.storeNamed(name)?.count ?? 0), name })}</p>`,
    run: async () => {
      const { items } = await session.api.post(session.path("stores", name, "empty"), undefined);
      session.changes.unstage(session.changes.of(name));
      await session.written([name]);
      session.say({ kind: "ok", text: t("design.items_of_are_deleted", { n: Number(items), name }) });
    },
  });
}
