//! The rules of the protocol as switches, so that the simulation can show what each is for. They are on, always, in every build but the
//! simulation's (feature `simulation`), where one at a time can be switched off on the thread at hand.

/// A rule that can be switched off in the simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// R1: only what is accepted gets a revision.
    NumberAcceptedOnly,
    /// R2: where a page is the last, its cursor reaches to the counter read with it and not further.
    CursorOfSnapshot,
    /// R3: a page's rows and its cursor are stored together.
    PageAndCursorTogether,
    /// R4: an edit is pending while its op is unacknowledged; times are not compared.
    DirtyByOp,
    /// R5: an acknowledgement clears only the edit that was sent.
    AcknowledgeBySentOp,
    /// R6: a pulled row is judged against the row as it is when it is written.
    MergeInTransaction,
    /// R7: a refusal for good takes the edit out of the queue.
    BlockRefused,
    /// R7: the cursor passes over the device's own push only if nobody else has pushed.
    EchoOnlyIfAlone,
    /// R8: the same op is a duplicate.
    SameOpIsDuplicate,
    /// R8: edits of one device go by its own count.
    SameDeviceByCount,
    /// R8: an edit of the current version follows it.
    BaseRevFollows,
    /// R8: last write wins in a total order.
    TotalOrder,
    /// R8: the server's verdict on an op is final.
    VerdictIsFinal,
    /// R9: stamps are above every stamp that the device has seen.
    Ratchet,
    /// R9: the stamp of an edit stays above the version that it was made on, even once the server has forgotten that version.
    StampAboveBase,
    /// R9: the server refuses stamps from the future, and the device stamps afresh.
    RefuseFutureStamps,
    /// R10: a cursor from before purged tombstones is refused.
    PurgeWatermarkCheck,
    /// R10: tombstones that a backup may bring back are not purged.
    PurgeAfterBackup,
    /// R11: a cursor of another epoch is refused.
    EpochCheck,
    /// R11: what a restored server has lost is pushed again.
    PushLostAgain,
    /// R11: a resync deletes what it has not seen.
    SweepUnseen,
    /// R13: a refused token changes no record.
    AuthTouchesNothing,
    /// R14: a timer is armed while there is something to do.
    TimerAlwaysArmed,
    /// R15: nothing is sent with another account's token.
    OneAccount,
    /// R16: what cannot be read is set quarantined.
    Quarantine,
    /// R18: what the app ships is beaten by any real edit.
    SeedsAreOldest,
    /// R19: what is known later is not overwritten by what was known before.
    NewestSnapshot,
    /// R20: a device that meets its own id elsewhere becomes another one.
    CloneBecomesNew,
    /// R20: a page that shows this device's id in use elsewhere is not merged before the device has another one.
    CloneBeforeMerge,
    /// R21: a deletion leaves nothing but a tombstone.
    TombstonesAreEmpty,
    /// R24: an edit of a version that was read earlier is not taken for one of the version at hand.
    StaleEditsHaveNoBase,
    /// R28: a call that can go on only when the user acts returns.
    QuestionsAreReported,
}

/// Whether a rule is on: always, outside the simulation.
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

    /// Whether a rule is on, on this thread.
    pub fn on(rule: Rule) -> bool {
        OFF.get() != Some(rule)
    }

    /// Does something on this thread without a rule.
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
        Rule::EchoOnlyIfAlone,
        Rule::SameOpIsDuplicate,
        Rule::SameDeviceByCount,
        Rule::BaseRevFollows,
        Rule::TotalOrder,
        Rule::VerdictIsFinal,
        Rule::Ratchet,
        Rule::StampAboveBase,
        Rule::RefuseFutureStamps,
        Rule::PurgeWatermarkCheck,
        Rule::PurgeAfterBackup,
        Rule::EpochCheck,
        Rule::PushLostAgain,
        Rule::SweepUnseen,
        Rule::AuthTouchesNothing,
        Rule::TimerAlwaysArmed,
        Rule::OneAccount,
        Rule::Quarantine,
        Rule::SeedsAreOldest,
        Rule::NewestSnapshot,
        Rule::CloneBecomesNew,
        Rule::CloneBeforeMerge,
        Rule::TombstonesAreEmpty,
        Rule::StaleEditsHaveNoBase,
        Rule::QuestionsAreReported,
    ];
}
