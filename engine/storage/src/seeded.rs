//! Deliberate faults, to see that the tests find them. A tool of the tests of the tests.
//!
//! Without the feature `seeded-faults` every question is answered `false` while compiling, and nothing of
//! this is in the program. With it, the environment variable `SOP_SEEDED_FAULT` names the one fault that
//! this process has. `scripts/seeded-faults` runs the suite once for each and expects it to fail.

/// What is done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The log says that it is durable without a flush.
    SkipLogFlush,
    /// Items that were read are not validated.
    SkipReadValidation,
    /// Items that are written are not validated.
    SkipWriteValidation,
    /// Ranges that were read are not validated.
    IgnoreRanges,
    /// A transaction is not validated against those of its own group.
    IgnoreGroup,
    /// Commits are forgotten while transactions run that have to be checked against them.
    ForgetHistoryTooEarly,
    /// A group is applied in another order than it is in the log.
    ApplyInWrongOrder,
    /// A commit is seen by others before it is durable.
    PublishBeforeDurable,
    /// A failed append is answered as if it had worked.
    AcknowledgeFailedAppend,
    /// Segment files are not flushed before a checkpoint points at them.
    SkipSegmentFlush,
    /// The names of new segment files are not made durable.
    SkipSegmentName,
    /// A whole file is renamed into place without a flush.
    SkipFileFlush,
    /// The log is dropped before the checkpoint that replaces it.
    TruncateLogTooEarly,
    /// Segments are removed although the checkpoint before needs them.
    ReclaimTooEarly,
    /// Segments are removed although a running transaction reads them.
    ReclaimUnderReaders,
    /// A transaction's removals are missing in its counts.
    WrongCount,
    /// Item ids begin anew after a restart.
    ReuseItemIds,
    /// Commits are not validated against prepared transactions.
    IgnorePrepared,
    /// Reads of a prepared transaction are forgotten at a restart.
    ForgetPreparedReads,
    /// A checkpoint leaves prepared transactions out.
    CheckpointWithoutPrepared,
    /// A prepared transaction whose time is over is forgotten without a record of it.
    ExpireWithoutRecord,
}

#[cfg(feature = "seeded-faults")]
pub(crate) fn is(fault: Fault) -> bool {
    use std::sync::OnceLock;
    static CHOSEN: OnceLock<Option<String>> = OnceLock::new();
    let chosen = CHOSEN.get_or_init(|| std::env::var("SOP_SEEDED_FAULT").ok());
    chosen.as_deref() == Some(format!("{fault:?}").as_str())
}

#[cfg(not(feature = "seeded-faults"))]
#[inline]
pub(crate) const fn is(_: Fault) -> bool {
    false
}
