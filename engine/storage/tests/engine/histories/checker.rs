//! Finds serialization anomalies in a recorded history. It knows nothing of the engine but the promise:
//! commit sequences are the serial order, and a transaction saw the state at its snapshot.
//!
//! Two checks that share no reasoning: [`replay`] rebuilds every state from the commits and compares each
//! answer with it; [`cycles`] builds the graph of dependencies from the versions that reads saw
//! and looks for cycles, as Adya's definitions of anomalies do.

use std::collections::{BTreeMap, BTreeSet};

/// An item as a read saw it.
pub type Seen = Option<(u64, String)>;

/// One step of a transaction with the answer it got.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Get(i64, Seen),
    /// All items of `lo..=hi` with version and value.
    Scan(i64, i64, Vec<(i64, u64, String)>),
    Count(i64, i64, u64),
    Put(i64, String),
    /// And whether there was an item.
    Remove(i64, bool),
}

/// A transaction from the outside.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Times at which it was called for and at which its end was known, on one clock.
    pub invoked: u64,
    pub returned: u64,
    /// Sequence of the snapshot it was given.
    pub snapshot: u64,
    /// Sequence of its commit; `None`: it was aborted.
    pub commit: Option<u64>,
    pub steps: Vec<Step>,
}

impl Record {
    fn writes(&self) -> BTreeMap<i64, Option<String>> {
        let mut writes = BTreeMap::new();
        for step in &self.steps {
            match step {
                Step::Put(key, value) => writes.insert(*key, Some(value.clone())),
                Step::Remove(key, true) => writes.insert(*key, None),
                _ => None,
            };
        }
        writes
    }

    fn is_write(&self) -> bool {
        !self.writes().is_empty()
    }
}

/// For each key the commits that changed it, in order, with what they left.
type Versions = BTreeMap<i64, BTreeMap<u64, Option<String>>>;

fn versions(history: &[Record]) -> Result<Versions, String> {
    let mut versions = Versions::new();
    let mut used = BTreeSet::new();
    let mut writers: Vec<(u64, &Record)> = history
        .iter()
        .filter(|r| r.is_write())
        .filter_map(|r| Some((r.commit?, r)))
        .collect();
    // Those that turn out to change nothing have the sequence of their snapshot.
    writers.sort_by_key(|(commit, record)| (*commit, *commit <= record.snapshot));
    for (commit, record) in writers {
        let mut writes = record.writes();
        // An item that was made and removed again was never there.
        writes
            .retain(|key, value| value.is_some() || at(&versions, *key, record.snapshot).is_some());
        if writes.is_empty() {
            continue;
        }
        if commit <= record.snapshot {
            return Err(format!("commit {commit} is not after its snapshot"));
        }
        if !used.insert(commit) {
            return Err(format!("two transactions have commit {commit}"));
        }
        for (key, value) in writes {
            versions.entry(key).or_default().insert(commit, value);
        }
    }
    Ok(versions)
}

/// What a key holds as of a sequence.
fn at(versions: &Versions, key: i64, sequence: u64) -> Seen {
    let (version, value) = versions.get(&key)?.range(..=sequence).next_back()?;
    Some((*version, value.clone()?))
}

/// Rebuilds the states and compares every answer with them.
pub fn replay(history: &[Record]) -> Result<(), String> {
    let versions = versions(history)?;
    for record in history {
        explain(record, &versions).map_err(|e| format!("{e}, in {record:?}"))?;
        if record.commit > Some(record.snapshot) && record.is_write() {
            undisturbed(record, &versions).map_err(|e| format!("{e}, in {record:?}"))?;
        }
    }
    in_real_time(history)
}

