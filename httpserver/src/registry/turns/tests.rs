//! Two servers over one folder, in one process: locks of files are of handles, so they shut each other out all the same.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;

use sop_systemdb::system::{AuditEntry, System};

use super::*;

/// Short enough for tests that wait for the end of a wait, long enough for slow machines in all others.
const QUICK: Times = Times {
    wait: Duration::from_millis(200),
    short_wait: Duration::from_millis(50),
    lately: Duration::from_millis(100),
    ..TIMES
};
const PATIENT: Times = Times {
    wait: Duration::from_mins(1),
    ..TIMES
};

struct Server {
    turns: Turns,
    system: System,
}

fn server(folder: &Path, times: Times) -> Server {
    let turns = Turns::with(folder, &Pool::default(), None, times);
    Server {
        system: System::over(Arc::new(turns.clone())),
        turns,
    }
}

fn entry(who: &str) -> AuditEntry {
    AuditEntry {
        who: who.to_owned(),
        ..AuditEntry::default()
    }
}

fn note(server: &Server, who: &str) -> u64 {
    server.system.audit(&[entry(who)]).unwrap()
}

fn noted(server: &Server) -> usize {
    server.system.audited(None, usize::MAX).unwrap().len()
}

#[test]
fn each_sees_at_once_what_the_other_saved() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (
        server(folder.path(), PATIENT),
        server(folder.path(), PATIENT),
    );
    for round in 0..20 {
        assert_eq!(note(&a, "a"), round * 2 + 1);
        assert_eq!(note(&b, "b"), round * 2 + 2);
        assert_eq!(noted(&a), usize::try_from(round * 2 + 2).unwrap());
    }
}

#[test]
fn servers_that_are_all_busy_lose_nothing_and_pass_nobody_over() {
    let folder = tempfile::tempdir().unwrap();
    let servers: Vec<_> = (0..4).map(|_| server(folder.path(), PATIENT)).collect();
    thread::scope(|scope| {
        for (at, server) in servers.iter().enumerate() {
            for _ in 0..2 {
                scope.spawn(move || {
                    for _ in 0..40 {
                        note(server, &at.to_string());
                    }
                });
            }
        }
    });
    for server in &servers {
        let entries = server.system.audited(None, usize::MAX).unwrap();
        assert_eq!(entries.len(), 320);
        assert_eq!(entries.first().unwrap().0, 320, "numbers are given once");
    }
    let one_by_one = servers
        .iter()
        .map(|server| server.turns.0.state.lock().number);
    assert!(one_by_one.min() > Some(1), "each had several turns");
}

#[test]
fn a_server_that_never_rests_gives_it_up() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (
        server(folder.path(), PATIENT),
        server(folder.path(), PATIENT),
    );
    let over = AtomicBool::new(false);
    note(&a, "a");
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    noted(&a);
                }
            });
        }
        for _ in 0..5 {
            note(&b, "b");
        }
        over.store(true, Ordering::Relaxed);
    });
    assert_eq!(noted(&a), 6);
}

#[test]
fn who_does_not_give_it_up_is_named_and_read_beside() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (server(folder.path(), PATIENT), server(folder.path(), QUICK));
    note(&a, "a");
    // A use that does not end: the process hangs.
    let held = a.system.database(Mode::Write).unwrap();
    assert_eq!(noted(&b), 1);
    let refused = b.system.audit(&[entry("b")]).unwrap_err();
    assert_eq!(refused.code(), "database_locked");
    let process = format!("process {}", std::process::id());
    assert!(refused.to_string().contains(&process), "{refused}");
    assert!(
        b.turns
            .holder()
            .is_some_and(|holder| holder.contains(&process))
    );
    // What is written meanwhile is seen.
    let more = |tx: &sop::Transaction| {
        tx.store::<u64, AuditEntry>("audit")?
            .insert(&2, &entry("a"))
    };
    held.transact(more).unwrap();
    assert_eq!(noted(&b), 2);
    drop(held);
    let b = server(folder.path(), PATIENT);
    assert_eq!(note(&b, "b"), 3);
    assert_eq!(b.turns.holder(), None);
}

#[test]
fn a_first_use_beside_a_database_that_hangs_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (server(folder.path(), PATIENT), server(folder.path(), QUICK));
    note(&a, "a");
    let held = a.system.database(Mode::Write).unwrap();
    assert!(!b.turns.is_known());
    let looked = b.turns.get(Mode::Read, Use::Look).unwrap();
    assert!(looked.kept.is_none() && b.turns.is_known());
    assert!(looked.database.read_only().is_some());
    drop(held);
}

