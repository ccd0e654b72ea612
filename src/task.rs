//! The durable steps of a sync: each is one transaction of the store, planned by pure functions.

use crate::api::{Report, registry};
use crate::clock::ClockAndRng;
use crate::outbox::{self, Pushed};
use crate::pull::{self, Pulled};
use crate::store::{Block, Counts, Key, Loaded, Meta, Refused, RowState, Select, Store, StoreError, Write};
use crate::wire::{Change, Edit, Page, PushResult};

/// One durable step.
#[derive(Clone, Debug)]
pub enum Task {
    /// Take in a page, and move the cursor with it.
    Page(Page),
    /// Take in what became of a push.
    Outcomes {
        /// The edits as they were sent: an edit made since then is not acknowledged (R5).
        sent: Vec<Edit>,
        /// What the server has made of each.
        result: PushResult,
    },
    /// Stamp the waiting edits afresh, because the clock was wrong.
    Restamp,
    /// Become another device, because this one's id is in use elsewhere; with a new installation token, if there is one.
    NewDevice {
        /// The token that the database and the file beside it share from now on.
        installation: Option<uuid::Uuid>,
    },
    /// Begin to pull everything again.
    BeginResync {
        /// The revision that a restored server went back to: what it has lost is pushed again.
        restored_rev: Option<u64>,
        /// The epoch that this was learnt for.
        epoch: Option<String>,
    },
    /// The user's answer to a resync that would delete much.
    AnswerResync(Answer),
    /// Deal with rows that the resync has not seen, some at a time.
    Sweep,
    /// End the resync.
    FinishResync,
    /// Take a single edit out of the queue, which the server will not even read.
    Block {
        /// The edit. A later edit of the record is not blocked.
        edit: Box<Edit>,
        /// Why.
        block: Block,
    },
    /// Put refused edits back into the queue.
    Retry(Vec<Key>),
    /// Give refused edits up.
    Discard(Vec<Key>),
    /// Belong to an account from now on.
    Claim {
        /// The account of the first sign-in. Every record made so far becomes its own (R15).
        account: uuid::Uuid,
    },
    /// Switch sync on or off.
    Enable(bool),
    /// Take in a change that was quarantined, now that this version of the contract can read it (R16).
    Release(Box<Change>),
    /// Remember that everything quarantined was tried with the contract as it is.
    Current,
}

/// What to do with records that the server no longer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Delete them here too.
    Delete,
    /// Push them to the server again.
    PushAgain,
}

/// How many rows a resync deals with in one transaction.
const SWEEP_ROWS: usize = 2_000;

/// What a step has come to.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// Of [`Task::Outcomes`].
    pub pushed: Pushed,
    /// Of [`Task::Page`].
    pub pulled: Pulled,
    /// Rows that a sweep has dealt with.
    pub swept: usize,
    /// The store after the step.
    pub snapshot: Snapshot,
}

/// What the engine needs to know of the store.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// What the device knows of itself and of the server.
    pub meta: Meta,
    /// How much waits, is refused, or is set quarantined.
    pub counts: Counts,
}

impl Snapshot {
    /// Reads it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn of(store: &mut dyn Store) -> Result<Self, StoreError> {
        Ok(Snapshot { meta: store.meta()?, counts: store.counts()? })
    }
}

impl Task {
    /// The step that takes in a change that was quarantined, or nothing if it still cannot be read.
    pub fn reread(raw: &str) -> Option<Task> {
        pull::reread(raw).map(|change| Task::Release(Box::new(change)))
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
            | Task::AnswerResync(_)
            | Task::FinishResync
            | Task::Claim { .. }
            | Task::Enable(_)
            | Task::Current => Select::Keys(Vec::new()),
        }
    }

    /// What is written, from what was loaded.
    ///
    /// # Errors
    /// A stored record is not JSON: the database is damaged.
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
            Task::BeginResync { restored_rev, epoch } => {
                pull::begin_resync(&mut loaded.meta, *restored_rev, epoch.clone());
                Vec::new()
            }
            Task::AnswerResync(answer) => {
                pull::answer_resync(&mut loaded.meta, *answer);
                Vec::new()
            }
            Task::Sweep => {
                done.swept = loaded.rows.len();
                pull::sweep(loaded, clock.now_ms)
            }
            Task::FinishResync => {
                pull::finish_resync(&mut loaded.meta, clock.now_ms);
                Vec::new()
            }
            Task::Block { edit, block } => {
                let rows = loaded.rows.iter().flatten().filter(|row| row.op == edit.op && row.state != RowState::Clean);
                rows.map(|row| Write::Put(outbox::blocked(row, block.clone(), clock.now_ms))).collect()
            }
            Task::Retry(_) => outbox::retry(loaded),
            Task::Discard(_) => outbox::discard(loaded, clock.now_ms),
            Task::Claim { account } => {
                loaded.meta.owner = Some(*account);
                Vec::new()
            }
            Task::Enable(enabled) => {
                loaded.meta.enabled = *enabled;
                Vec::new()
            }
            Task::Release(change) => pull::released(loaded, change, clock.now_ms)?,
            Task::Current => {
                registry::VERSION.clone_into(&mut loaded.meta.contract);
                Vec::new()
            }
        })
    }

    /// Takes the step.
    ///
    /// # Errors
    /// The store cannot be read or written; nothing was changed.
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