/// Every answer is that of the snapshot with the transaction's own changes.
fn explain(record: &Record, versions: &Versions) -> Result<(), String> {
    let mut own: BTreeMap<i64, Option<String>> = BTreeMap::new();
    let look = |own: &BTreeMap<i64, Option<String>>, key: i64| match own.get(&key) {
        Some(value) => value.clone().map(|value| (0, value)),
        None => at(versions, key, record.snapshot),
    };
    let all = |own: &BTreeMap<i64, Option<String>>, lo: i64, hi: i64| {
        let keys: BTreeSet<i64> = versions.keys().chain(own.keys()).copied().collect();
        let inside = keys.range(lo..=hi);
        inside
            .filter_map(|key| look(own, *key).map(|(version, value)| (*key, version, value)))
            .collect::<Vec<_>>()
    };
    for step in &record.steps {
        let wanted = match step {
            Step::Get(key, _) => Step::Get(*key, look(&own, *key)),
            Step::Scan(lo, hi, _) => Step::Scan(*lo, *hi, all(&own, *lo, *hi)),
            Step::Count(lo, hi, _) => Step::Count(*lo, *hi, all(&own, *lo, *hi).len() as u64),
            Step::Put(key, value) => {
                own.insert(*key, Some(value.clone()));
                continue;
            }
            Step::Remove(key, _) => {
                let there = look(&own, *key).is_some();
                own.insert(*key, None);
                Step::Remove(*key, there)
            }
        };
        if *step != wanted {
            return Err(format!("{step:?} should have been {wanted:?}"));
        }
    }
    Ok(())
}

/// Nothing that a write transaction read or wrote changed between its snapshot and its commit.
fn undisturbed(record: &Record, versions: &Versions) -> Result<(), String> {
    let commit = record.commit.unwrap_or_default();
    let between = |key: i64| {
        let changes = versions.get(&key)?.range(record.snapshot + 1..commit);
        changes.map(|(sequence, _)| *sequence).next()
    };
    for step in &record.steps {
        let (lo, hi) = match step {
            Step::Get(key, _) | Step::Put(key, _) | Step::Remove(key, _) => (*key, *key),
            Step::Scan(lo, hi, _) | Step::Count(lo, hi, _) => (*lo, *hi),
        };
        for (key, _) in versions.range(lo..=hi) {
            if let Some(other) = between(*key) {
                return Err(format!(
                    "{step:?}: commit {other} changed key {key} meanwhile"
                ));
            }
        }
    }
    Ok(())
}

