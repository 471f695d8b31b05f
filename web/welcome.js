// The first page: make a database, open a folder, import a file, or try the demo.

import "./parts/welcome.js";
