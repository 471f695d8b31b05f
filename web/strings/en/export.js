// The words of exports.
export default /** @type {const} */ ({
  "export.a_column_for_each_field": "a column for each field, nested values as JSON",
  "export.all_of_store": "All of {store} ({count})",
  "export.one_array": "one array",
  "export.one_item_a_line": "one item a line; numbers and binary values exact",
  "export.read_only_a_statement_that_writes": "Read only: a statement that writes is refused.",
  "export.the_file_is_on_its_way": "The file is on its way: what was there at this moment.",
  "export.the_rows_that_are_shown": "The rows of {store} that are shown{count}",
  "export.typed_columns_for_notebooks_and": "typed columns, for notebooks and other databases",
  "export.view_named": "View {view}",
  "export.what_a_statement_gives": "What a statement gives"
});
