//! The durable steps of a sync. Each is one transaction of the store, planned by pure functions.

use crate::api::Report;
use crate::api::collection::Contract;
use crate::clock::ClockAndRng;
use crate::digest::{Comparison, Digest};
use crate::outbox::{self, Pushed};
use crate::pull::{self, Answer, Pulled};
use crate::rules::{self, Rule};
use crate::store::{Block, Counts, Key, Loaded, Meta, Refused, RowState, Select, Store, StoreError, Write};
use crate::wire::{Change, Edit, Page, PushResult};

/// One durable step.
#[derive(Clone, Debug)]
pub enum Task {
    /// Apply a page, and move the cursor.
    Page(Page),
    /// Apply the result of a push.
    Outcomes {
        /// The edits as they were sent. An edit made since is not acknowledged (R5).
        sent: Vec<Edit>,
        /// The server's result.
        result: PushResult,
    },
    /// Give the pending edits new stamps, because the clock was wrong.
    Restamp,
    /// Give the device a new id, because its id is in use elsewhere.
    NewDevice {
        /// The new installation token that the database shares with the file next to it. `None` keeps the current token.
        installation: Option<uuid::Uuid>,
    },
    /// Start a full resync.
    BeginResync {
        /// The revision that the server was restored to, if it was. Later versions are pushed again.
        restored_rev: Option<u64>,
        /// Where the pull starts: a cursor of the history that the server has now (R22).
        since: Option<String>,
    },
    /// Pull everything once more, because the user has asked for a sync instead of deciding whether a resync may delete records.
    LookAgain,
    /// Apply the user's decision about a resync that would delete many records.
    AnswerResync(Answer),
    /// Process some of the rows that the resync has not seen.
    Sweep,
    /// End the resync.
    FinishResync,
    /// Block an edit that the server rejects without reading it.
    Block {
        /// The edit. A later edit of the record is not blocked.
        edit: Box<Edit>,
        /// The reason.
        block: Block,
    },
    /// Make rejected edits pending again.
    Retry(Vec<Key>),
    /// Discard rejected edits.
    Discard(Vec<Key>),
    /// Record the result of comparing with the server's digest, and pull everything again if the device differs (R27).
    Compared(Comparison),
    /// Begin a sign-in: assign the database to an account, unless it has one. In that case the owner stays, and the snapshot shows it. Two
    /// concurrent sign-ins may both have found no owner (R15).
    Claim {
        /// The account of the first sign-in. It owns every record made so far (R15).
        account: uuid::Uuid,
    },
    /// Switch sync on or off.
    Enable(bool),
    /// Apply a quarantined change that this version of the contract can read (R16).
    Release(Box<Change>),
    /// Record that the quarantined changes were read with this contract, the current one.
    Current(&'static Contract),
}

/// The maximum number of rows that a resync sweeps in one transaction.
const SWEEP_ROWS: usize = 2_000;

/// The result of a step.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// The result of [`Task::Outcomes`].
    pub pushed: Pushed,
    /// The result of [`Task::Page`].
    pub pulled: Pulled,
    /// The number of rows that [`Task::Sweep`] processed.
    pub swept: usize,
    /// The store after the step.
    pub snapshot: Snapshot,
}

/// The part of the store that the engine needs to know.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// The state of the device apart from its records.
    pub meta: Meta,
    /// The numbers of pending edits, rejected edits and quarantined changes.
    pub counts: Counts,
}

impl Snapshot {
    /// Reads the snapshot.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    pub fn of(store: &mut dyn Store) -> Result<Self, StoreError> {
        Ok(Snapshot { meta: store.meta()?, counts: store.counts()? })
    }

    /// Whether the device agrees with the server's digest at the revision up to which it has seen everything. `None` if it cannot compare.
    pub fn agrees(&self, server: Digest) -> Option<bool> {
        let own = self.meta.digest?.with(self.counts.quarantine_digest?);
        rules::on(Rule::DigestsAgree).then_some(own == server)
    }
}

impl Task {
    /// The step that applies a quarantined change. Returns `None` if the change is still unreadable.
    pub fn reread(raw: &str, contract: &'static Contract) -> Option<Task> {
        pull::reread(raw, contract).map(|change| Task::Release(Box::new(change)))
    }

