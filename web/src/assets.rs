//! The embedded files, by path.

include!(concat!(env!("OUT_DIR"), "/assets_table.rs"));

/// One embedded file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset {
    /// The whole file.
    pub bytes: &'static [u8],
    /// Its media type, with the character set.
    pub content_type: &'static str,
    /// A hash of its bytes, for `ETag`.
    pub hash: &'static str,
}

/// The file at `path` (like `css/grid.css`), without the build's prefix. None for any other path: nothing is read from disk.
pub fn asset(path: &str) -> Option<Asset> {
    let at = ASSETS
        .binary_search_by(|(name, ..)| (*name).cmp(path))
        .ok()?;
    let (name, bytes, hash) = ASSETS.get(at)?;
    Some(Asset {
        bytes,
        content_type: content_type(name),
        hash,
    })
}

/// The address of an asset: `/assets/<build>/<path>`. What is under it never changes.
pub fn asset_url(path: &str) -> String {
    format!("/assets/{BUILD}/{path}")
}

/// The modules to load early, so that none waits for another to name it. Those of the query workbench, its editor among
/// them, only where it is opened at once; those of other places when somebody goes there.
pub(crate) fn modules(query: bool) -> impl Iterator<Item = &'static str> {
    ASSETS.iter().map(|(name, ..)| *name).filter(move |name| {
        content_type(name).starts_with("text/javascript")
            && !matches!(*name, "theme.js" | "welcome.js" | "login.js" | "app.js")
            && (query || !(name.contains("/query/") || *name == "vendor/codemirror.js"))
            && !WHEN_WANTED.iter().any(|part| name.contains(part))
            && area(name)
                .is_none_or(|area| !AREAS_WHEN_WANTED.contains(&area) && (query || area != "query"))
    })
}

/// The area of a module of the catalogue of strings.
fn area(name: &str) -> Option<&str> {
    let file = name.strip_prefix("strings/")?;
    file.strip_prefix("en/").unwrap_or(file).strip_suffix(".js")
}

/// Areas of strings that are shown by modules which are loaded when somebody goes there, or by the server alone.
const AREAS_WHEN_WANTED: [&str; 9] = [
    "activity", "code", "copilot", "design", "import", "page", "scripts", "settings", "welcome",
];

/// Parts of the names of modules that are loaded when somebody goes there.
const WHEN_WANTED: [&str; 9] = [
    "/activity/",
    "/code/",
    "/copilot/",
    "/design/",
    "/script/",
    "/scripts/",
    "/settings/",
    "/import_",
    "vendor/markdown.js",
];

/// The media type by the name's end.
fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_is_found_by_its_path() {
        assert!(ASSETS.len() > 10);
        for (name, bytes, _) in ASSETS {
            let found = asset(name).unwrap();
            assert_eq!(found.bytes, *bytes);
            assert_ne!(found.content_type, "application/octet-stream", "{name}");
        }
    }

    #[test]
    fn words_are_loaded_with_the_modules_that_show_them() {
        let early: Vec<_> = modules(false).collect();
        assert!(early.contains(&"strings/texts.js") && early.contains(&"strings/en/shell.js"));
        assert!(!early.contains(&"strings/en/query.js") && !early.contains(&"strings/design.js"));
        assert!(modules(true).any(|name| name == "strings/en/query.js"));
    }

    #[test]
    fn nothing_outside_the_list_is_found() {
        for path in [
            "",
            "/",
            "../Cargo.toml",
            "css",
            "css/",
            "css/../css/tokens.css",
            "core/json.test.js",
            "/css/tokens.css",
        ] {
            assert_eq!(asset(path), None, "{path}");
        }
    }

    #[test]
    fn no_asset_names_another_host() {
        for (name, bytes, _) in ASSETS
            .iter()
            .filter(|(name, ..)| !name.starts_with("vendor/"))
        {
            let text = String::from_utf8_lossy(bytes);
            for (at, _) in text.match_indices("://") {
                let around: String = text
                    .chars()
                    .skip(text[..at].chars().count().saturating_sub(8))
                    .take(60)
                    .collect();
                assert!(
                    around.contains("http://www.w3.org/2000/svg"),
                    "{name}: {around}"
                );
            }
        }
    }
}
