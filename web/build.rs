//! Lists the page's assets for embedding and names the build by a hash of all of them; makes constants of the catalogue of
//! strings for the templates, so that one which asks for a text that is not there does not compile.
//!
//! Only reads files beside it: no tool from outside is run. Tests, tools and type declarations are left out.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Folders and files that the page is made of.
const ASSETS: &[&str] = &[
    "css",
    "core",
    "model",
    "parts",
    "strings",
    "vendor",
    "app.js",
    "theme.js",
    "welcome.js",
    "login.js",
    "icons.svg",
    "favicon.svg",
];

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut files = Vec::new();
    for name in ASSETS {
        println!("cargo::rerun-if-changed={name}");
        collect(&root.join(name), &mut files)?;
    }
    println!("cargo::rerun-if-changed=build.rs");
    files.sort();
    let mut table = String::new();
    let mut all = Fnv::default();
    for file in &files {
        let name = file
            .strip_prefix(&root)
            .unwrap_or(file)
            .to_string_lossy()
            .replace('\\', "/");
        let bytes = fs::read(file)?;
        let mut own = Fnv::default();
        own.add(&bytes);
        all.add(name.as_bytes());
        all.add(&bytes);
        let path = file.to_string_lossy();
        writeln!(
            table,
            "    ({name:?}, include_bytes!({path:?}) as &[u8], \"{:016x}\"),",
            own.0
        )
        .map_err(io::Error::other)?;
    }
    let code = format!(
        "/// Path, bytes and hash of each asset, sorted by path.\nstatic ASSETS: &[(&str, &[u8], &str)] = &[\n{table}];\n\n/// Names this build of the page.\npub const BUILD: &str = \"{:016x}\";\n",
        all.0
    );
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("strings_table.rs"), strings(&root, &files)?)?;
    fs::write(out.join("assets_table.rs"), code)
}

/// Each text of the catalogue as a constant: `shell.new_item` as `SHELL_NEW_ITEM`.
fn strings(root: &Path, files: &[PathBuf]) -> io::Result<String> {
    let mut code = String::new();
    let catalogue = root.join("strings").join("en");
    for file in files.iter().filter(|file| file.starts_with(&catalogue)) {
        let wrong = |what: &str| io::Error::other(format!("{}: {what}", file.display()));
        let text = fs::read_to_string(file)?;
        let object = text
            .split_once('(')
            .and_then(|(_, rest)| rest.rsplit_once(')'))
            .ok_or_else(|| wrong("no object in parentheses"))?;
        let texts: BTreeMap<String, String> =
            serde_json::from_str(object.0).map_err(|error| wrong(&error.to_string()))?;
        for (key, text) in texts {
            let name = key.replace('.', "_").to_uppercase();
            writeln!(code, "pub(crate) const {name}: &str = {text:?};")
                .map_err(io::Error::other)?;
        }
    }
    Ok(code)
}

/// Adds the files under `path` that belong into the binary.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    } else if path.exists() {
        let name = path.to_string_lossy();
        let kept = [".js", ".css", ".svg", ".json", ".txt"]
            .iter()
            .any(|end| name.ends_with(end));
        if kept && !name.ends_with(".test.js") {
            files.push(path.to_path_buf());
        }
    }
    Ok(())
}

/// FNV-1a, 64 bit: names builds apart; it guards nothing.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
