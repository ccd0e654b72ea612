//! Password hashing: Argon2id on a few dedicated threads, each with one reused buffer, behind a bounded queue.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::oneshot;
use unicode_normalization::UnicodeNormalization;

use crate::problem::Failure;

/// The maximum number of threads. At most half of the processors are used, so that sign-ins leave room for other requests.
const THREADS_MAX: usize = 4;
/// The maximum number of queued passwords per thread, which is less than a second of work. Further requests get 503.
const WAITING_MAX: usize = 32;

/// A job. It receives the buffer of the thread that runs it.
type Job = Box<dyn FnOnce(&mut Vec<Block>) + Send>;

/// Hashes and verifies passwords. Each operation takes 19 MiB and about 20 ms; the number of threads bounds both. The threads end when this
/// is dropped.
pub struct Passwords {
    queue: SyncSender<Job>,
    /// The hash of a random password, verified for email addresses without an account so that timing does not reveal them.
    decoy: String,
}

impl Passwords {
    /// Starts the threads.
    ///
    /// # Errors
    /// Returns an error if a thread cannot be started, or the hash cannot be computed.
    pub fn new() -> std::io::Result<Self> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).div_ceil(2).min(THREADS_MAX);
        let (queue, jobs) = sync_channel(threads * WAITING_MAX);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..threads {
            let jobs = Arc::clone(&jobs);
            std::thread::Builder::new().name("passwords".to_owned()).spawn(move || work(&jobs))?;
        }
        let unknown: [u8; 32] = rand::random();
        let decoy = hash(&mut Vec::new(), &unknown)
            .ok_or_else(|| std::io::Error::other("Argon2id rejected its parameters; this is a bug, please report it"))?;
        Ok(Passwords { queue, decoy })
    }

    /// Hashes a new password, in the PHC string format.
    ///
    /// # Errors
    /// Returns an error if the queue is full.
    pub async fn hash(&self, password: String) -> Result<String, Failure> {
        let hash = self.run(move |memory| hash(memory, normal(&password).as_bytes())).await?;
        hash.ok_or_else(|| Failure::unavailable("the server cannot hash the password; this is a bug, please report it"))
    }

    /// Compares a password with a hash. Without a hash the password is wrong, after the same time.
    ///
    /// # Errors
    /// Returns an error if the queue is full.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<PasswordMatch, Failure> {
        let (known, hash) = (hash.is_some(), hash.unwrap_or_else(|| self.decoy.clone()));
        let matched = move |memory: &mut Vec<Block>| {
            let normal = normal(&password);
            match () {
                () if matches(memory, normal.as_bytes(), &hash).unwrap_or(false) => PasswordMatch::Right,
                () if normal != password && matches(memory, password.as_bytes(), &hash).unwrap_or(false) => PasswordMatch::RightAsTyped,
                () => PasswordMatch::Wrong,
            }
        };
        let matched = self.run(matched).await?;
        Ok(if known { matched } else { PasswordMatch::Wrong })
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static) -> Result<T, Failure> {
        let busy = || Failure::unavailable("too many sign-ins are waiting; try again in a moment");
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |memory| {
            // Skip the work if the client has disconnected.
            if !sender.is_closed() {
                let _ = sender.send(work(memory));
            }
        });
        self.queue.try_send(job).map_err(|_| busy())?;
        receiver.await.map_err(|_| busy())
    }
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passwords").finish_non_exhaustive()
    }
}

/// The password in the form that is hashed. Depending on the device's keyboard and system, the same text may reach the server in several
/// forms, so it is normalized according to NIST SP 800-63B (NFKC).
fn normal(password: &str) -> String {
    password.nfkc().collect()
}

/// The result of comparing a password with a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordMatch {
    Right,
    /// The hash is of the text as typed, from before passwords were normalized.
    RightAsTyped,
    Wrong,
}

/// Runs jobs until the queue is closed.
fn work(jobs: &Mutex<Receiver<Job>>) {
    // Reused between jobs: the allocator does not return memory that is freed and allocated at this rate.
    let mut memory = Vec::new();
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        job(&mut memory);
    }
}

/// Hashes a password on this thread, in the PHC string format. For commands, which hash only one.
pub fn hash_now(password: &str) -> Option<String> {
    hash(&mut Vec::new(), normal(password).as_bytes())
}

