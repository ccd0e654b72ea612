//! Limits on a shared resource, per holder and for all holders together. The less is left, the less each holder may take, so that greedy
//! holders always leave something for the others.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Each holder may take this fraction (one divided by the number) of what the others leave.
const PART: usize = 8;

/// The amounts taken, by holder.
pub struct Shares<K>(Arc<Inner<K>>);

struct Inner<K> {
    taken: Mutex<Taken<K>>,
    each_max: usize,
    all_max: usize,
}

struct Taken<K> {
    /// Holders with an amount of zero are removed.
    by_holder: HashMap<K, usize>,
    total: usize,
}

/// The reason why nothing could be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhausted {
    /// The holder's limit is reached.
    Share,
    /// The total limit is reached.
    Total,
}

impl<K: Clone + Eq + Hash> Shares<K> {
    /// Each holder may take up to `each_max` and up to an eighth of what the others leave of `all_max`.
    pub fn new(each_max: usize, all_max: usize) -> Self {
        Shares(Arc::new(Inner { taken: Mutex::new(Taken { by_holder: HashMap::new(), total: 0 }), each_max, all_max }))
    }

    /// Takes an amount, which is returned when the result is dropped.
    ///
    /// # Errors
    /// Returns an error if the holder's limit or the total limit would be exceeded.
    pub fn take(&self, holder: K, amount: usize) -> Result<Share<K>, Exhausted> {
        let mut held = Share { shares: Arc::clone(&self.0), holder, amount: 0 };
        held.grow(amount)?;
        Ok(held)
    }
}

impl<K> Inner<K> {
    fn taken(&self) -> MutexGuard<'_, Taken<K>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An amount that a holder has taken.
pub struct Share<K: Clone + Eq + Hash> {
    shares: Arc<Inner<K>>,
    holder: K,
    amount: usize,
}

impl<K: Clone + Eq + Hash> Share<K> {
    /// Increases the amount.
    ///
    /// # Errors
    /// Returns the errors of [`Shares::take`]. Then the holder keeps the previous amount.
    pub fn grow(&mut self, amount: usize) -> Result<(), Exhausted> {
        if amount == 0 {
            return Ok(());
        }
        let mut taken = self.shares.taken();
        let before = taken.by_holder.get(&self.holder).copied().unwrap_or(0);
        let (of_holder, total) = (before.saturating_add(amount), taken.total.saturating_add(amount));
        let left_by_others = self.shares.all_max.saturating_sub(taken.total - before);
        if of_holder > self.shares.each_max {
            return Err(Exhausted::Share);
        }
        if of_holder > left_by_others / PART {
            return Err(Exhausted::Total);
        }
        if of_holder > 0 {
            taken.by_holder.insert(self.holder.clone(), of_holder);
        }
        taken.total = total;
        self.amount += amount;
        Ok(())
    }
}

impl<K: Clone + Eq + Hash> Share<K> {
    /// Returns the part above an amount.
    pub fn shrink_to(&mut self, amount: usize) {
        let more = self.amount.saturating_sub(amount);
        self.amount -= more;
        let mut taken = self.shares.taken();
        taken.total -= more;
        let left = taken.by_holder.get(&self.holder).copied().unwrap_or(0) - more;
        if left == 0 {
            taken.by_holder.remove(&self.holder);
        } else {
            taken.by_holder.insert(self.holder.clone(), left);
        }
    }
}

impl<K: Clone + Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_bounded_and_come_back() {
        let shares = Shares::new(3, 24);
        let mut sam = shares.take("sam", 2).expect("within the share");
        assert_eq!(sam.grow(2), Err(Exhausted::Share));
        sam.grow(1).expect("what was refused was not counted");
        assert_eq!(shares.take("sam", 1).err(), Some(Exhausted::Share));
        let alex = shares.take("alex", 2).expect("another holder has a share of its own");
        assert_eq!(shares.take("alex", 1).err(), Some(Exhausted::Total), "an eighth of what is left");
        drop(sam);
        assert!(shares.take("alex", 1).is_ok());
        drop(alex);
        assert!(shares.0.taken().by_holder.is_empty(), "holders of nothing are forgotten");
    }

    #[test]
    fn however_many_take_as_much_as_they_can_something_is_left() {
        let shares = Shares::new(8 << 20, 128 << 20);
        let mut greedy = Vec::new();
        for holder in 0..40 {
            while let Ok(held) = shares.take(holder, 1 << 14) {
                greedy.push(held);
            }
        }
        assert!(shares.take(1_000, 1 << 16).is_ok(), "{} are taken", shares.0.taken().total);
    }
}
