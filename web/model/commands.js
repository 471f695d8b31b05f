// The one list of commands: shortcuts, palette, menus, tooltips and help all read it.
//
// Holds: a command that cannot be done now is not offered anywhere; a shortcut belongs to one command in one place.

/**
 * @typedef {object} Command
 * @property {string} id
 * @property {string | (() => string)} title
 * @property {string} icon
 * @property {string} group
 * @property {string[]} [keys] like "Ctrl+Shift+Z"; the first is the one that is shown
 * @property {"page" | "grid" | "text"} [where] page: everywhere but in text fields; grid: while the grid has the focus; text: also in text fields
 * @property {() => boolean} [when]
 * @property {() => boolean} [keyed] whether its keys count now, where another command has the same ones
 * @property {boolean} [risk]
 * @property {boolean} [hidden] not in the palette
 * @property {string} [words] other words to find it by
 * @property {() => unknown} run
 */

export class Commands {
  constructor() {
    /** @type {Map<string, Command>} */
    this.all = new Map();
  }

  /** @param {...Command} commands */
  add(...commands) {
    for (const command of commands) this.all.set(command.id, command);
  }

  /** @param {string} id */
  get(id) {
    const command = this.all.get(id);
    if (!command) throw new Error(`There is no command ${id}.`);
    return command;
  }

  /** @param {Command} command */
  can(command) {
    return command.when?.() ?? true;
  }

  /** @param {Command} command */
  title(command) {
    return typeof command.title === "function" ? command.title() : command.title;
  }

  /** The key to show for a command, as people write it. @param {string} id */
  shortcut(id) {
    const key = this.all.get(id)?.keys?.[0];
    return key ? shownKey(key) : "";
  }

  /** A tooltip: its title and its key. @param {string} id */
  tip(id) {
    const command = this.get(id);
    const key = this.shortcut(id);
    return key ? `${this.title(command)} (${key})` : this.title(command);
  }

  /** Runs a command if it can be done now. @param {string} id */
  run(id) {
    const command = this.get(id);
    if (!this.can(command)) return false;
    command.run();
    return true;
  }

  /**
   * The command that a key press asks for.
   * @param {{key: string, code?: string, ctrlKey: boolean, metaKey: boolean, altKey: boolean, shiftKey: boolean}} event
   * @param {{text: boolean, grid: boolean}} focus
   */
  match(event, focus) {
    const pressed = pressedKey(event);
    for (const command of this.all.values()) {
      if (!command.keys?.includes(pressed)) continue;
      const where = command.where ?? "page";
      if (where === "grid" && (!focus.grid || focus.text)) continue;
      if (where === "page" && focus.text) continue;
      if ((command.keyed?.() ?? true) && this.can(command)) return command;
    }
    return undefined;
  }

  /** The commands that can be done now and contain every word; when there is none, those that contain one of several words. @param {string} text */
  find(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const able = [...this.all.values()]
      .filter((command) => !command.hidden && this.can(command))
      .map((command) => ({ command, whole: `${this.title(command)} ${command.words ?? ""} ${command.group}`.toLowerCase() }));
    const all = able.filter(({ whole }) => words.every((word) => whole.includes(word)));
    const found = all.length || words.length < 2 ? all : able.filter(({ whole }) => words.some((word) => word.length > 2 && whole.includes(word)));
    return found.map(({ command }) => command);
  }
}

/** A key press as commands write it. @param {{key: string, ctrlKey: boolean, metaKey: boolean, altKey: boolean, shiftKey: boolean}} event */
export function pressedKey(event) {
  const named = event.key.length > 1;
  const letter = /^[a-z]$/i.test(event.key);
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("Ctrl");
  if (event.altKey) parts.push("Alt");
  if (event.shiftKey && (named || letter)) parts.push("Shift");
  parts.push(letter ? event.key.toUpperCase() : event.key === " " ? "Space" : event.key);
  return parts.join("+");
}

const SHOWN = { Enter: "↵", Delete: "Del", Escape: "Esc", ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", PageUp: "PgUp", PageDown: "PgDn" };

/** @param {string} key */
export function shownKey(key) {
  return key.split("+").map((part) => /** @type {{[key: string]: string}} */ (SHOWN)[part] ?? part).join(" ");
}
