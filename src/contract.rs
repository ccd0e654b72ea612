//! A contract as data: the output of `contractc generate --only contract`, loaded at run time. An engine or a server uses it like the
//! contract of generated code, and validates records in the same way.

mod keywords;
mod read;
mod validate;

use std::sync::OnceLock;

use crate::api::collection::{AnyCollection, Collection, Contract, Index, Reference, Route, Routes, ServerContract};
use crate::api::runtime::http::{Check, Method};
use crate::api::runtime::json::Json;
use crate::api::runtime::rule::Rule;
use crate::api::runtime::schema::parse;
use crate::api::runtime::tape::Tape;
pub use read::LoadError;
use read::{Members, count, damaged, each, flag, kept, list, number, text, texts};
use validate::{Entry, Rules};

/// The supported version of the format.
const FORMAT: u64 = 1;

/// Reads a contract from the text of its `contract.json`. The contract stays in memory as long as the program runs, like a contract of
/// generated code, so read it only once.
///
/// # Errors
/// Returns an error if the text is not a compiled contract, or comes from another version of the compiler.
pub fn load(json: &[u8]) -> Result<&'static ServerContract, LoadError> {
    let tape = parsed(json)?;
    let document = Members::of(tape.root())?;
    let (contract, rules) = read_contract(&document)?;
    let items = document.list("collections")?;
    let routes: Result<Vec<Routes>, LoadError> =
        items.into_iter().zip(contract.collections).map(|(item, collection)| read_routes(Members::of(item)?, collection)).collect();
    Ok(kept(ServerContract {
        grown_in: document.optional_text("grownIn")?,
        routes: routes?.leak(),
        any_collection: read_any(&document.list("anyInRequests")?, rules)?,
        contract,
    }))
}

/// Like [`load`], but reads only the parts that a client needs.
///
/// # Errors
/// Returns the errors of [`load`].
pub fn load_for_client(json: &[u8]) -> Result<&'static Contract, LoadError> {
    let tape = parsed(json)?;
    read_contract(&Members::of(tape.root())?).map(|(contract, _)| contract)
}

/// Parses the text, and checks that it is a contract in this format.
fn parsed(json: &[u8]) -> Result<Tape<'_>, LoadError> {
    let other = |what: String| {
        LoadError::new(format!(
            "it {what}: give the contract.json that `contractc generate --only contract --spec FILE --out FOLDER` writes"
        ))
    };
    let tape = parse(json).map_err(|_| other("is not JSON".to_owned()))?;
    let format = tape.root().get("format").and_then(number).ok_or_else(|| other("is not a compiled contract".to_owned()))?;
    if format.to_u64() != Some(FORMAT) {
        return Err(other(format!("has the format {format} of another version of contractc; expected {FORMAT}")));
    }
    Ok(tape)
}

fn read_contract(document: &Members<'_>) -> Result<(&'static Contract, &'static Rules), LoadError> {
    let rules: &Rules = kept(Rules::read(&document.list("rules")?)?);
    // The collections refer to the contract that lists them.
    let contract: &'static OnceLock<Contract> = kept(OnceLock::new());
    let mut collections: Vec<&'static Collection> = Vec::new();
    for item in document.list("collections")? {
        collections.push(kept(read_collection(Members::of(item)?, contract, rules)?));
    }
    let known = Contract {
        version: document.text("version")?,
        namespace: document.optional_text("namespace")?,
        collections: collections.leak(),
        any_collection: read_any(&document.list("anyInResponses")?, rules)?,
    };
    Ok((contract.get_or_init(|| known), rules))
}

fn read_collection(members: Members<'_>, contract: &'static OnceLock<Contract>, rules: &'static Rules) -> Result<Collection, LoadError> {
    let index = |value: Json<'_>| Some(Index { members: texts(value.get("members")?)?, multi: flag(value.get("multi")?)? });
    let reference = |value: Json<'_>| Some(Reference { path: texts(value.get("path")?)?, collection: text(value.get("collection")?)? });
    let indexes = each(members.get("indexes")?, index);
    let references = each(members.get("references")?, reference);
    Ok(Collection {
        contract,
        path: members.text("path")?,
        schema: members.text("schema")?,
        check: check(members.get("rule")?, rules)?,
        singleton: members.optional_text("singleton")?,
        natural_key: members.optional_text("naturalKey")?,
        parents: members.texts("parents")?,
        indexes: indexes.ok_or_else(|| damaged("an index"))?,
        references: references.ok_or_else(|| damaged("a reference"))?,
        since: u32::try_from(members.count("since")?).map_err(|_| damaged("since"))?,
    })
}

/// The rule with this number.
fn check(value: Json<'_>, rules: &'static Rules) -> Result<Check, LoadError> {
    let number = count(value).filter(|number| *number < rules.len()).ok_or_else(|| damaged("the number of a rule"))?;
    Ok(kept(Rule::Loaded(kept(Entry { rules, number }))))
}

fn read_any(items: &[Json<'_>], rules: &'static Rules) -> Result<&'static [AnyCollection], LoadError> {
    let mut all = Vec::new();
    for item in items {
        let members = Members::of(*item)?;
        all.push(AnyCollection { schema: members.text("schema")?, check: check(members.get("rule")?, rules)? });
    }
    Ok(all.leak())
}

fn read_routes(members: Members<'_>, collection: &'static Collection) -> Result<Routes, LoadError> {
    let route = |name: &str| match members.get(name)? {
        Json::Null => Ok(None),
        value => read_route(value).map(Some).ok_or_else(|| damaged(name)),
    };
    Ok(Routes { collection, feed: route("feed")?, batch: route("batch")?, record: route("record")? })
}

fn read_route(value: Json<'_>) -> Option<Route> {
    let operation = |item: Json<'_>| match list(item)?.as_slice() {
        [method, id] => Some((Method::from_bytes(method.as_str()?.to_ascii_uppercase().as_bytes()).ok()?, text(*id)?)),
        _ => None,
    };
    Some(Route { path: text(value.get("path")?)?, operations: each(value.get("operations")?, operation)? })
}
