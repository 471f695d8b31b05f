// Gives the words of commands, as shortcuts, palette, menus, tooltips and help show them.

import own from "./en/commands.js";
import shared from "./en/shared.js";
import { texts } from "./texts.js";

export const { t, rich } = texts(own, shared);
