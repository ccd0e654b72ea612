//! Keeps selected operations of a contract, and the schemas that they need.

use std::collections::BTreeSet;

use super::{Contract, Direction, Operation, SchemaId};

/// A selected operation or tag that the contract does not have.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotFound {
    /// `operation` or `tag`.
    pub kind: &'static str,
    /// The name that was asked for.
    pub name: String,
    /// The most similar name that exists.
    pub similar: Option<String>,
}

impl std::fmt::Display for NotFound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "unknown {} `{}`", self.kind, self.name)?;
        self.similar.as_ref().map_or(Ok(()), |similar| write!(f, "; did you mean `{similar}`?"))
    }
}

impl std::error::Error for NotFound {}

impl Contract {
    /// Keeps the operations with the given ids and those with the given tags. A named schema stays if one of them or a collection needs it.
    ///
    /// # Errors
    /// Returns the first id or tag that no operation has. The contract is then unchanged.
    pub fn keep_operations(&mut self, ids: &[String], tags: &[String]) -> Result<(), NotFound> {
        find_all("operation", ids, self.operations.iter().map(|operation| operation.id.as_str()).collect())?;
        find_all("tag", tags, self.operations.iter().filter_map(|operation| operation.tag.as_deref()).collect())?;
        self.keep(ids, tags);
        Ok(())
    }

    /// Keeps the operations that transfer records of any collection, and the schemas that they or a collection need.
    pub fn keep_records(&mut self) {
        let moves =
            |operation: &Operation| self.reached(operation.schemas().collect()).iter().any(|id| self.schema(*id).any_collection.is_some());
        let ids: Vec<String> = self.operations.iter().filter(|operation| moves(operation)).map(|operation| operation.id.clone()).collect();
        self.keep(&ids, &[]);
    }

    fn keep(&mut self, ids: &[String], tags: &[String]) {
        let is_chosen = |operation: &Operation| ids.contains(&operation.id) || operation.tag.as_ref().is_some_and(|tag| tags.contains(tag));
        self.operations.retain(is_chosen);
        let needed = self.needed_schemas();
        self.names.retain(|(_, id)| needed.contains(id));
        let used: BTreeSet<&str> = self.operations.iter().filter_map(|operation| operation.tag.as_deref()).collect();
        self.tags.retain(|tag| used.contains(tag.name.as_str()));
    }

    /// All schemas that operations and collections reach.
    fn needed_schemas(&self) -> BTreeSet<SchemaId> {
        let collections = self.collections.iter().map(|collection| collection.schema);
        self.reached(collections.chain(self.operations.iter().flat_map(Operation::schemas)).collect())
    }

    /// The schemas with `x-any-collection` that bodies of this direction hold, with their names in the document. A view has the name of its
    /// schema: callers pass the direction.
    pub fn any_collection_schemas(&self, direction: Direction) -> BTreeSet<(&str, SchemaId)> {
        let bodies = self.operations.iter().flat_map(|operation| match direction {
            Direction::Request => operation.body.iter().flat_map(|body| &body.media).collect::<Vec<_>>(),
            Direction::Response => operation.responses.iter().flat_map(|response| &response.media).collect(),
        });
        let reached = self.reached(bodies.filter_map(|media| media.schema).collect());
        reached.into_iter().filter_map(|id| Some((self.schema(id).any_collection.as_deref()?, id))).collect()
    }

    fn reached(&self, mut open: Vec<SchemaId>) -> BTreeSet<SchemaId> {
        let mut reached = BTreeSet::new();
        while let Some(id) = open.pop() {
            if reached.insert(id) {
                self.schema(id).clone().each_inner(|_, inner| open.push(*inner));
            }
        }
        reached
    }
}

impl Operation {
    /// The schemas of its parameters, bodies and response headers.
    pub(crate) fn schemas(&self) -> impl Iterator<Item = SchemaId> {
        let parameters = self.parameters.iter().map(|parameter| parameter.schema);
        let bodies = self.body.iter().flat_map(|body| &body.media).chain(self.responses.iter().flat_map(|response| &response.media));
        let headers = self.responses.iter().flat_map(|response| &response.headers).filter_map(|header| header.schema);
        parameters.chain(bodies.filter_map(|media| media.schema)).chain(headers)
    }
}

fn find_all(kind: &'static str, wanted: &[String], known: BTreeSet<&str>) -> Result<(), NotFound> {
    let Some(name) = wanted.iter().find(|name| !known.contains(name.as_str())) else { return Ok(()) };
    let distance = |known: &&&str| strsim::damerau_levenshtein(known, name);
    let similar = known.iter().min_by_key(distance).filter(|known| distance(known) <= 3).map(|known| (*known).to_owned());
    Err(NotFound { kind, name: name.clone(), similar })
}