fn hash(memory: &mut Vec<Block>, password: &[u8]) -> Option<String> {
    let (algorithm, version, params) = (Algorithm::default(), Version::default(), Params::default());
    let salt = Salt::new(&rand::random::<[u8; 16]>()).ok()?;
    let output = derive(memory, &Argon2::new(algorithm, version, params.clone()), password, &salt)?;
    let params = ParamsString::try_from(&params).ok()?;
    let hash = PasswordHash { algorithm: algorithm.ident(), version: Some(version.into()), params, salt: Some(salt), hash: Some(output) };
    Some(hash.to_string())
}

/// Returns whether a password matches a hash, or `None` if the hash cannot be parsed.
fn matches(memory: &mut Vec<Block>, password: &[u8], hash: &str) -> Option<bool> {
    let hash = PasswordHash::new(hash).ok()?;
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
    let version = hash.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
    let argon2 = Argon2::new(algorithm, version, Params::try_from(&hash).ok()?);
    let output = derive(memory, &argon2, password, hash.salt.as_ref()?)?;
    // The comparison takes constant time.
    Some(output == hash.hash?)
}

fn derive(memory: &mut Vec<Block>, argon2: &Argon2<'_>, password: &[u8], salt: &[u8]) -> Option<Output> {
    let params = argon2.params();
    memory.resize(params.block_count().max(memory.len()), Block::new());
    let mut buffer = [0; Output::MAX_LENGTH];
    let out = buffer.get_mut(..params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN))?;
    argon2.hash_password_into_with_memory(password, salt, out, memory.as_mut_slice()).ok()?;
    Output::new(out).ok()
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_hash_is_verified_with_the_parameters_that_it_was_made_with() {
        let mut memory = Vec::new();
        let made = hash(&mut memory, b"correct horse").expect("a hash");
        assert!(made.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{made}");
        // The previous job leaves a buffer of 19 MiB, and this hash needs 64 KiB.
        let older = "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$2/lZmA5tC9Mm3TnUzi9PLvvcGZ+Bw1u6xVVYcJG6U3g";
        assert_eq!(matches(&mut memory, b"correct horse", &made), Some(true));
        assert_eq!(matches(&mut memory, b"battery staple", &made), Some(false));
        assert_eq!(matches(&mut memory, b"correct horse", older), Some(false));
        assert_eq!(matches(&mut memory, b"correct horse", "none"), None);
    }

    #[tokio::test]
    async fn more_than_can_wait_are_sent_away() {
        let (queue, jobs) = sync_channel(1);
        let passwords = Passwords { queue, decoy: String::new() };
        let mut first = std::pin::pin!(passwords.verify("one".to_owned(), None));
        assert!(first.as_mut().now_or_never().is_none(), "it waits");
        assert!(passwords.verify("two".to_owned(), None).await.is_err(), "there is no room for another");
        std::thread::spawn(move || work(&Mutex::new(jobs)));
        assert_eq!(first.await.expect("its turn"), PasswordMatch::Wrong);
    }

    #[tokio::test]
    async fn a_password_is_the_same_in_every_form_that_keyboards_give_it() {
        let passwords = Passwords::new().expect("threads");
        let (composed, decomposed) = ("pässwörd straße", "pa\u{308}sswo\u{308}rd straße");
        let made = passwords.hash(decomposed.to_owned()).await.expect("a hash");
        let verify = |password: &str, hash: &str| passwords.verify(password.to_owned(), Some(hash.to_owned()));
        for form in [composed, decomposed, "pässwörd\u{a0}straße"] {
            assert_eq!(verify(form, &made).await.expect("a result"), PasswordMatch::Right, "{form}");
        }
        assert_eq!(verify("passwort strasse", &made).await.expect("a result"), PasswordMatch::Wrong);
        let earlier = hash(&mut Vec::new(), decomposed.as_bytes()).expect("a hash");
        assert_eq!(verify(decomposed, &earlier).await.expect("a result"), PasswordMatch::RightAsTyped);
        assert_eq!(verify(composed, &earlier).await.expect("a result"), PasswordMatch::Wrong, "nobody knows how it was typed");
    }
}
