//! A crash at every operation of a workload, then at every operation of the recovery.
//!
//! The model is a list of what was appended and how much of it was acknowledged. After any crash the
//! log must hold a prefix of that list which contains everything acknowledged.

use super::*;
use crate::vfs::sim::CrashPolicy;

type Records = Vec<(u64, Vec<u8>)>;

/// What the workload did until it died.
#[derive(Debug, Default)]
struct Model {
    /// Payload of each sequence from 1 on that was ever given to an append.
    attempted: Vec<Vec<u8>>,
    /// The last sequence that is durable for certain.
    acknowledged: u64,
    /// Records before this one may be gone.
    truncated_to: u64,
}

/// Creates, appends in groups with and without sync, truncates, closes, opens again, goes on.
fn workload(vfs: &SimVfs) -> Model {
    let mut model = Model::default();
    // The error is the simulated crash; what matters is what was acknowledged before.
    let _ = run(vfs, &mut model);
    model
}

fn run(vfs: &SimVfs, model: &mut Model) -> Result<(), LogError> {
    let log = create(vfs)?;
    for (count, durability) in [
        (1, Durability::Sync),
        (3, Durability::Sync),
        (2, Durability::NoSync),
        (1, Durability::NoSync),
        (2, Durability::Sync),
    ] {
        step(&log, model, count, durability)?;
    }
    log.close()?;
    drop(log);
    let log = open(vfs)?;
    step(&log, model, 2, Durability::NoSync)?;
    step(&log, model, 1, Durability::NoSync)?;
    model.acknowledged = model.acknowledged.max(log.sync()?);
    model.truncated_to = 7;
    log.truncate_before(7)?;
    step(&log, model, 3, Durability::Sync)?;
    // What was dropped is written over now, with and without a flush for each group.
    log.make_room_ahead()?;
    step(&log, model, 2, Durability::Sync)?;
    step(&log, model, 4, Durability::NoSync)?;
    step(&log, model, 1, Durability::Sync)?;
    drop(log);
    let log = open(vfs)?;
    step(&log, model, 1, Durability::Sync)?;
    step(&log, model, 1, Durability::NoSync)
}

fn step(
    log: &LocalLog,
    model: &mut Model,
    count: u64,
    durability: Durability,
) -> Result<(), LogError> {
    let next = model.attempted.len() as u64 + 1;
    let payloads: Vec<Vec<u8>> = (next..next + count).map(|seq| payload(seq, 0)).collect();
    model.attempted.extend(payloads.iter().cloned());
    let payloads: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
    let appended = log.append_if(next, &payloads, durability)?;
    model.acknowledged = model.acknowledged.max(appended.durable);
    Ok(())
}

/// Opens after the crash and compares with the model. Gives what the log holds.
fn check(vfs: &SimVfs, model: &Model, story: &str) -> Option<(LocalLog, Records)> {
    if model.acknowledged == 0 && !LocalLog::exists(vfs, &folder()).unwrap() {
        return None;
    }
    let log = match open(vfs) {
        Ok(log) => log,
        Err(error) => panic!("{story}: {error}\n{:?}", vfs.list()),
    };
    let found = match records(&log) {
        Ok(found) => found,
        Err(error) => panic!("{story}: {error}\n{:?}", vfs.list()),
    };
    assert!(
        log.last_sequence() >= model.acknowledged,
        "{story}: lost {}",
        model.acknowledged
    );
    assert!(log.first_sequence() <= model.truncated_to.max(1), "{story}");
    for (sequence, payload) in &found {
        assert_eq!(
            Some(payload),
            model.attempted.get(*sequence as usize - 1),
            "{story}"
        );
    }
    Some((log, found))
}

#[test]
fn every_acknowledged_record_survives_a_crash_at_any_operation() {
    let vfs = SimVfs::new();
    let model = workload(&vfs);
    assert_eq!(model.attempted.len(), 24);
    assert!(
        reuse::files_used_again(&vfs) >= 1,
        "{:?}",
        vfs.operation_log()
    );
    let total = vfs.operations();
    for operation in 1..=total + 1 {
        for policy in CrashPolicy::samples(operation) {
            let story = format!("crash at {operation} of {total}, {policy:?}");
            let vfs = SimVfs::new();
            vfs.crash_at(operation);
            let model = workload(&vfs);
            crash_in_recovery(&vfs.after_crash(policy), &model, &story);
        }
    }
}

