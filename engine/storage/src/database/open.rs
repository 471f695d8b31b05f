//! Opening a database: lock, options, newest checkpoint, replay of the log. There is no other way in.
//!
//! A new database is made in steps that can each be repeated: the options file, the log, and last a
//! checkpoint of nothing. So a database without a checkpoint file was never finished and holds
//! nothing, unless its log has records; then its checkpoints were lost, and that is an error.

use std::path::Path;
use std::sync::Arc;

use super::catalog_payload::CatalogPayload;
use super::checkpoint::{CheckpointState, InUse};
use super::core::{Core, CoreParts, Fixed};
use super::metrics::{MeteredLog, Meters};
use super::snapshot::Snapshot;
use super::trees::Trees;
use super::{Database, OpenOptions, not_a_database};
use crate::blob::{BlobOptions, BlobStore, LocalBlobs};
use crate::catalog::Catalog;
use crate::commit::prepared_record::{Record, decode};
use crate::commit::record::CommitFacts;
use crate::database_id::DatabaseId;
use crate::error::{Error, Result};
use crate::lock::{DatabaseLock, LOCK_FILE, LockHolder};
use crate::log::{CommitLog, LocalLog, LogError};
use crate::options_file::{DatabaseOptions, OPTIONS_FILE};
use crate::seeded::{self, Fault};
use crate::transaction::writes::StoreId;
use crate::vfs::{IoContext, create_dir_all_durable};

/// What was found when a database was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Sequence of the checkpoint that was loaded.
    pub checkpoint: u64,
    /// Commits replayed from the log.
    pub replayed: u64,
    /// Checkpoint files that were passed over, each with the reason.
    pub damaged_checkpoints: Vec<String>,
    /// Stores whose nodes are damaged where commits of the log belong, each with the place. All other changes were
    /// applied, and the database is read-only.
    pub damaged_stores: Vec<String>,
}

pub(super) fn open(options: &OpenOptions, path: &Path) -> Result<Database> {
    let vfs = options.vfs.as_ref();
    let is_database = vfs
        .exists(&path.join(OPTIONS_FILE))
        .during("look for", path)?;
    let lock = if options.read_only {
        None
    } else {
        if !is_database {
            prepare_folder(options, path)?;
        }
        let holder = LockHolder::current(options.clock.as_ref());
        Some(DatabaseLock::acquire(vfs, path, &holder)?)
    };
    let file = if is_database {
        DatabaseOptions::load(vfs, path)?
    } else if lock.is_some() {
        let id = DatabaseId::random(options.rng.as_ref()).map_err(|source| Error::Io {
            operation: "drawing a database id",
            source,
        })?;
        let file = DatabaseOptions::new(id);
        file.store(vfs, path)?;
        file
    } else {
        return Err(not_a_database(path, "there is no database here to read"));
    };
    let core = Arc::new(recover(options, path, &file, lock)?);
    if core.read_only().is_none() {
        // When it cannot be written down now, they stay as they are, and the next commit tries again.
        let _ = core.expire_prepared();
    }
    if core.read_only().is_none() && options.background {
        core.background.start(&core).map_err(|source| Error::Io {
            operation: "starting the background thread",
            source,
        })?;
    }
    Ok(Database::new(core))
}

/// Makes the folder of a new database. A folder that holds anything else is left alone.
fn prepare_folder(options: &OpenOptions, path: &Path) -> Result<()> {
    if !options.create {
        return Err(not_a_database(path, "there is no database here"));
    }
    let vfs = options.vfs.as_ref();
    if vfs.exists(path).unwrap_or(false) {
        let entries = vfs.read_dir(path).during("read", path)?;
        // What an unfinished creation can leave before the options file is there.
        let left_over = |name: &str| name == LOCK_FILE || name.starts_with(OPTIONS_FILE);
        if let Some(other) = entries.iter().find(|e| !left_over(&e.name)) {
            return Err(not_a_database(
                path,
                format!(
                    "the folder holds {:?} but no {OPTIONS_FILE}; give an empty folder for a new database",
                    other.name
                ),
            ));
        }
    }
    Ok(create_dir_all_durable(vfs, path)?)
}

/// The files of a database, opened.
struct Parts {
    log: LocalLog,
    catalog: Catalog,
    blobs: Arc<LocalBlobs>,
    checkpoint: CatalogPayload,
    sequence: u64,
    damaged_checkpoints: Vec<String>,
}

