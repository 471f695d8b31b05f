//! The seeds of fuzz targets, for the tests of each crate that has some: these include this file.

/// Files in `fuzz/seeds/<target>` of the crate: what the fuzzer found to reach something new.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = format!("{}/fuzz/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(&folder).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{folder} has no seeds");
    let read = paths.iter().map(|path| std::fs::read(path).unwrap());
    read.collect()
}
