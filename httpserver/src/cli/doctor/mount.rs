//! What the data folder lies on: the kind of file system, and the sectors of its disk. Known on Linux.

use std::fs;
use std::path::{Path, PathBuf};

use super::Finding;

/// File systems that other machines serve.
const NETWORK: &[&str] = &[
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "ceph",
    "glusterfs",
    "lustre",
    "afs",
    "ocfs2",
    "gfs2",
    "beegfs",
    "virtiofs",
];
/// File systems that are gone after a restart.
const MEMORY: &[&str] = &["tmpfs", "ramfs", "rootfs"];

/// A line of the list of mounts.
#[derive(Debug, PartialEq, Eq)]
struct Mount {
    /// Major and minor number of the device, as `8:1`.
    device: String,
    point: PathBuf,
    kind: String,
}

pub(super) fn file_system(folder: &Path) -> Finding {
    match mount_of(folder) {
        Some(mount) => judge(&mount),
        None => Finding::Unknown("this system does not tell".to_owned()),
    }
}

fn judge(mount: &Mount) -> Finding {
    let Mount { kind, point, .. } = mount;
    let text = format!("{kind} at {}", point.display());
    if NETWORK.contains(&kind.as_str()) || kind.starts_with("fuse") {
        Finding::Warning(format!(
            "{text}: locks and flushes of such a file system cannot be relied on everywhere. Choose a folder on a \
             local disk: --data DIR"
        ))
    } else if MEMORY.contains(&kind.as_str()) {
        Finding::Warning(format!(
            "{text}: it is in memory, all data is gone after a restart. Choose a folder on a disk: --data DIR"
        ))
    } else if kind == "overlay" || kind == "aufs" {
        Finding::Warning(format!(
            "{text}: the layer of a container, whose data is gone with the container. Mount a volume and name it: \
             --data DIR"
        ))
    } else {
        Finding::Good(text)
    }
}

pub(super) fn sectors(folder: &Path) -> Finding {
    let Some(mount) = mount_of(folder) else {
        return Finding::Unknown("this system does not tell".to_owned());
    };
    let device = Path::new("/sys/dev/block").join(&mount.device);
    // A partition has no queue of its own; that of its disk is one folder up.
    let size = |name: &str| {
        [device.join("queue"), device.join("../queue")]
            .iter()
            .find_map(|queue| fs::read_to_string(queue.join(name)).ok())
            .and_then(|text| text.trim().parse::<u64>().ok())
    };
    match (size("logical_block_size"), size("physical_block_size")) {
        (Some(logical), Some(physical)) => {
            let text = format!("{logical} bytes, {physical} within the disk");
            if physical > 4_096 {
                Finding::Warning(format!(
                    "{text}: blocks of 4,096 bytes are written, so each is read and written again by the disk"
                ))
            } else {
                Finding::Good(text)
            }
        }
        _ => Finding::Unknown(format!("{} has no disk that tells", mount.kind)),
    }
}

/// What the folder lies on, or what it will when it is made.
fn mount_of(folder: &Path) -> Option<Mount> {
    let list = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let there = std::path::absolute(folder).ok()?;
    let there = there
        .ancestors()
        .find_map(|path| path.canonicalize().ok())?;
    longest(&list, &there)
}

/// The last mount with the longest path to the folder: later ones lie over earlier ones.
fn longest(list: &str, folder: &Path) -> Option<Mount> {
    let mounts = list.lines().filter_map(parse);
    mounts
        .filter(|mount| folder.starts_with(&mount.point))
        .max_by_key(|mount| mount.point.as_os_str().len())
}

/// `36 35 98:0 /root /mnt rw,noatime master:1 - ext3 /dev/root rw`; the number of fields before ` - ` varies.
fn parse(line: &str) -> Option<Mount> {
    let (left, right) = line.split_once(" - ")?;
    let mut left = left.split(' ').skip(2);
    Some(Mount {
        device: left.next()?.to_owned(),
        point: PathBuf::from(unescape(left.nth(1)?)),
        kind: right.split(' ').next()?.to_owned(),
    })
}

/// Spaces and the like stand there as `\040`.
fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let code = after
            .get(..3)
            .and_then(|code| u8::from_str_radix(code, 8).ok());
        if let Some(code) = code {
            out.push(char::from(code));
            rest = after.get(3..).unwrap_or_default();
        } else {
            out.push('\\');
            rest = after;
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
        30 22 0:26 / /tmp rw - tmpfs tmpfs rw\n\
        31 22 0:27 /a /mnt/my\\040files rw,noatime master:1 propagate_from:2 - nfs4 host:/a rw\n\
        32 22 0:28 / /mnt/my\\040files/in rw - fuse.sshfs host: rw\n\
        no line\n\
        33 22 0:29 / /box rw - overlay overlay rw\n";

    #[test]
    fn the_longest_mount_is_it() {
        let kind = |path: &str| longest(LIST, Path::new(path)).unwrap().kind;
        assert_eq!(kind("/home/data"), "ext4");
        assert_eq!(kind("/tmpfile"), "ext4");
        assert_eq!(kind("/tmp/data"), "tmpfs");
        assert_eq!(kind("/mnt/my files/data"), "nfs4");
        assert_eq!(kind("/mnt/my files/in/data"), "fuse.sshfs");
        assert_eq!(longest("", Path::new("/")), None);
        assert_eq!(longest(LIST, Path::new("/x")).unwrap().device, "254:0");
    }

    #[test]
    fn verdicts_name_what_to_do() {
        let judged = |path: &str| judge(&longest(LIST, Path::new(path)).unwrap());
        assert_eq!(judged("/x"), Finding::Good("ext4 at /".to_owned()));
        for (path, word) in [
            ("/tmp", "restart"),
            ("/mnt/my files", "local disk"),
            ("/mnt/my files/in", "local disk"),
            ("/box", "volume"),
        ] {
            let finding = judged(path);
            assert!(
                matches!(&finding, Finding::Warning(text) if text.contains(word) && text.contains("--data")),
                "{finding:?}"
            );
        }
        assert_eq!(unescape("a\\040b\\134c\\x"), "a b\\c\\x");
    }
}
