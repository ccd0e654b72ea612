//! Lists of records: the indexes of a contract, and the SQL of a query over an index.

use super::rows::sql_value;
use crate::api::collection::{Collection, Contract, Index};
use crate::store::Query;

/// A query in SQL. It contains the names of the collection, members and index as literals. Otherwise SQLite does not use a partial index
/// and, without statistics, sorts the collection instead. All of these names come from the contract.
pub(super) struct Listing {
    pub(super) sql: String,
    pub(super) parameters: Vec<rusqlite::types::Value>,
}

impl Listing {
    pub(super) fn new(collection: &Collection, index: Option<&Index>, query: &Query) -> Self {
        let members: Vec<String> = match index {
            None => Vec::new(),
            Some(Index { members, multi: true }) => members.iter().map(|_| "item.value".to_owned()).collect(),
            Some(Index { members, multi: false }) => members.iter().map(|member| extract(member)).collect(),
        };
        let join = match index {
            None => String::new(),
            Some(Index { members, multi: true }) => {
                let member = members.first().copied().unwrap_or_default();
                format!("JOIN json_each(records.record, {}) AS item ", json_path(member))
            }
            Some(index) => format!("INDEXED BY {} ", index_name(collection, index)),
        };
        let mut listing =
            Listing { sql: format!("{join}WHERE collection = '{}' AND is_deleted = 0", collection.path), parameters: Vec::new() };
        members.iter().for_each(|member| listing.sql.push_str(&format!(" AND {member} IS NOT NULL")));
        for (member, value) in members.iter().zip(&query.equal) {
            listing.condition(member, "=", value);
        }
        if let Some(member) = members.get(query.equal.len()) {
            query.from.iter().for_each(|value| listing.condition(member, ">=", value));
            query.until.iter().for_each(|value| listing.condition(member, "<", value));
        }
        let direction = if query.descending { "DESC" } else { "ASC" };
        let order: Vec<String> = members.iter().map(String::as_str).chain(["records.id"]).map(|by| format!("{by} {direction}")).collect();
        let limit = query.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        listing.sql.push_str(&format!(" ORDER BY {} LIMIT {limit} OFFSET {}", order.join(", "), query.offset));
        listing
    }

    fn condition(&mut self, member: &str, operator: &str, value: &serde_json::Value) {
        self.parameters.push(sql_value(value));
        self.sql.push_str(&format!(" AND {member} {operator} ?{}", self.parameters.len()));
    }
}

/// The script that creates the indexes of a contract. SQLite cannot index the items of an array, so it omits such indexes.
pub(super) fn indexes(contract: &Contract) -> String {
    let indexes = contract.collections.iter().flat_map(|collection| collection.indexes.iter().map(move |index| (*collection, index)));
    let script = indexes.filter(|(_, index)| !index.multi).map(|(collection, index)| {
        let members: Vec<String> = index.members.iter().map(|member| extract(member)).collect();
        let (name, path) = (index_name(collection, index), collection.path);
        format!("CREATE INDEX {name} ON records ({}) WHERE collection = '{path}' AND is_deleted = 0;\n", members.join(", "))
    });
    script.collect()
}

/// A member of a record as an SQL expression.
fn extract(member: &str) -> String {
    format!("json_extract(record, {})", json_path(member))
}

/// The path of a member in SQL. It is quoted for both JSON and SQL, because names may contain any character.
fn json_path(member: &str) -> String {
    let path = format!("$.\"{}\"", member.replace('"', "\\\""));
    format!("'{}'", path.replace('\'', "''"))
}

/// The name of an index, quoted.
fn index_name(collection: &Collection, index: &Index) -> String {
    format!("\"{}_by_{}\"", collection.path.replace('-', "_"), index.members.join("_").replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::api::CONTRACT;
    use crate::store::sqlite::SqliteStore;

    #[test]
    fn a_list_by_an_index_of_the_contract_walks_along_the_index() {
        let store = SqliteStore::in_memory(Uuid::nil(), &CONTRACT).expect("a database");
        let indexes = CONTRACT.collections.iter().flat_map(|known| known.indexes.iter().map(move |index| (*known, index)));
        for (collection, index) in indexes.filter(|(_, index)| !index.multi) {
            let query = Query { index: index.members.iter().map(|member| (*member).to_owned()).collect(), ..Query::default() };
            let sql = Listing::new(collection, Some(index), &query).sql;
            let mut statement = store.connection.prepare(&format!("EXPLAIN QUERY PLAN SELECT id FROM records {sql}")).expect("a query");
            let steps: Vec<String> = statement.query_map([], |row| row.get(3)).and_then(Iterator::collect).expect("a plan");
            assert!(steps[0].contains(index_name(collection, index).trim_matches('"')), "{steps:?}");
        }
    }
}