#[test]
fn what_people_look_at_stays_open_until_they_have_seen_it() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (
        server(folder.path(), PATIENT),
        server(folder.path(), PATIENT),
    );
    note(&a, "a");
    let looked = a.turns.get(Mode::Read, Use::Look).unwrap();
    let (done, wait) = channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            note(&b, "b");
            done.send(()).unwrap();
        });
        // The server's own uses do not wait for it.
        while a.turns.0.state.lock().order != Order::Looks {
            thread::yield_now();
        }
        assert_eq!(noted(&a), 1);
        assert!(wait.try_recv().is_err());
        let tx = looked.database.begin(Mode::Read).unwrap();
        assert!(a.turns.is_current(looked.kept.as_ref().unwrap()));
        // Its request is answered, and what it began is still read.
        drop(looked.kept);
        let audit = tx.store::<u64, AuditEntry>("audit").unwrap();
        assert_eq!(audit.iter().count(), 1);
        assert!(wait.try_recv().is_err());
        drop(audit);
        drop(tx);
        wait.recv().unwrap();
    });
    assert_eq!(noted(&a), 2);
}

#[test]
fn looking_for_very_long_holds_nobody_up_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let times = Times {
        look: Duration::from_millis(50),
        ..PATIENT
    };
    let (a, b) = (server(folder.path(), times), server(folder.path(), PATIENT));
    note(&a, "a");
    let looked = a.turns.get(Mode::Read, Use::Look).unwrap();
    let tx = looked.database.begin(Mode::Read).unwrap();
    note(&b, "b");
    // What was begun is read on, and the next look is at another opening.
    assert_eq!(
        tx.store::<u64, AuditEntry>("audit").unwrap().iter().count(),
        1
    );
    assert!(!a.turns.is_current(looked.kept.as_ref().unwrap()));
    let again = a.turns.get(Mode::Read, Use::Look).unwrap();
    // The end of the old look is not taken for that of the new one.
    drop(looked);
    assert_eq!(a.turns.0.state.lock().looks.len(), 1);
    drop(again);
    assert_eq!(noted(&a), 2);
}

#[test]
fn one_that_is_next_and_does_nothing_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (
        server(folder.path(), PATIENT),
        server(folder.path(), PATIENT),
    );
    note(&a, "a");
    // As a process that was stopped while it waited.
    let mut stopped = line::Line::before(folder.path());
    assert!(stopped.join());
    for _ in 0..3 {
        note(&a, "a");
        note(&b, "b");
    }
    // Who has it takes no notice of that one any more.
    let number = b.turns.0.state.lock().number;
    let until = Instant::now() + LONGEST_ORDER;
    while Instant::now() < until {
        noted(&b);
    }
    assert_eq!(b.turns.0.state.lock().number, number);
}

#[test]
fn servers_that_start_together_make_one_database() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/system");
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| note(&server(&path, PATIENT), "x"));
            }
        });
        let last = server(&path, PATIENT);
        assert_eq!(noted(&last), 4);
        let scripts = last.system.scripts(None).unwrap();
        assert!(
            scripts.iter().all(|script| script.version == 1),
            "one set of seeds"
        );
    }
}

#[test]
fn the_end_closes_it_and_begins_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (server(folder.path(), PATIENT), server(folder.path(), QUICK));
    note(&a, "a");
    a.turns.close();
    assert!(a.system.audit(&[entry("a")]).is_err());
    assert_eq!(note(&b, "b"), 2);
    drop(b);
    sop::OpenOptions::new().open(folder.path()).unwrap();
}

#[test]
fn a_folder_of_somebody_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let other = sop::OpenOptions::new().open(folder.path()).unwrap();
    let make = |tx: &sop::Transaction| tx.create_store(sop::StoreDefinition::typed::<u64>("mine"));
    other.transact(make).unwrap();
    drop(other);
    let server = server(folder.path(), PATIENT);
    let error = server.system.scripts(None).unwrap_err();
    assert!(error.to_string().contains("system_database"), "{error}");
    // It was not kept open.
    let other = sop::OpenOptions::new().open(folder.path()).unwrap();
    assert_eq!(other.status().stores, 1);
}

#[test]
fn many_turns_leave_few_files_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (
        server(folder.path(), PATIENT),
        server(folder.path(), PATIENT),
    );
    for _ in 0..70 {
        note(&a, "a");
        note(&b, "b");
    }
    drop((a, b));
    let files = std::fs::read_dir(folder.path().join("data"))
        .unwrap()
        .count();
    assert!(files < 60, "{files}");
}