/// Lets each operation of the recovery crash too, and checks the recovery after that.
fn crash_in_recovery(found: &SimVfs, model: &Model, story: &str) {
    for operation in 1.. {
        let vfs = found.after_crash(CrashPolicy::KeepUnsynced);
        vfs.crash_at(operation);
        let survived = open(&vfs).is_ok() && !vfs.crashed();
        let seed = operation.wrapping_mul(31);
        for policy in [
            CrashPolicy::LoseUnsynced,
            CrashPolicy::KeepUnsynced,
            CrashPolicy::Torn { sector: 512 },
            CrashPolicy::RandomSubset { seed },
        ] {
            let story = format!("{story}; again at {operation} of recovery, {policy:?}");
            go_on(&vfs.after_crash(policy), model, &story);
        }
        // Either the recovery was finished before this operation, or the folder has no log to open.
        if survived || !vfs.crashed() {
            break;
        }
    }
}

/// The recovered log must be usable, and what it showed must stay whatever happens next.
fn go_on(vfs: &SimVfs, model: &Model, story: &str) {
    let Some((log, mut found)) = check(vfs, model, story) else {
        return;
    };
    let vfs = vfs.after_crash(CrashPolicy::LoseUnsynced);
    drop(log);
    let log = open(&vfs).unwrap_or_else(|error| panic!("{story}: third open: {error}"));
    assert_eq!(
        records(&log).unwrap(),
        found,
        "{story}: shown records changed"
    );
    let next = log.last_sequence() + 1;
    append(&log, next, 2, 1).unwrap_or_else(|error| panic!("{story}: append: {error}"));
    found.extend((next..next + 2).map(|sequence| (sequence, payload(sequence, 1))));
    let vfs = vfs.after_crash(CrashPolicy::LoseUnsynced);
    let log = open_read_only(&vfs).unwrap_or_else(|error| panic!("{story}: {error}"));
    assert_eq!(records(&log).unwrap(), found, "{story}: new records");
}

/// Records that only the operating system's memory holds are shown to the next process. They must be
/// durable before that, or a power cut would take back what was shown.
#[test]
fn what_a_new_process_shows_is_durable() {
    let vfs = SimVfs::new();
    let log = create(&vfs).unwrap();
    append(&log, 1, 2, 0).unwrap();
    log.append_if(3, &[b"only in memory"], Durability::NoSync)
        .unwrap();
    let vfs = vfs.after_process_end();
    assert_eq!(open(&vfs).unwrap().last_sequence(), 3);
    let vfs = vfs.after_crash(CrashPolicy::LoseUnsynced);
    assert_eq!(open(&vfs).unwrap().last_sequence(), 3);
}

/// A longer record of an earlier life lies behind the cut. The new life writes a shorter one, crashes,
/// and must not find the rest of the old one behind it.
#[test]
fn records_of_an_earlier_life_are_never_believed() {
    for policy in CrashPolicy::samples(77) {
        let vfs = SimVfs::new();
        let log = create(&vfs).unwrap();
        append(&log, 1, 1, 0).unwrap();
        let (old_a, old_b) = ([b'a'; 600], [b'b'; 600]);
        log.append_if(2, &[&old_a, &old_b], Durability::NoSync)
            .unwrap();
        let vfs = vfs.after_crash(policy);
        let log = open(&vfs).unwrap();
        let last = log.last_sequence();
        let new = [b'n'; 600 + 8];
        log.append_if(last + 1, &[&new], Durability::NoSync)
            .unwrap();
        let vfs = vfs.after_crash(policy);
        let log = open(&vfs).unwrap();
        let found = records(&log).unwrap();
        assert!(
            found
                .iter()
                .skip(last as usize)
                .all(|(_, payload)| payload == &new),
            "{policy:?}"
        );
        assert!(found.len() as u64 >= last, "{policy:?}");
    }
}
