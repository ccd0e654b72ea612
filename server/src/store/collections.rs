//! The collections of the data. A server with another contract would reject the edits of devices permanently, and store records that the
//! right contract does not know. It therefore does not start.

use stronglog_sync::api::collection::Contract;

use super::StoreError;

/// The collections of a contract.
#[derive(Clone, Debug)]
pub struct Collections(Vec<&'static str>);

impl Collections {
    /// The collections of a contract.
    pub fn of(contract: &Contract) -> Self {
        let mut paths: Vec<_> = contract.collections.iter().map(|collection| collection.path).collect();
        paths.sort_unstable();
        Collections(paths)
    }

    /// Their paths, sorted.
    pub fn paths(&self) -> &[&'static str] {
        &self.0
    }

    /// The text in which the database stores them.
    pub fn text(&self) -> String {
        self.0.join(",")
    }

    /// Whether these include all collections that the database has recorded. A database without a record is older than this feature.
    pub fn include(&self, remembered: Option<&str>) -> bool {
        remembered.is_some_and(|text| text.split(',').filter(|path| !path.is_empty()).all(|path| self.0.contains(&path)))
    }
}

/// The data has records of a collection that the contract does not have.
pub fn unknown(collection: &str) -> StoreError {
    StoreError::new(format!(
        "the data has records of the collection {collection}, which this server's contract does not have; give the contract of the data \
         with --contract, or update this program"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contract_that_has_grown_includes_what_is_remembered() {
        let ours = Collections(vec!["items", "lists"]);
        for (remembered, is_included) in
            [(Some("items"), true), (Some("items,lists"), true), (Some(""), true), (Some("notes"), false), (None, false)]
        {
            assert_eq!(ours.include(remembered), is_included, "{remembered:?}");
        }
        assert!(ours.include(Some(&ours.text())));
    }
}
