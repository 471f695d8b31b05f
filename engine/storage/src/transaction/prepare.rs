//! The first phase of two-phase commit: promising that a transaction can be committed.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Mode, Transaction};
use crate::commit::prepared::PreparedTransaction;
use crate::commit::prepared_record::encode_prepare;
use crate::commit::queue::{Kind, Request};
use crate::commit::record::Payload;
use crate::error::{Error, Result};
use crate::log::MAX_RECORD_BYTES;
use crate::transaction::reads::Reads;

/// The longest id of a prepared transaction, in bytes.
pub const MAX_PREPARED_ID_BYTES: usize = 200;

/// A transaction that was prepared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// The id that it was given.
    pub id: String,
    /// Sequence of the record that prepared it. Its items will have the version of its commit.
    pub sequence: u64,
    /// When its time is over, in milliseconds since 1970 UTC: it is rolled back then.
    pub expires_at_ms: u64,
}

impl Transaction {
    /// Promises durably that [`Database::commit_prepared`](crate::Database::commit_prepared) with this id
    /// will succeed, and shows nothing of the transaction yet: the first phase of a commit over several
    /// databases. Each takes part with an id of 1 to [`MAX_PREPARED_ID_BYTES`] bytes that its coordinator
    /// gives, best one that is never used again.
    ///
    /// Until it is decided, a prepared transaction
    ///
    /// - holds what it read (items, misses and ranges) and what it writes: another write transaction that
    ///   would change the one, or read or change the other, gets [`Error::Conflict`] with the id. Read
    ///   transactions go on and see the state without it;
    /// - survives the end of the process, is part of backups and is listed by
    ///   [`Database::prepared`](crate::Database::prepared);
    /// - expires when its time is over: as long after this call as the transaction's time limit
    ///   ([`Transaction::set_time_limit_ms`], at most an hour) by the clock of the machine. It is rolled back
    ///   then, so a coordinator decides in time or has to give the whole up.
    ///
    /// # Errors
    /// Those of [`Transaction::commit`], nothing of the transaction is left then;
    /// [`Error::InvalidPreparedId`], [`Error::PreparedExists`]. After [`Error::File`] or [`Error::Corrupt`] the
    /// next open decides whether it is prepared: roll it back, or let it expire.
    ///
    /// # Example
    ///
    /// A payment from one database to another. The coordinator prepares both, then writes its decision down
    /// where it is durable: only that counts. Whoever finds a prepared transaction later, after a crash
    /// say, looks there: a decision to commit is carried out, without one it is rolled back.
    ///
    /// ```
    /// use sop::{Database, Document, Error, Key, KeySpec, KeyType, Mode, Result, StoreDefinition};
    ///
    /// fn resolve(decisions: &Database, participant: &Database) -> Result<()> {
    ///     for waiting in participant.prepared() {
    ///         let tx = decisions.begin(Mode::Read)?;
    ///         match tx.documents("decisions")?.get(&Key::from(waiting.id.as_str()))? {
    ///             Some(_) => participant.commit_prepared(&waiting.id).map(|_| ())?,
    ///             None => participant.rollback_prepared(&waiting.id)?,
    ///         }
    ///     }
    ///     Ok(())
    /// }
    ///
    /// # fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// let berlin = Database::open(folder.path().join("berlin"))?;
    /// let lisbon = Database::open(folder.path().join("lisbon"))?;
    /// for (db, store) in [(&berlin, "accounts"), (&berlin, "decisions"), (&lisbon, "accounts")] {
    ///     db.transact(|tx| tx.create_store(StoreDefinition::new(store, KeySpec::single(KeyType::String))))?;
    /// }
    /// let ada = Key::from("ada");
    /// let euros = |n: i64| Document::from_json(n.to_string().as_bytes());
    /// berlin.transact(|tx| tx.documents("accounts")?.insert(&ada, &euros(100)?))?;
    ///
    /// // First phase: both promise.
    /// let tx = berlin.begin(Mode::Write)?;
    /// tx.documents("accounts")?.update(&ada, &euros(60)?)?;
    /// tx.prepare("payment-17")?;
    /// let tx = lisbon.begin(Mode::Write)?;
    /// tx.documents("accounts")?.insert(&ada, &euros(40)?)?;
    /// tx.prepare("payment-17")?;
    ///
    /// // Nothing is seen of it yet, and nobody can come in between.
    /// let tx = berlin.begin(Mode::Write)?;
    /// tx.documents("accounts")?.update(&ada, &euros(0)?)?;
    /// assert!(matches!(tx.commit(), Err(Error::Conflict { prepared: Some(id), .. }) if id == "payment-17"));
    ///
    /// // The decision, then the second phase. A crash before the first line rolls both back, a crash
    /// // after it commits both: `resolve` does what is left.
    /// berlin.transact(|tx| tx.documents("decisions")?.insert(&Key::from("payment-17"), &euros(40)?))?;
    /// berlin.commit_prepared("payment-17")?;
    /// drop(lisbon);
    ///
    /// let lisbon = Database::open(folder.path().join("lisbon"))?;
    /// resolve(&berlin, &lisbon)?;
    /// for (db, balance) in [(&berlin, "60"), (&lisbon, "40")] {
    ///     let tx = db.begin(Mode::Read)?;
    ///     let account = tx.documents("accounts")?.get(&ada)?.ok_or("no account")?;
    ///     assert_eq!(account.value.to_json(), balance);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn prepare(mut self, id: &str) -> Result<Prepared> {
        if self.mode != Mode::Write {
            return Err(Error::ReadTransaction);
        }
        self.check_time()?;
        if id.is_empty() || id.len() > MAX_PREPARED_ID_BYTES {
            return Err(Error::InvalidPreparedId {
                bytes: id.len(),
                limit: MAX_PREPARED_ID_BYTES,
            });
        }
        let core = Arc::clone(&self.core);
        let writes = std::mem::take(&mut *self.writes.borrow_mut());
        let prepared_at_ms = core.clock.now_unix_ms();
        let transaction = PreparedTransaction {
            id: Arc::from(id),
            prepared_at_ms,
            expires_at_ms: prepared_at_ms.saturating_add(self.limit_ms),
            next_item_id: core.next_item_id.load(Ordering::Relaxed),
            reads: std::mem::take(&mut *self.reads.borrow_mut()),
            writes: Arc::new(writes),
        };
        let expires_at_ms = transaction.expires_at_ms;
        let payload = record(&transaction)?;
        self.snapshot = None;
        let sequence = core.commit(Request {
            base: self.base,
            reads: Reads::default(),
            writes: Arc::default(),
            kind: Kind::Prepare(Arc::new(transaction)),
            payload: Some(Payload::Bytes(payload)),
        })?;
        core.background.look_at_the_time();
        Ok(Prepared {
            id: id.to_owned(),
            sequence,
            expires_at_ms,
        })
    }
}

fn record(transaction: &PreparedTransaction) -> Result<Vec<u8>> {
    let payload = encode_prepare(transaction);
    if payload.len() > MAX_RECORD_BYTES {
        return Err(Error::TransactionTooLarge {
            bytes: payload.len(),
            limit: MAX_RECORD_BYTES,
        });
    }
    Ok(payload)
}
