// A program that opens connections and says nothing on them: started by a test, so that its files are counted for itself.
//
// Takes port and number; tells how many are open when all were tried, and again whenever it is asked.

import { connect } from "node:net";

const TOGETHER = 250;
const [port, count] = process.argv.slice(2).map(Number);
let open = 0;
let refused = "";

/** One connection, open or not. @returns {Promise<void>} */
const one = () => new Promise((resolve) => {
  const socket = connect(port, "127.0.0.1", () => {
    open += 1;
    socket.once("close", () => (open -= 1));
    resolve();
  });
  socket.once("error", (error) => {
    refused = String(/** @type {any} */ (error).code ?? error.message);
    resolve();
  });
});

for (let made = 0; made < count; made += TOGETHER) await Promise.all(Array.from({ length: Math.min(TOGETHER, count - made) }, one));
const tell = () => process.send?.({ open, refused });
process.on("message", tell);
process.on("disconnect", () => process.exit());
tell();
