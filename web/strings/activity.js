// Gives the words of activity: the audit, jobs and figures.

import own from "./en/activity.js";
import shared from "./en/shared.js";
import { texts } from "./texts.js";

export const { t, rich } = texts(own, shared);
