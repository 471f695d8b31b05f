// The words of the pages as the server renders them.
export default /** @type {const} */ ({
  "page.a_database_that_exists_already": "A database that exists already",
  "page.a_shop": "A shop with users, products, orders and reviews",
  "page.account_of": "{name}: account",
  "page.create_a_database": "Create a database",
  "page.dialogs_and_menus": "Dialogs and menus",
  "page.explorer": "Explorer",
  "page.forgotten_your_password": "Forgotten your password? Whoever manages this server can give you another one.",
  "page.home": "SOP, home",
  "page.needs_javascript": "This page needs JavaScript. The HTTP API and the command line work without it.",
  "page.new_item": "New item",
  "page.nothing_is_set_up_yet": "Nothing is set up yet. Make a database, open one, or look around in a shop that is filled for you.",
  "page.open_stores": "Open stores",
  "page.parts": "Parts",
  "page.skip_to_the_rows": "Skip to the rows",
  "page.status": "Status",
  "page.this_machine_only": "This machine only",
  "page.three_short_steps": "Three short steps",
  "page.to_the_start": "To the start",
  "page.welcome": "Welcome",
  "page.works_without_a_network": "Works without a network. From a terminal:",
  "page.your_data_in_order": "Your data, in order."
});
