//! What a power cut leaves behind.

use super::world::{Change, Entry, Names, SimInode, World, write};
use crate::rng::SplitMix64;

/// The unit that survives or not in [`CrashPolicy::RandomSubset`], in bytes.
const RANDOM_SECTOR: u32 = 512;

/// What happens to everything that was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPolicy {
    /// All of it is lost.
    LoseUnsynced,
    /// All of it got to the disk in time.
    KeepUnsynced,
    /// Names and lengths got to the disk; of each write only the first half of its sectors.
    Torn {
        /// Bytes of a sector, at least 1; real ones are 512 or 4096.
        sector: u32,
    },
    /// A coin decides for each sector of each write, each change of length and each change of a name.
    RandomSubset {
        /// The same seed gives the same result.
        seed: u64,
    },
}

impl CrashPolicy {
    /// One of each kind and a few random ones, for tests that try them all.
    pub fn samples(seed: u64) -> Vec<Self> {
        vec![
            Self::LoseUnsynced,
            Self::KeepUnsynced,
            Self::Torn { sector: 512 },
            Self::Torn { sector: 4096 },
            Self::Torn { sector: 8 },
            Self::RandomSubset { seed },
            Self::RandomSubset {
                seed: seed.wrapping_add(1),
            },
        ]
    }
}

pub(super) fn after_crash(world: &World, policy: CrashPolicy) -> World {
    let mut random = match policy {
        CrashPolicy::RandomSubset { seed } => SplitMix64::new(seed),
        _ => SplitMix64::new(0),
    };
    let mut names = world.durable_names.clone();
    for change in &world.pending_names {
        let survives = match policy {
            CrashPolicy::LoseUnsynced => false,
            CrashPolicy::KeepUnsynced | CrashPolicy::Torn { .. } => true,
            CrashPolicy::RandomSubset { .. } => random.coin(),
        };
        if survives {
            change.apply(&mut names);
        }
    }
    drop_unreachable(&mut names);

    let mut after = World {
        next_file: world.next_file,
        ..World::default()
    };
    for (id, file) in &world.files {
        if names.values().any(|entry| *entry == Entry::File(*id)) {
            let content = surviving_content(file, policy, &mut random);
            let inode = SimInode {
                current: content.clone(),
                durable: content,
                pending: Vec::new(),
            };
            after.files.insert(*id, inode);
        }
    }
    after.durable_names.clone_from(&names);
    after.names = names;
    let room = world.free_space.saturating_add(world.used_space());
    after.free_space = room.saturating_sub(after.used_space());
    after
}

/// A name whose folder did not survive is gone too.
fn drop_unreachable(names: &mut Names) {
    let lost: Vec<_> = names
        .keys()
        .filter(|path| {
            let above = path
                .ancestors()
                .skip(1)
                .filter(|folder| folder.parent().is_some());
            above
                .into_iter()
                .any(|folder| names.get(folder) != Some(&Entry::Directory))
        })
        .cloned()
        .collect();
    for path in lost {
        names.remove(&path);
    }
}

fn surviving_content(file: &SimInode, policy: CrashPolicy, random: &mut SplitMix64) -> Vec<u8> {
    let mut content = file.durable.clone();
    for change in &file.pending {
        match policy {
            CrashPolicy::LoseUnsynced => {}
            CrashPolicy::KeepUnsynced => change.apply(&mut content),
            CrashPolicy::Torn { sector } => match change {
                Change::Write { offset, data } => {
                    let pieces = sectors(*offset, data, sector);
                    for (start, piece) in pieces.iter().take(pieces.len() / 2) {
                        write(&mut content, *start, piece);
                    }
                    // The new length survived without the data: the rest reads as zeros.
                    let end = offset.saturating_add(data.len() as u64);
                    Change::Grow(end).apply(&mut content);
                }
                Change::SetLen(_) | Change::Grow(_) => change.apply(&mut content),
            },
            CrashPolicy::RandomSubset { .. } => random_part(change, &mut content, random),
        }
    }
    content
}

fn random_part(change: &Change, content: &mut Vec<u8>, random: &mut SplitMix64) {
    match change {
        Change::Write { offset, data } => {
            for (start, piece) in sectors(*offset, data, RANDOM_SECTOR) {
                if random.coin() {
                    write(content, start, piece);
                }
            }
            if random.coin() {
                Change::Grow(offset.saturating_add(data.len() as u64)).apply(content);
            }
        }
        Change::SetLen(_) | Change::Grow(_) => {
            if random.coin() {
                change.apply(content);
            }
        }
    }
}

/// The parts of a write by the sectors of the disk that they fall into.
fn sectors(offset: u64, data: &[u8], sector: u32) -> Vec<(u64, &[u8])> {
    let sector = u64::from(sector.max(1));
    let mut pieces = Vec::new();
    let (mut start, mut rest) = (offset, data);
    while !rest.is_empty() {
        let room = (sector - start % sector) as usize;
        let (piece, after) = rest.split_at(room.min(rest.len()));
        pieces.push((start, piece));
        start = start.saturating_add(piece.len() as u64);
        rest = after;
    }
    pieces
}