fn recover(
    options: &OpenOptions,
    path: &Path,
    file: &DatabaseOptions,
    lock: Option<DatabaseLock>,
) -> Result<Core> {
    let parts = open_parts(options, path, file)?;
    let blobs: Arc<dyn BlobStore> = Arc::clone(&parts.blobs) as _;
    let trees = Trees::new(blobs, options.cache_bytes);
    let mut recovery = Recovery {
        checkpoint: parts.sequence,
        replayed: 0,
        damaged_checkpoints: parts.damaged_checkpoints,
        damaged_stores: Vec::new(),
    };
    let mut next = NextNumbers {
        store_id: parts.checkpoint.next_store_id.max(1),
        item_id: parts.checkpoint.next_item_id.max(1),
    };
    let in_use = InUse::new(&parts.checkpoint);
    let mut log_bytes = 0;
    let mut replay_from = |mut snapshot: Snapshot| {
        recovery.replayed = 0;
        log_bytes = 0;
        let seen = |record: &Record, facts: CommitFacts, bytes| {
            next.item_id = next.item_id.max(facts.next_item_id);
            next.store_id = next.store_id.max(record.next_store_id());
            recovery.replayed += 1;
            log_bytes += bytes;
        };
        replay(&parts.log, &mut snapshot, u64::MAX, &trees, seen).map(|()| snapshot)
    };
    let checkpoint = checkpointed(parts.sequence, parts.checkpoint, &trees);
    let snapshot = match replay_from(checkpoint.clone()) {
        Ok(snapshot) => snapshot,
        // A node that cannot be read is no reason to show nothing at all.
        Err(_) => replay_from(salvaging(checkpoint))?,
    };
    recovery.damaged_stores = damaged_stores(&snapshot);
    let meters = Arc::<Meters>::default();
    let log = MeteredLog::new(parts.log, Arc::clone(&options.clock), Arc::clone(&meters));
    let read_only = why_read_only(options, &recovery);
    Ok(Core::new(CoreParts {
        fixed: Fixed {
            path: path.to_owned(),
            folders: file.folders.clone(),
            id: file.database_id,
            vfs: Arc::clone(&options.vfs),
            clock: Arc::clone(&options.clock),
            rng: Arc::clone(&options.rng),
            durability: options.durability,
            time_limit_ms: options.time_limit_ms,
            checkpoint_log_bytes: options.checkpoint_log_bytes,
            log: Arc::new(log),
            blobs: parts.blobs,
            trees,
            recovery,
            meters,
        },
        checkpoint: CheckpointState::new(
            parts.catalog,
            parts.sequence,
            in_use,
            options.segment_bytes,
        ),
        snapshot,
        next_store_id: next.store_id,
        next_item_id: if seeded::is(Fault::ReuseItemIds) {
            1
        } else {
            next.item_id
        },
        log_bytes,
        read_only,
        lock,
    }))
}

/// The same snapshot, whose trees leave out changes to nodes that cannot be read.
fn salvaging(mut snapshot: Snapshot) -> Snapshot {
    for store in snapshot.stores.values_mut() {
        store.tree.salvage();
    }
    snapshot
}

fn damaged_stores(snapshot: &Snapshot) -> Vec<String> {
    let stores = snapshot.stores.values();
    stores
        .filter_map(|store| {
            let damage = store.tree.damage()?;
            Some(format!("store {:?}: {damage}", store.definition.name))
        })
        .collect()
}

fn why_read_only(options: &OpenOptions, recovery: &Recovery) -> Option<String> {
    if !recovery.damaged_stores.is_empty() {
        return Some(format!(
            "commits in the log change items that cannot be read ({}); everything else is as it should be: export it, or restore the damaged file from a backup and open the database again",
            recovery.damaged_stores.join("; ")
        ));
    }
    options
        .read_only
        .then(|| "it was opened for reading".to_owned())
}