/// Who began after a commit was known sees it.
fn in_real_time(history: &[Record]) -> Result<(), String> {
    let mut known: BTreeMap<u64, u64> = BTreeMap::new();
    for record in history.iter().filter(|r| r.is_write()) {
        if let Some(commit) = record.commit {
            known.insert(record.returned, commit);
        }
    }
    let mut newest = 0;
    for commit in known.values_mut() {
        newest = newest.max(*commit);
        *commit = newest;
    }
    for record in history {
        if let Some((_, commit)) = known.range(..record.invoked).next_back()
            && record.snapshot < *commit
        {
            return Err(format!(
                "commit {commit} was known before this began and is not seen: {record:?}"
            ));
        }
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edge {
    /// The second overwrote the first's version.
    WriteWrite,
    /// The second read the first's version.
    WriteRead,
    /// The second overwrote a version that the first had read.
    ReadWrite,
}

/// A cycle of dependencies: who depends on whom, and how.
pub type Cycle = Vec<(usize, Edge)>;

/// The dependencies of committed transactions, by their numbers in the history.
struct Graph {
    edges: Vec<BTreeMap<usize, Edge>>,
}

impl Graph {
    fn add(&mut self, from: usize, to: usize, edge: Edge) {
        if from != to {
            self.edges[from].entry(to).or_insert(edge);
        }
    }

    /// A read of `key` that saw the version `seen` (0: before all of them).
    fn read(&mut self, reader: usize, writers: Option<&BTreeMap<u64, usize>>, seen: u64) {
        let Some(writers) = writers else { return };
        if let Some(writer) = writers.get(&seen) {
            self.add(*writer, reader, Edge::WriteRead);
        }
        if let Some((_, next)) = writers.range(seen + 1..).next() {
            self.add(reader, *next, Edge::ReadWrite);
        }
    }
}

/// Dependencies from the versions that reads saw; a missing item counts as the last removal before
/// the snapshot. Gives a cycle when there is one.
pub fn cycles(history: &[Record]) -> Option<Cycle> {
    let committed = history.iter().enumerate();
    let numbers: BTreeMap<u64, usize> = committed
        .filter(|(_, record)| record.is_write() && record.commit > Some(record.snapshot))
        .filter_map(|(i, record)| Some((record.commit?, i)))
        .collect();
    // Commits that cannot be put in an order are for `replay` to report.
    let writers: BTreeMap<i64, BTreeMap<u64, usize>> = versions(history)
        .ok()?
        .into_iter()
        .map(|(key, of_key)| {
            let of_key = of_key.keys().filter_map(|c| Some((*c, *numbers.get(c)?)));
            (key, of_key.collect())
        })
        .collect();
    let mut graph = Graph {
        edges: vec![BTreeMap::new(); history.len()],
    };
    for of_key in writers.values() {
        for (a, b) in of_key.values().zip(of_key.values().skip(1)) {
            graph.add(*a, *b, Edge::WriteWrite);
        }
    }
    for (i, record) in history.iter().enumerate() {
        if record.commit.is_some() {
            add_reads(&mut graph, i, record, &writers);
        }
    }
    find_cycle(&graph)
}

fn add_reads(
    graph: &mut Graph,
    i: usize,
    record: &Record,
    writers: &BTreeMap<i64, BTreeMap<u64, usize>>,
) {
    let missing = |key: i64| {
        let before = writers.get(&key)?.range(..=record.snapshot).next_back();
        before.map(|(version, _)| *version)
    };
    let mut own = BTreeSet::new();
    for step in &record.steps {
        match step {
            Step::Put(key, _) | Step::Remove(key, _) => {
                own.insert(*key);
            }
            Step::Get(key, seen) if !own.contains(key) => {
                let version = match seen {
                    Some((version, _)) => *version,
                    None => missing(*key).unwrap_or(0),
                };
                graph.read(i, writers.get(key), version);
            }
            Step::Scan(lo, hi, seen) => {
                for (key, of_key) in writers.range(*lo..=*hi) {
                    if own.contains(key) {
                        continue;
                    }
                    let found = seen.iter().find(|(k, ..)| k == key);
                    let version = found.map(|(_, version, _)| *version);
                    let version = version.or_else(|| missing(*key)).unwrap_or(0);
                    graph.read(i, Some(of_key), version);
                }
            }
            Step::Get(..) | Step::Count(..) => {}
        }
    }
}

/// Walks depth first without recursion; a way back to where it stands is a cycle.
fn find_cycle(graph: &Graph) -> Option<Cycle> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut states = vec![State::New; graph.edges.len()];
    for start in 0..graph.edges.len() {
        if states[start] != State::New {
            continue;
        }
        states[start] = State::Open;
        let mut path = vec![(start, graph.edges[start].iter())];
        while let Some((at, edges)) = path.last_mut() {
            let Some((next, edge)) = edges.next() else {
                states[*at] = State::Done;
                path.pop();
                continue;
            };
            match states[*next] {
                State::Done => {}
                State::New => {
                    states[*next] = State::Open;
                    path.push((*next, graph.edges[*next].iter()));
                }
                State::Open => {
                    let nodes: Vec<usize> = path.iter().map(|(node, _)| *node).collect();
                    let from = nodes.iter().position(|node| node == next).unwrap();
                    let mut cycle = Cycle::new();
                    for pair in nodes[from..].windows(2) {
                        cycle.push((pair[0], graph.edges[pair[0]][&pair[1]]));
                    }
                    cycle.push((nodes[nodes.len() - 1], *edge));
                    return Some(cycle);
                }
            }
        }
    }
    None
}
