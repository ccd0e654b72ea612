//! Passwords: Argon2id, a few at a time, off the threads that serve.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use crate::problem::Failure;

/// How many may wait for their turn, for each that is being hashed. More are sent away.
const WAITING_MAX: usize = 16;

/// Hashes and verifies. Each takes 19 MiB and some 20 ms: this is what bounds both.
pub struct Passwords {
    turns: Arc<Semaphore>,
    at_once: usize,
    waiting: Arc<Semaphore>,
    /// A hash of nothing that anybody knows, for addresses without an account.
    decoy: String,
}

impl Passwords {
    /// # Errors
    /// The machine cannot hash.
    pub fn new() -> Result<Self, argon2::password_hash::Error> {
        let at_once = std::thread::available_parallelism().map_or(1, usize::from);
        let unknown: [u8; 32] = rand::random();
        let decoy = Argon2::default().hash_password(&unknown)?.to_string();
        let waiting = Arc::new(Semaphore::new(at_once * WAITING_MAX));
        Ok(Passwords { turns: Arc::new(Semaphore::new(at_once)), at_once, waiting, decoy })
    }

    /// A new password's hash, in the PHC string format.
    ///
    /// # Errors
    /// Too many passwords wait.
    pub async fn hash(&self, password: String) -> Result<String, Failure> {
        self.run(move || {
            let hash = Argon2::default().hash_password(password.as_bytes());
            hash.map(|hash| hash.to_string()).map_err(|_| Failure::unavailable("the password cannot be hashed"))
        })
        .await?
    }

    /// Whether a password is the one of a hash. Without a hash it is not, and finding out takes as long.
    ///
    /// # Errors
    /// Too many passwords wait.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, Failure> {
        let (known, hash) = (hash.is_some(), hash.unwrap_or_else(|| self.decoy.clone()));
        self.run(move || {
            let matches = PasswordHash::new(&hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
            matches && known
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
        let busy = || Failure::unavailable("too many people are signing in");
        let waiting = Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| busy())?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| busy())?;
        let done = tokio::task::spawn_blocking(move || {
            let _held = (waiting, turn);
            work()
        });
        done.await.map_err(|_| busy())
    }
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passwords").field("at_once", &self.at_once).finish_non_exhaustive()
    }
}
