//! Pulling. A page is stored while the next one is fetched.

use crate::clock::Learned;
use crate::digest::{Comparison, DifferenceState};
use crate::engine::response::{self, Asked, ServerResponse, failure};
use crate::engine::{Command, Engine, Message, Turn, Work};
use crate::pull::Pulled;
use crate::retry::Failure;
use crate::task::{Done, Task};
use crate::wire::Page;

/// The progress of a pull.
#[derive(Debug)]
pub(super) enum Pulling {
    /// A page was requested.
    Fetching { request: u64 },
    /// A page is being stored.
    Storing(Following),
}

/// The next step after the page that is being stored.
#[derive(Debug)]
pub(super) enum Following {
    /// Nothing, because it is the last page.
    Nothing,
    /// The next page was requested.
    Fetching { request: u64 },
    /// The next page has arrived.
    Page(Box<Page>),
    /// The request for the next page has failed, and this step follows, if any.
    Failed(Option<Task>),
}

impl Pulling {
    /// The request in flight.
    pub(super) fn request(&self) -> Option<u64> {
        match self {
            Pulling::Fetching { request } | Pulling::Storing(Following::Fetching { request }) => Some(*request),
            Pulling::Storing(_) => None,
        }
    }

    /// The rest of the pull when its request is cancelled: the page that is being stored.
    pub(super) fn without_request(self) -> Option<Self> {
        match self {
            Pulling::Fetching { .. } => None,
            Pulling::Storing(Following::Fetching { .. } | Following::Page(_)) => Some(Pulling::Storing(Following::Nothing)),
            Pulling::Storing(following) => Some(Pulling::Storing(following)),
        }
    }
}

impl Engine {
    pub(super) fn pull(&mut self, since: Option<String>, turn: &mut Turn) {
        self.wants.pull = false;
        if let Some(request) = self.ask_for_page(since, turn) {
            self.work = Work::Pulling(Pulling::Fetching { request });
        }
    }

    /// Checks that a page that announces more advances the cursor. Otherwise the engine would ask a broken server, or a cache before it,
    /// forever.
    fn check_advances(&self, page: Page) -> Result<Page, String> {
        let is_stuck = page.changes.is_empty() || self.asked_since.as_ref() == Some(&page.next_cursor);
        if page.has_more && is_stuck {
            Err("the page does not advance the cursor; report it to the server's operator".to_owned())
        } else {
            Ok(page)
        }
    }

    fn ask_for_page(&mut self, since: Option<String>, turn: &mut Turn) -> Option<u64> {
        self.asked_since = since.clone();
        self.send(Message::Pull { since, limit: self.page_size.changes() as u64 }, turn)
    }

    /// Handles the response to a request of a pull.
    pub(super) fn pull_responded(&mut self, pulling: Pulling, response: &ServerResponse, turn: &mut Turn) {
        let page = response::page(response, self.contract).and_then(|page| self.check_advances(page));
        match (pulling, page) {
            (Pulling::Fetching { .. }, Ok(page)) => self.store_page(page, turn),
            (Pulling::Storing(_), Ok(page)) => self.work = Work::Pulling(Pulling::Storing(Following::Page(Box::new(page)))),
            (Pulling::Fetching { .. }, Err(message)) => {
                if let Some(task) = self.pull_failed(failure(response), message, turn) {
                    self.store(task, turn);
                }
            }
            (Pulling::Storing(_), Err(message)) => {
                let task = self.pull_failed(failure(response), message, turn);
                self.work = Work::Pulling(Pulling::Storing(Following::Failed(task)));
            }
        }
    }

    /// Stores a page, and requests the next one at the same time.
    fn store_page(&mut self, page: Page, turn: &mut Turn) {
        let request = if page.has_more && self.may_send() { self.ask_for_page(Some(page.next_cursor.clone()), turn) } else { None };
        let following = match request {
            Some(request) => Following::Fetching { request },
            None => {
                self.wants.pull |= page.has_more;
                Following::Nothing
            }
        };
        self.work = Work::Pulling(Pulling::Storing(following));
        turn.commands.push(Command::Persist(Task::Page(page)));
    }

    pub(super) fn page_stored(&mut self, following: Following, done: &Done, turn: &mut Turn) {
        self.page_size.grow();
        if !matches!(following, Following::Failed(_)) {
            self.succeed();
        }
        let Pulled { cloned, learned, .. } = done.pulled;
        if cloned || learned != Learned::Nothing {
            if let Following::Fetching { request } = following {
                turn.commands.push(Command::Cancel { request });
            }
            self.wants.pull = true;
            return match learned {
                _ if cloned => self.store(Task::NewDevice { installation: None }, turn),
                Learned::First => self.store(Task::Restamp, turn),
                _ => self.step_stored(turn.now_ms),
            };
        }
        match following {
            Following::Nothing | Following::Failed(None) => match self.compare(done) {
                Some(task) => self.store(task, turn),
                None => {
                    let meta = &self.snapshot.meta;
                    if matches!(following, Following::Nothing) && !self.wants.pull {
                        self.page_size.complete();
                    }
                    if matches!(following, Following::Nothing) && meta.resync.is_none() && self.snapshot.counts.pending == 0 {
                        self.restarts.reset();
                    }
                    self.step_stored(turn.now_ms);
                }
            },
            Following::Failed(Some(task)) => self.store(task, turn),
            Following::Fetching { request } => self.work = Work::Pulling(Pulling::Fetching { request }),
            Following::Page(page) => self.store_page(*page, turn),
        }
    }

    /// Compares the device with the server's digest after the last page (R27). Returns the durable step to run, if any. A difference counts
    /// when it occurs a second time.
    fn compare(&mut self, done: &Done) -> Option<Task> {
        let agrees = done.snapshot.agrees(done.pulled.digest?)?;
        let (is_new, is_sure) = match self.difference() {
            None | Some(DifferenceState::Settled) => (!agrees, self.difference_suspected),
            Some(DifferenceState::Resyncing) => (true, agrees || self.difference_suspected),
            // The step checks the clock to decide whether to pull everything again.
            Some(DifferenceState::Persistent) => (true, true),
        };
        self.difference_suspected = is_new && !is_sure;
        self.wants.pull |= self.difference_suspected;
        let is_urgent = self.user_is_waiting && !self.difference_suspected;
        self.user_is_waiting &= self.difference_suspected;
        (is_new && is_sure).then_some(Task::Compared(Comparison { agrees, is_urgent }))
    }

    /// Handles a failed pull. Returns the durable step to run, if any.
    fn pull_failed(&mut self, failure: Failure, message: String, turn: &mut Turn) -> Option<Task> {
        self.wants.pull = true;
        if failure == Failure::Narrow && self.page_size.halve(self.page_size.changes()) {
            return None;
        }
        self.request_failed(Asked::Pull, failure, message, turn)
    }
}