    /// The rows that the step needs.
    pub fn select(&self) -> Select {
        match self {
            Task::Page(page) => Select::Keys(pull::keys(page)),
            Task::Outcomes { sent, .. } => Select::Keys(sent.iter().map(key_of).collect()),
            Task::Block { edit, .. } => Select::Keys(vec![key_of(edit)]),
            Task::Retry(keys) | Task::Discard(keys) => Select::Keys(keys.clone()),
            Task::Release(change) => Select::Keys(vec![Key { collection: change.collection, id: change.record.id }]),
            Task::Restamp | Task::NewDevice { .. } => Select::Unacknowledged,
            Task::Sweep => Select::Unseen { limit: SWEEP_ROWS },
            Task::BeginResync { .. }
            | Task::LookAgain
            | Task::AnswerResync(_)
            | Task::FinishResync
            | Task::Compared(_)
            | Task::Claim { .. }
            | Task::Enable(_)
            | Task::Current(_) => Select::Keys(Vec::new()),
        }
    }

    /// Plans the writes, given the loaded rows.
    ///
    /// # Errors
    /// Returns an error if a stored record is not JSON, which means that the database is damaged.
    pub fn plan(&self, loaded: &mut Loaded, clock: &mut ClockAndRng<'_>, done: &mut Done) -> Result<Vec<Write>, Report> {
        Ok(match self {
            Task::Page(page) => {
                let (writes, pulled) = pull::page(loaded, page, clock)?;
                done.pulled = pulled;
                writes
            }
            Task::Outcomes { sent, result } => {
                let (writes, pushed) = outbox::outcomes(loaded, sent, result, clock)?;
                done.pushed = pushed;
                writes
            }
            Task::Restamp => outbox::restamp(loaded, clock)?,
            Task::NewDevice { installation } => outbox::new_device(loaded, *installation, clock),
            Task::BeginResync { restored_rev, since } => {
                pull::begin_resync(&mut loaded.meta, *restored_rev, since.clone());
                Vec::new()
            }
            Task::LookAgain => {
                pull::look_again(&mut loaded.meta, None);
                Vec::new()
            }
            Task::AnswerResync(answer) => {
                pull::answer_resync(&mut loaded.meta, *answer);
                Vec::new()
            }
            Task::Sweep => {
                done.swept = loaded.entries.len();
                pull::sweep(loaded, clock.now_ms)
            }
            Task::FinishResync => {
                pull::finish_resync(&mut loaded.meta, clock.now_ms);
                Vec::new()
            }
            Task::Compared(comparison) => {
                pull::compared(&mut loaded.meta, *comparison, clock.now_ms);
                Vec::new()
            }
            Task::Block { edit, block } => {
                let rows = loaded.rows().filter(|row| row.op == edit.op && row.state != RowState::Clean);
                rows.map(|row| Write::Put(outbox::blocked(row, block.clone(), clock.now_ms))).collect()
            }
            Task::Retry(_) => outbox::retry(loaded),
            Task::Discard(_) => outbox::discard(loaded, clock.now_ms),
            Task::Claim { account } => {
                loaded.meta.owner.get_or_insert(*account);
                // The server may be another one than before.
                loaded.meta.names_account = false;
                Vec::new()
            }
            Task::Enable(enabled) => {
                loaded.meta.enabled = *enabled;
                Vec::new()
            }
            Task::Release(change) => pull::released(loaded, change, clock.now_ms)?,
            Task::Current(contract) => {
                contract.version.clone_into(&mut loaded.meta.contract);
                Vec::new()
            }
        })
    }

    /// Runs the step.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read or written. In that case nothing is changed.
    pub fn run(&self, store: &mut dyn Store, clock: &mut ClockAndRng<'_>) -> Result<Done, StoreError> {
        let mut done = Done::default();
        let mut damage = None;
        store.update(&self.select(), &mut |loaded| {
            self.plan(loaded, clock, &mut done).map_err(|report| {
                damage = Some(report);
                Refused
            })
        })?;
        if let Some(report) = damage {
            return Err(StoreError::new(format!(
                "cannot change a stored record, which is damaged: {report}; restore the database from a copy"
            )));
        }
        done.snapshot = Snapshot::of(store)?;
        Ok(done)
    }
}

fn key_of(edit: &Edit) -> Key {
    Key { collection: edit.collection, id: edit.record.id }
}
