//! The epochs of a server's data: each restored backup begins an epoch that branches off an older one (R11).

/// An epoch with respect to one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// The epoch's name.
    pub name: String,
    /// The epoch in which the restored backup was made. The first epoch of a user has no parent.
    pub parent: Option<String>,
    /// The user's newest revision in that backup.
    pub rev: u64,
}

/// The revision up to which a device in epoch `from` and a server in epoch `to` have the same history: the lowest branch revision on the
/// path between the two epochs.
///
/// If `from` is unknown, the result is the lowest branch revision among `to` and its ancestors.
pub fn restored_rev(epochs: &[Epoch], from: &str, to: &str) -> u64 {
    let (theirs, ours) = (ancestry(epochs, from), ancestry(epochs, to));
    let shared = |epoch: &Epoch, others: &[&Epoch]| others.iter().any(|other| other.name == epoch.name);
    let way = theirs.iter().filter(|epoch| !shared(epoch, &ours)).chain(ours.iter().filter(|epoch| !shared(epoch, &theirs)));
    way.filter(|epoch| epoch.parent.is_some()).map(|epoch| epoch.rev).min().unwrap_or(0)
}

/// An epoch and all its ancestors.
fn ancestry<'e>(epochs: &'e [Epoch], name: &str) -> Vec<&'e Epoch> {
    let find = |name: &str| epochs.iter().find(|epoch| epoch.name == name);
    let mut line = Vec::new();
    let mut next = find(name);
    while let Some(epoch) = next.filter(|_| line.len() <= epochs.len()) {
        line.push(epoch);
        next = epoch.parent.as_deref().and_then(find);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(name: &str, parent: Option<&str>, rev: u64) -> Epoch {
        Epoch { name: name.to_owned(), parent: parent.map(str::to_owned), rev }
    }

    #[test]
    fn what_two_epochs_share_ends_at_the_lowest_branch_between_them() {
        // a ─50─ b ─60─ c ─70─ e; d branches off a at 40.
        let epochs = [
            epoch("a", None, 0),
            epoch("b", Some("a"), 50),
            epoch("c", Some("b"), 60),
            epoch("d", Some("a"), 40),
            epoch("e", Some("c"), 70),
        ];
        let table = [
            ("a", "b", 50, "a restored once"),
            ("a", "c", 50, "and again: the lower counts"),
            ("b", "c", 60, "what was learnt in between holds longer"),
            ("c", "d", 40, "an older backup than the one before"),
            ("d", "e", 40, "back on the other branch: what d added after 40 is gone, though the backup reaches to 70"),
            ("forgotten", "c", 50, "an epoch that nobody remembers"),
            ("forgotten", "a", 0, "before any restore: everything is pushed again"),
        ];
        for (from, to, expected, why) in table {
            assert_eq!(restored_rev(&epochs, from, to), expected, "{why}");
        }
    }
}
