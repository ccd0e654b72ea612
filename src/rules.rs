//! The rules of the protocol as switches. Rules are always on, except in the simulation (feature `simulation`), which switches off one rule
//! at a time, on one thread, to show what it prevents.

/// A rule that can be switched off in the simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// R1: only accepted edits get a revision.
    NumberAcceptedOnly,
    /// R2: the cursor of the last page reaches exactly the counter that was read with the page.
    CursorOfSnapshot,
    /// R3: a page's rows and its cursor are stored together.
    PageAndCursorTogether,
    /// R4: an edit is pending while its op is unacknowledged; times are not compared.
    DirtyByOp,
    /// R5: an acknowledgement clears only the edit that was sent.
    AcknowledgeBySentOp,
    /// R6: a pulled change is merged with the row in the transaction that writes it.
    MergeInTransaction,
    /// R7: a permanent rejection removes the edit from the queue.
    BlockRefused,
    /// R7: an outcome counts only for the edit that it names.
    OutcomesAreOfEdits,
    /// R7: the cursor moves past the device's own push only if no other device has pushed.
    EchoOnlyIfAlone,
    /// R8: the same op is a duplicate.
    SameOpIsDuplicate,
    /// R8: edits of one device are ordered by its sequence numbers.
    SameDeviceByCount,
    /// R8: an edit based on the current version replaces it.
    BaseRevFollows,
    /// R8: last write wins in a total order.
    TotalOrder,
    /// R8: the outcome of an op is final.
    OutcomeIsFinal,
    /// R9: stamps are above every stamp that the device has seen.
    Ratchet,
    /// R9: the stamp of an edit stays above its base version, even after the server has lost that version.
    StampAboveBase,
    /// R9: a device does not accept at once a server time that is far from the known one.
    ConfirmTime,
    /// R9: a rejected stamp does not make a device accept such a time at once either.
    ConfirmRejection,
    /// R9: the offset of a device's clock ends when the clock is set back.
    OffsetEndsWithClock,
    /// R9: a device that knows the server's time for the first time corrects the times of its edits so far.
    FirstTimeDatesEdits,
    /// R9: the server rejects stamps from the future, and the device assigns new ones.
    RefuseFutureStamps,
    /// R10: a cursor from before purged tombstones is rejected.
    PurgeWatermarkCheck,
    /// R10: tombstones are not purged while a backup could bring their records back.
    PurgeAfterBackup,
    /// R11: a cursor of another epoch is rejected.
    EpochCheck,
    /// R22: a cursor from a history that the server does not have is rejected.
    CursorProvesHistory,
    /// R22: the checksum of a history covers everything that a pull sends of a version, not only its op.
    CheckCoversVersions,
    /// R22: after a push, the cursor proves what the device learned from the outcomes.
    CursorProvesPushed,
    /// R22: from its first page on, a resync proves which history its server has.
    ResyncProvesHistory,
    /// R11: versions that a restored server has lost are pushed again.
    PushLostAgain,
    /// R11: versions that a resync has seen since the server was restored do not count as lost.
    SeenSinceIsNotLost,
    /// R11: a resync deletes the records that it has not seen.
    SweepUnseen,
    /// R11: a resync does not delete records that cannot have been deleted elsewhere, but pushes them again.
    OnlyDeletedAreSwept,
    /// R11: a device that has seen every deletion that was purged knows that the records it has not seen deleted were not deleted.
    SeenDeletionsAreKnown,
    /// R11: an older version that creates a record again does not replace a newer one of a device.
    RecreationsAreResolved,
    /// R13: a rejected token changes no record.
    AuthTouchesNothing,
    /// R13: the result of a refresh does not affect the tokens of a later sign-in.
    RefreshIsNumbered,
    /// R14: the timer is set while there is something to do.
    TimerAlwaysArmed,
    /// R15: nothing is sent with another account's token.
    OneAccount,
    /// R29: a device ignores responses to another account.
    AnswersAreOfAccount,
    /// R29: if a server names the account of its responses, a device ignores those that name none.
    AnswersNameAccount,
    /// R16: unreadable changes are quarantined.
    Quarantine,
    /// R18: any edit by a user wins over a default record that ships with the app.
    SeedsAreOldest,
    /// R18: an unedited default record keeps its stamp 0, whichever device's copy the server keeps.
    ShippedKeepsStamp,
    /// R19: an older snapshot never replaces a newer one.
    NewestSnapshot,
    /// R20: a device that finds its id in use elsewhere gets a new id.
    CloneBecomesNew,
    /// R20: a page that shows this device's id in use elsewhere is not merged before the device has a new id.
    CloneBeforeMerge,
    /// R21: a deletion leaves only a tombstone.
    TombstonesAreEmpty,
    /// R23: a device that holds a version that lost unseen keeps it in its history.
    LosersAreKept,
    /// R23: a device keeps the versions that its push has replaced unseen.
    ReplacedAreKept,
    /// R23: a device keeps its version of a record that was deleted, purged and created again.
    RecreationIsKept,
    /// R24: an edit of an earlier version is not treated as an edit of the current version.
    StaleEditsHaveNoBase,
    /// R25: an imported record keeps the time of its last edit.
    ImportsKeepStamps,
    /// R25: an import does not replace newer versions.
    ImportsReplaceOlder,
    /// R26: a request under a session that has ended gets no data.
    SessionsEndAtOnce,
    /// R27: a device whose digest differs from the server's pulls everything again.
    DigestsAgree,
    /// R28: a call returns if it cannot continue until the user acts.
    QuestionsAreReported,
}