/// Opens checkpoints, log and blobs; finishes a creation that was cut short.
fn open_parts(options: &OpenOptions, path: &Path, file: &DatabaseOptions) -> Result<Parts> {
    let id = file.database_id;
    let vfs = &options.vfs;
    let catalog_folder = path.join(&file.folders.catalog);
    let catalog = Catalog::new(Arc::clone(vfs), &catalog_folder, id);
    let log_folder = path.join(&file.folders.log);
    let data_folder = path.join(&file.folders.data);
    let log = if options.read_only {
        LocalLog::open_read_only(Arc::clone(vfs), &log_folder, id)?
    } else {
        let exists = vfs.exists(&catalog_folder);
        let unfinished = !exists.during("look for", &catalog_folder)? || catalog.list()?.is_empty();
        if unfinished {
            // Before there is a checkpoint: a database with one has durable folders.
            catalog.create()?;
            create_dir_all_durable(vfs.as_ref(), &log_folder)?;
            create_dir_all_durable(vfs.as_ref(), &data_folder)?;
        }
        catalog.prepare()?;
        open_log(options, &log_folder, id, &catalog, unfinished)?
    };
    let found = catalog.load_newest()?;
    let damaged: Vec<String> = found.rejected.iter().map(ToString::to_string).collect();
    let newest = found.checkpoint.ok_or_else(|| {
        Error::corrupt(
            catalog_folder.display().to_string(),
            format!(
                "no checkpoint file can be read; restore the folder from a backup ({})",
                damaged.join("; ")
            ),
        )
    })?;
    let checkpoint = CatalogPayload::decode(&newest.payload)?;
    if !options.read_only && !damaged.is_empty() {
        // The next checkpoint replaces it anyway.
        let _ = catalog.repair(&newest);
    }
    let blob_options = BlobOptions {
        segment_bytes: options.segment_bytes,
        ..BlobOptions::default()
    };
    let blobs = if options.read_only {
        LocalBlobs::open_read_only(Arc::clone(vfs), &data_folder, id, blob_options)
    } else {
        let next = checkpoint.next_segment;
        LocalBlobs::open(Arc::clone(vfs), &data_folder, id, blob_options, next)?
    };
    Ok(Parts {
        log,
        catalog,
        blobs: Arc::new(blobs),
        checkpoint,
        sequence: newest.sequence,
        damaged_checkpoints: damaged,
    })
}

fn open_log(
    options: &OpenOptions,
    folder: &Path,
    id: DatabaseId,
    catalog: &Catalog,
    unfinished: bool,
) -> Result<LocalLog> {
    let (vfs, options) = (&options.vfs, options.log_options());
    let log = match LocalLog::open(Arc::clone(vfs), folder, id, options) {
        Err(LogError::NoLog { .. }) if unfinished => {
            LocalLog::create(Arc::clone(vfs), folder, id, options, 1)?
        }
        other => other?,
    };
    if unfinished {
        if log.last_sequence() > 0 {
            return Err(Error::corrupt(
                catalog.folder().display().to_string(),
                "all checkpoint files are missing, but the log has commits; restore the folder from a backup",
            ));
        }
        let empty = CatalogPayload {
            exact: true,
            ..CatalogPayload::default()
        };
        catalog.store(0, &empty.encode()?)?;
    }
    Ok(log)
}

struct NextNumbers {
    store_id: u64,
    item_id: u64,
}

/// The state as of a checkpoint. Reads no node.
fn checkpointed(sequence: u64, payload: CatalogPayload, trees: &Trees) -> Snapshot {
    let mut snapshot = Snapshot {
        sequence,
        prepared: payload.prepared,
        ..Snapshot::default()
    };
    for store in payload.stores {
        snapshot.open_store(
            StoreId(store.id),
            store.definition,
            &store.root,
            store.shapes,
            trees,
        );
    }
    snapshot.find_indexes();
    snapshot
}

/// The state as of a commit, made again from what is on the disk.
pub(super) fn rebuild(core: &Core, sequence: u64) -> Result<Snapshot> {
    // Nothing that is needed here is dropped while this is held.
    let state = core.checkpoint.lock();
    let newest = state.catalog.load(state.newest)?;
    let payload = CatalogPayload::decode(&newest.payload)?;
    let mut snapshot = checkpointed(newest.sequence, payload, &core.trees);
    let log = core.log.as_ref();
    replay(log, &mut snapshot, sequence, &core.trees, |_, _, _| ())?;
    if snapshot.sequence == sequence {
        Ok(snapshot)
    } else {
        Err(Error::corrupt(
            "commit log",
            format!("commit {sequence} is not in it"),
        ))
    }
}

/// Applies the log after the checkpoint as far as `last`; `seen` is told each record before it is applied.
fn replay(
    log: &dyn CommitLog,
    snapshot: &mut Snapshot,
    last: u64,
    trees: &Trees,
    mut seen: impl FnMut(&Record, CommitFacts, u64),
) -> Result<()> {
    if log.last_sequence() < snapshot.sequence {
        return Err(Error::corrupt(
            "commit log",
            format!(
                "it ends at commit {}, before the checkpoint of commit {}; restore the folder from a backup",
                log.last_sequence(),
                snapshot.sequence
            ),
        ));
    }
    for record in log.read_from(snapshot.sequence + 1)? {
        let (sequence, payload) = record?;
        if sequence > last {
            break;
        }
        if sequence != snapshot.sequence + 1 {
            return Err(Error::corrupt(
                "commit log",
                format!("commit {sequence} follows commit {}", snapshot.sequence),
            ));
        }
        let (record, facts) = decode(&payload)
            .map_err(|detail| Error::corrupt(format!("commit {sequence}"), detail))?;
        seen(&record, facts, payload.len() as u64);
        snapshot.replay(sequence, record, trees)?;
    }
    Ok(())
}
