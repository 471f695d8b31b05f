// The words of generated code.
export default /** @type {const} */ ({
  "code.file_of_n_lines_one": "{file}, {n} line, over {over}",
  "code.file_of_n_lines_other": "{file}, {n} lines, over {over}",
  "code.is_on_the_clipboard": "{file} is on the clipboard.",
  "code.language": "Language",
  "code.reading_the_stores": "Reading the stores",
  "code.the_http_api": "the HTTP API; standard library only",
  "code.the_http_api_jdk_only": "the HTTP API; JDK only",
  "code.the_http_api_net_only": "the HTTP API; .NET only",
  "code.the_http_api_no_packages": "the HTTP API; no packages",
  "code.the_sop_crate": "the sop crate, in the program's own process"
});
