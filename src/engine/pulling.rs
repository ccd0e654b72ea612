//! Pulling: a page is stored while the next one is fetched.

use crate::cursor::Cursor;
use crate::engine::answer::{self, Answered, failure};
use crate::engine::{Command, Engine, Message, Work};
use crate::retry::Failure;
use crate::task::{Done, Task};
use crate::wire::Page;

#[derive(Debug, Default)]
pub(super) struct Pulling {
    /// The request under way.
    pub(super) request: Option<u64>,
    /// Whether a page is being stored.
    pub(super) storing: bool,
    /// A page that waits for the one before it.
    pub(super) page: Option<Box<Page>>,
    /// A step to take when the page is stored, in place of pulling on.
    then: Option<Task>,
    /// Whether the request for the next page has failed.
    pub(super) failed: bool,
    /// The epoch about which the server is being asked: what it has lost, for a device that knows the epoch before.
    pub(super) asking_about: Option<String>,
}

impl Engine {
    pub(super) fn pull(&mut self, since: Option<String>, commands: &mut Vec<Command>) {
        self.wants.pull = false;
        let request = self.send(Message::Pull { since, limit: self.settings.page_changes_max }, commands);
        self.work = Work::Pulling(Pulling { request, ..Pulling::default() });
    }

    /// Takes a page that has come: stores it, and asks for the next one meanwhile.
    pub(super) fn paged(&mut self, mut pulling: Pulling, page: Page, commands: &mut Vec<Command>) {
        pulling.request = None;
        if let Some(epoch) = self.unknown_epoch(&page) {
            let since = self.snapshot.meta.cursor.clone();
            pulling.request = self.send(Message::Pull { since, limit: 1 }, commands);
            pulling.asking_about = Some(epoch);
        } else if pulling.storing {
            pulling.page = Some(Box::new(page));
        } else {
            self.store_page(&mut pulling, page, commands);
        }
        self.work = Work::Pulling(pulling);
    }

    /// The epoch of a resync's first page, if the server must be asked what it has lost before the page can be merged.
    fn unknown_epoch(&self, page: &Page) -> Option<String> {
        let epoch = |text: &str| text.parse::<Cursor>().ok().map(|cursor| cursor.epoch);
        let meta = &self.snapshot.meta;
        let (resync, known) = (meta.resync.as_ref()?, epoch(meta.cursor.as_deref()?)?);
        epoch(&page.next_cursor).filter(|epoch| !resync.is_known(epoch, &known))
    }

    /// Takes in what the server has said of the cursor from before: from where on it has lost what this device knows.
    pub(super) fn told_about_epoch(&mut self, mut pulling: Pulling, answer: &Answered, now: i64, jitter: u64, commands: &mut Vec<Command>) {
        let epoch = pulling.asking_about.take();
        match (answer::page(answer), failure(answer)) {
            (Ok(_), _) => self.store(Task::BeginResync { restored_rev: None, epoch: None }, commands),
            (Err(_), Failure::Gone { restored_rev }) => self.store(Task::BeginResync { restored_rev, epoch }, commands),
            (Err(message), failure) => self.pull_failed(pulling, failure, message, now, jitter, commands),
        }
    }

    fn store_page(&mut self, pulling: &mut Pulling, page: Page, commands: &mut Vec<Command>) {
        pulling.storing = true;
        if page.has_more && self.may_send() {
            let message = Message::Pull { since: Some(page.next_cursor.clone()), limit: self.settings.page_changes_max };
            pulling.request = self.send(message, commands);
        } else {
            self.wants.pull |= page.has_more;
        }
        commands.push(Command::Persist(Task::Page(page)));
    }

    pub(super) fn page_stored(&mut self, mut pulling: Pulling, done: &Done, now: i64, commands: &mut Vec<Command>) {
        pulling.storing = false;
        if !pulling.failed {
            self.succeed();
        }
        if done.pulled.cloned {
            pulling.then = Some(Task::NewDevice { installation: None });
        }
        if let Some(task) = pulling.then.take() {
            if let Some(request) = pulling.request.take() {
                commands.push(Command::Cancel { request });
            }
            self.wants.pull = true;
            return self.store(task, commands);
        }
        if let Some(page) = pulling.page.take() {
            self.store_page(&mut pulling, *page, commands);
            self.work = Work::Pulling(pulling);
        } else if pulling.request.is_some() {
            self.work = Work::Pulling(pulling);
        } else {
            self.step_stored(now);
        }
    }

    pub(super) fn pull_failed(
        &mut self,
        mut pulling: Pulling,
        failure: Failure,
        message: String,
        now: i64,
        jitter: u64,
        commands: &mut Vec<Command>,
    ) {
        pulling.request = None;
        let storing = pulling.storing;
        let task = self.request_failed(failure, message, now, jitter, commands);
        self.wants.pull = true;
        if storing {
            pulling.then = task;
            pulling.failed = true;
            self.work = Work::Pulling(pulling);
        } else if let Some(task) = task {
            self.store(task, commands);
        }
    }
}
