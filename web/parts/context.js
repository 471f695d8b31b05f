// What the parts share.

/**
 * @typedef {object} Context
 * @property {import("../model/session.js").Session} session
 * @property {import("../model/commands.js").Commands} commands
 * @property {import("./grid.js").SopGrid} grid
 * @property {import("./explorer.js").SopExplorer} explorer
 * @property {import("./bars.js").SopTabs} tabs
 * @property {import("./filters.js").SopFilters} filters
 * @property {import("./bars.js").SopNotices} notices
 * @property {import("./bars.js").SopStatus} status
 * @property {import("./inspector.js").SopInspector} inspector
 * @property {import("./menu.js").SopMenu} menu
 * @property {import("./menu.js").SopToasts} toasts
 * @property {import("./palette.js").SopPalette} palette
 * @property {import("./tooltip.js").SopTooltip} tooltip
 * @property {import("./query/workbench.js").SopQuery} [query] once it has been opened
 * @property {import("./design/designer.js").SopDesign} [design] once it has been opened
 * @property {import("./scripts/studio.js").SopScripts} [studio] once it has been opened
 * @property {import("./copilot/dock.js").SopCopilot} [copilot] once it has been opened
 */

export {};
