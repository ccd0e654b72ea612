//! Values that are read at most once a second, however many clients ask for them.

use std::future::Future;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

const READ_EVERY: Duration = Duration::from_secs(1);

/// The newest value. Callers that ask while it is being read wait for it.
pub struct Recent<T>(Mutex<Option<(Instant, T)>>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Recent(Mutex::default())
    }
}

impl<T: Clone> Recent<T> {
    /// The value as of the last second. `read` must end in time, because others wait for it.
    pub async fn get(&self, read: impl Future<Output = T>) -> T {
        let mut newest = self.0.lock().await;
        if let Some((_, value)) = newest.as_ref().filter(|(at, _)| at.elapsed() < READ_EVERY) {
            return value.clone();
        }
        let value = read.await;
        *newest = Some((Instant::now(), value.clone()));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_value_is_read_once_a_second() {
        let recent = Recent::default();
        assert_eq!(recent.get(async { 1 }).await, 1);
        assert_eq!(recent.get(async { 2 }).await, 1);
        tokio::time::advance(READ_EVERY).await;
        assert_eq!(recent.get(async { 3 }).await, 3);
    }
}