/// Whether a rule is on. Outside the simulation, it always is.
#[cfg(not(feature = "simulation"))]
#[inline(always)]
pub const fn on(_: Rule) -> bool {
    true
}

#[cfg(feature = "simulation")]
pub use switches::{on, without};

#[cfg(feature = "simulation")]
mod switches {
    use std::cell::Cell;

    use super::Rule;

    thread_local! {
        static OFF: Cell<Option<Rule>> = const { Cell::new(None) };
    }

    /// Whether a rule is on for this thread.
    pub fn on(rule: Rule) -> bool {
        OFF.get() != Some(rule)
    }

    /// Runs `job` on this thread with a rule switched off.
    pub fn without<T>(rule: Option<Rule>, job: impl FnOnce() -> T) -> T {
        OFF.set(rule);
        let result = job();
        OFF.set(None);
        result
    }
}

impl Rule {
    /// Every rule.
    pub const ALL: &[Rule] = &[
        Rule::NumberAcceptedOnly,
        Rule::CursorOfSnapshot,
        Rule::PageAndCursorTogether,
        Rule::DirtyByOp,
        Rule::AcknowledgeBySentOp,
        Rule::MergeInTransaction,
        Rule::BlockRefused,
        Rule::OutcomesAreOfEdits,
        Rule::EchoOnlyIfAlone,
        Rule::SameOpIsDuplicate,
        Rule::SameDeviceByCount,
        Rule::BaseRevFollows,
        Rule::TotalOrder,
        Rule::OutcomeIsFinal,
        Rule::Ratchet,
        Rule::StampAboveBase,
        Rule::ConfirmTime,
        Rule::ConfirmRejection,
        Rule::OffsetEndsWithClock,
        Rule::FirstTimeDatesEdits,
        Rule::RefuseFutureStamps,
        Rule::PurgeWatermarkCheck,
        Rule::PurgeAfterBackup,
        Rule::EpochCheck,
        Rule::CursorProvesHistory,
        Rule::CheckCoversVersions,
        Rule::CursorProvesPushed,
        Rule::ResyncProvesHistory,
        Rule::PushLostAgain,
        Rule::SeenSinceIsNotLost,
        Rule::SweepUnseen,
        Rule::OnlyDeletedAreSwept,
        Rule::SeenDeletionsAreKnown,
        Rule::RecreationsAreResolved,
        Rule::AuthTouchesNothing,
        Rule::RefreshIsNumbered,
        Rule::TimerAlwaysArmed,
        Rule::OneAccount,
        Rule::AnswersAreOfAccount,
        Rule::AnswersNameAccount,
        Rule::Quarantine,
        Rule::SeedsAreOldest,
        Rule::ShippedKeepsStamp,
        Rule::NewestSnapshot,
        Rule::CloneBecomesNew,
        Rule::CloneBeforeMerge,
        Rule::TombstonesAreEmpty,
        Rule::LosersAreKept,
        Rule::ReplacedAreKept,
        Rule::RecreationIsKept,
        Rule::StaleEditsHaveNoBase,
        Rule::ImportsKeepStamps,
        Rule::ImportsReplaceOlder,
        Rule::SessionsEndAtOnce,
        Rule::DigestsAgree,
        Rule::QuestionsAreReported,
    ];
}
